from __future__ import annotations

from datetime import UTC, datetime

from icestream_core import naming
from icestream_core.outcome import Manifest, ManifestFile, Outcome
from icestream_core.plugins import load
from icestream_core.slot import Slot

MORNING = datetime(2024, 1, 2, 6, tzinfo=UTC)


def test_a_product_of_several_sensors_is_announced_as_one_word() -> None:
    product = load().product("snow-depth-china")
    file = ManifestFile(name="a.nc", role="data", media_type="application/x-netcdf", size=1, checksum="sha256:00")
    manifest = Manifest(href="/out/a", files=(file,), sensor="modis, ssmis", platform="F17, Terra, Aqua")
    slot = Slot(product=product.name, period="20240101", start=datetime(2024, 1, 1, tzinfo=UTC), end=MORNING)
    outcome = Outcome(
        slot=slot,
        version="1.0.0",
        token="ab",
        inputs_hash="cd",
        status="made",
        manifest=manifest,
        finished_at=MORNING,
    )
    granule = naming.announcement(product, slot, outcome, 1, "final", manifest.checksum, MORNING)
    assert (granule.sensor, granule.platform) == ("modis+ssmis", "F17+Terra+Aqua")
    assert naming.granule_key(granule) == "granule.modis+ssmis.snow-depth-china"
