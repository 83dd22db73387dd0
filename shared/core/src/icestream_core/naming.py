"""Names: queues, routing keys, granules of products, places in the store and in the dataset tree."""

from __future__ import annotations

from datetime import datetime

from icestream_core.delivery import Delivery
from icestream_core.granule import LONGEST_VOID, Asset, Granule, Mode
from icestream_core.outcome import Outcome
from icestream_core.product import Product
from icestream_core.slot import Slot, Stage

EXCHANGE = "icestream"
INTAKE = "icestream.intake"
OUTCOMES = "icestream.outcomes"
DEAD = "icestream.dead"
CATALOGUE = "icestream.catalogue"
SOURCE_FORMAT = "icestream"
"""What the granules of our own products say of where they come from."""
MODES: tuple[Mode, ...] = ("forward", "reprocessing")


def make_queue(product: str, mode: Mode = "forward") -> str:
    """Return the queue of a product's tasks; reprocessing has one of its own, so that it never delays new passes."""
    return f"icestream.make.{product}" + (".bulk" if mode == "reprocessing" else "")


def granule_key(granule: Granule) -> str:
    """Return the routing key of an observed granule."""
    return f"granule.{granule.sensor or 'none'}.{granule.collection}"


def product_key(family: str, product: str) -> str:
    """Return the routing key of an announcement."""
    return f"product.{family}.{product}"


def registration_key(product: str) -> str:
    """Return the routing key of a product's record."""
    return f"register.{product}"


def letter_key(source: str) -> str:
    """Return the routing key of something from outside that nobody can read or use."""
    return f"letter.{source}"


INTAKE_KEYS = (registration_key("*"), letter_key("*"))
"""What the intake hears before any product is registered."""


def binding_keys(product: Product) -> list[str]:
    """Return the routing keys by which the intake hears of everything that a product reads."""
    keys = []
    for collection in product.collections_read:
        keys += [f"granule.*.{collection}", f"product.*.{collection}"]
    return keys


def store_path(slot: Slot, inputs_hash: str) -> str:
    """Return the immutable directory of a make, relative to the output root."""
    where = "-".join(word for word in (slot.period, slot.tile, slot.variant) if word)
    return f"store/{slot.product}/{slot.start:%Y}/{where}/{inputs_hash[:24]}"


def staging_path(token: str) -> str:
    """Return the directory in which a worker writes before it publishes, relative to the output root."""
    return f"staging/{token}"


def dataset_path(slot: Slot) -> str:
    """Return the folder of the dataset tree that holds a slot's current revision, relative to the output root."""
    return f"datasets/{slot.product}/{slot.start:%Y}"


def canonical_filename(slot: Slot, suffix: str = ".nc") -> str:
    """Return the name of a slot's master file."""
    return f"{slot.key}{suffix}"


def delivery_filename(delivery: Delivery, slot: Slot) -> str:
    """Return the file name that a dataset promises for a slot."""
    variant = delivery.words.get(slot.variant, slot.variant)
    return delivery.filename.format(period=slot.start, tile=slot.tile, variant=variant)


def announcement(
    product: Product, slot: Slot, outcome: Outcome, revision: int, stage: Stage, checksum: str, at: datetime
) -> Granule:
    """Return the granule of the collection `<product>` that a finalised outcome is announced as."""
    manifest = outcome.manifest
    assets = (
        tuple(
            Asset(
                href=f"{manifest.href}/{file.name}",
                size=file.size,
                checksum=file.checksum,
                role=file.role,
                media_type=file.media_type,
            )
            for file in manifest.files
        )
        if manifest
        else ()
    )
    return Granule(
        granule_id=slot.key,
        checksum=checksum,
        collection=product.name,
        sensor=_one_word(manifest.sensor if manifest else "") or "none",
        platform=_one_word(manifest.platform if manifest else ""),
        tile=slot.tile,
        variant=slot.variant,
        start=slot.start,
        end=slot.end,
        footprint=manifest.footprint if manifest else None,
        assets=assets,
        published_at=at,
        received_at=at,
        mode=outcome.mode,
        revision=revision,
        stage=stage,
        void=outcome.reason[:LONGEST_VOID] if outcome.status == "void" else "",
        source_format=SOURCE_FORMAT,
        traceparent=outcome.traceparent,
    )


def _one_word(names: str) -> str:
    """Return several names, with commas between, as the one word that a granule and a routing key take."""
    return "+".join(name.strip() for name in names.split(","))[:64]
