"""What a broker must hold for products that are installed here."""

from __future__ import annotations

from collections.abc import Sequence

from icestream_core import naming
from icestream_core.product import Product
from icestream_runtime.topology import Topology, topology


def topology_of(products: Sequence[Product]) -> Topology:
    """Return the topology that a stream with these products has."""
    keys = [key for product in products for key in naming.binding_keys(product)]
    return topology([product.name for product in products], dict.fromkeys([*naming.INTAKE_KEYS, *keys]))
