"""Names: where things lie and what they are called."""

from __future__ import annotations

from core.specimens import DAY, FIRST, granule, product, sha256, slot, tb
from icestream_core import naming
from icestream_core.delivery import ascii_grid, geotiff
from icestream_core.inputs import source
from icestream_core.outcome import Manifest, ManifestFile, Outcome, manifest_checksum
from icestream_core.slot import Slot

TILED = slot(tile="h25v05", variant="cold")
FILES = tuple(
    ManifestFile(name=name, role=role, media_type="a/b", size=1, checksum=sha256(name))
    for name, role in (("a.nc", "data"), ("a.png", "quicklook"))
)


def outcome(of: Slot, **given: object) -> Outcome:
    return Outcome.model_validate(
        {
            "slot": of,
            "version": "1.0.0",
            "token": "t",
            "inputs_hash": "h",
            "status": "made",
            "manifest": Manifest(href="/out/store/x", files=FILES, sensor="ssmis", platform="F17,F18"),
            "finished_at": FIRST,
        }
        | given
    )


def test_a_slot_is_named_by_what_it_is() -> None:
    assert slot().key == "depth.20140201"
    assert TILED.key == "depth.20140201.h25v05.cold"


def test_a_make_lies_in_a_directory_of_its_inputs() -> None:
    assert naming.store_path(slot(), "a" * 64) == f"store/depth/2014/20140201/{'a' * 24}"
    assert naming.store_path(TILED, "b" * 64) == f"store/depth/2014/20140201-h25v05-cold/{'b' * 24}"
    assert naming.staging_path("0f") == "staging/0f"


def test_the_dataset_tree_has_a_folder_a_year() -> None:
    assert naming.dataset_path(slot()) == "datasets/depth/2014"
    assert naming.canonical_filename(TILED) == "depth.20140201.h25v05.cold.nc"
    assert naming.canonical_filename(slot(), ".gpkg") == "depth.20140201.gpkg"


def test_a_delivery_has_the_name_that_its_dataset_promises() -> None:
    delivery = ascii_grid("S39", "{period:%Y%j}.{tile}{variant}.txt", "depth", unit="cm", nodata=-1)
    assert naming.delivery_filename(delivery, TILED) == "2014032.h25v05cold.txt"


def test_a_delivery_calls_a_variant_as_its_dataset_does() -> None:
    delivery = geotiff("S29", "{variant}.tif", "depth", unit="cm", nodata=-1, words={"cold": "am"})
    assert naming.delivery_filename(delivery, TILED) == "am.tif"


def test_backfill_has_a_queue_of_its_own() -> None:
    assert naming.make_queue("depth") == "icestream.make.depth"
    assert naming.make_queue("depth", "reprocessing") == "icestream.make.depth.bulk"


def test_the_intake_is_bound_to_all_that_a_product_reads_observed_or_made() -> None:
    of = product({"tb": tb(), "dem": tb(sources=(source("dem"), source("library-altitude")), role="ancillary")})
    assert naming.binding_keys(of) == ["granule.*.tb", "product.*.tb", "granule.*.dem", "product.*.dem"]
    assert naming.granule_key(granule()) == "granule.ssmis.tb"
    assert naming.granule_key(granule(sensor="")) == "granule.none.tb"
    assert naming.product_key("snow", "depth") == "product.snow.depth"
    assert naming.registration_key("depth") == "register.depth"


def test_a_revision_is_announced_as_a_granule_of_its_product() -> None:
    given = outcome(TILED, mode="reprocessing")
    found = naming.announcement(product(), TILED, given, 3, "provisional", sha256("m"), FIRST + DAY)
    assert (found.granule_id, found.collection, found.tile, found.variant) == (TILED.key, "depth", "h25v05", "cold")
    assert (found.revision, found.stage, found.mode, found.void) == (3, "provisional", "reprocessing", "")
    assert (found.start, found.end, found.published_at) == (TILED.start, TILED.end, FIRST + DAY)
    assert [asset.href for asset in found.assets] == ["/out/store/x/a.nc", "/out/store/x/a.png"]
    assert (found.sensor, found.platform) == ("ssmis", "F17+F18")


def test_a_void_is_announced_with_its_reason_and_without_files() -> None:
    given = outcome(slot(), status="void", manifest=None, reason="polar night")
    found = naming.announcement(product(), slot(), given, 1, "final", sha256("m"), FIRST)
    assert (found.void, found.assets, found.sensor) == ("polar night", (), "none")


def test_all_files_that_a_manifest_may_have_are_announced() -> None:
    (file, *_) = FILES
    many = Manifest(href="/out/store/x", files=tuple(file.model_copy(update={"name": f"{n}.nc"}) for n in range(256)))
    found = naming.announcement(product(), slot(), outcome(slot(), manifest=many), 1, "final", sha256("m"), FIRST)
    assert len(found.assets) == 256


def test_a_reason_that_is_too_long_for_an_announcement_is_cut() -> None:
    given = outcome(slot(), status="void", reason="a thousand tiles and one " * 100, manifest=None)
    found = naming.announcement(product(), slot(), given, 1, "final", sha256("m"), FIRST)
    assert len(found.void) == 1000


def test_a_manifest_has_one_checksum_whatever_the_order_of_its_files() -> None:
    assert manifest_checksum(FILES) == manifest_checksum(FILES[::-1])
    assert manifest_checksum(FILES) != manifest_checksum(FILES[:1])
