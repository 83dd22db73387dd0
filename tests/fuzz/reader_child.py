"""A child that opens files under limits, one after another: a path a line comes in, a word a line goes out."""

from __future__ import annotations

import resource
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

from icestream_core import plugins
from icestream_core.collection import recognise
from icestream_core.errors import IcestreamError
from icestream_core.granule import Asset, Granule

MEMORY = 6 * 2**30


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    collections = list(plugins.load().collections.values())
    answers = sys.stdout
    # Libraries print what they think of a file; that is no answer.
    sys.stdout = sys.stderr
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        name, _, place = line.rstrip("\n").partition("\t")
        print(opened(Path(place), name, collections), file=answers, flush=True)


def opened(path: Path, name: str, collections: list) -> str:
    found = recognise(name, collections)
    assert found is not None, name
    collection, facts = found
    checksum, now = "sha256:" + "0" * 64, datetime(2026, 1, 1, tzinfo=UTC)
    granule = Granule(
        **facts._asdict(),
        checksum=checksum,
        collection=collection.name,
        sensor=collection.sensor_of(facts.platform),
        assets=(Asset(href=str(path), size=path.stat().st_size, checksum=checksum),),
        published_at=now,
        received_at=now,
    )
    try:
        data = collection.open(path, granule).data
        if hasattr(data, "load"):
            data.load()
    except IcestreamError as error:
        return f"refused {type(error).__name__}"
    except MemoryError:
        return "memory"
    except Exception as error:  # noqa: BLE001 - any other is a finding, and is named
        return f"raised {type(error).__name__}: {str(error).splitlines()[0][:150] if str(error) else ''}"
    return "opened"


if __name__ == "__main__":
    main()
