"""What a set of parameters that the ledger knows was learned from: the set says it itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icestream_core.granule import Granule
    from icestream_core.plugins import Plugins
    from icestream_runtime.settings import Settings


def learned_from(settings: Settings, plugins: Plugins, granule: Granule) -> str:
    """Return "data", "ledger" or "simulated"; why it is not known where the set cannot be read."""
    from icestream_core.errors import IcestreamError
    from icestream_generation.learned import origin_of
    from icestream_runtime.storage import Storage

    try:
        path = Storage.of(settings).fetch(granule.assets[0], granule.granule_id)
        return origin_of(plugins.collections[granule.collection].open(path, granule).data) or "it does not say what"
    except (IcestreamError, OSError) as error:
        return f"unknown, the set cannot be read ({error})"
