"""`icestream announce`: files are announced once, as a watcher would."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from icestream_cli.edge import NotMade
from icestream_cli.files import FILES, granules_of
from icestream_cli.given import installed, open_broker, say_logs, settings_of, settings_options, waits_for_broker
from icestream_cli.output import json_option, note, print_json

if TYPE_CHECKING:
    from icestream_core.granule import Mode
    from icestream_core.plugins import Plugins
    from icestream_runtime.settings import Settings

BATCH: Final = 100


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=FILES)
@click.option("--notice", "kind", metavar="FORMAT", help="The FILEs are notices of producers: cnm, wis2, stac ...")
@click.option("--backfill", is_flag=True, help="As reprocessing: it never delays new passes.")
@waits_for_broker(30.0)
@settings_options("amqp_url")
@json_option
def announce(
    files: tuple[Path, ...], kind: str | None, backfill: bool, timeout: float, amqp_url: str | None, as_json: bool
) -> None:
    """Announce FILEs to the stream. A FILE may be a directory.

    To announce one again does no harm. Exit code 1 where no registered product reads one of them. With --notice, the
    files that the notices name are announced, as `icestream watch` would.
    """
    settings = settings_of(amqp_url=amqp_url)
    say_logs(settings)
    plugins = installed(settings)
    if kind is not None:
        _announce_notices(kind, files, settings, plugins, "reprocessing" if backfill else "forward", as_json)
        return
    from icestream_watcher.announce import message_of

    granules = granules_of(files, plugins, None, "reprocessing" if backfill else "forward")
    unread: set[str] = set()
    with closing(open_broker(settings)) as broker:
        for begin in range(0, len(granules), BATCH):
            messages = [message_of(granule) for granule in granules[begin : begin + BATCH]]
            unread |= {message.message_id for message in broker.publish(messages, timeout)}
    told = [(granule, message_of(granule).message_id not in unread) for granule in granules]
    if as_json:
        print_json(
            [
                {
                    "granule_id": granule.granule_id,
                    "collection": granule.collection,
                    "checksum": granule.checksum,
                    "href": granule.assets[0].href,
                    "taken": taken,
                }
                for granule, taken in told
            ]
        )
    else:
        note(f"{sum(taken for _, taken in told)} of {len(told)} granules are with the broker")
    left = sorted({granule.collection for granule, taken in told if not taken})
    if left:
        raise NotMade(f"no registered product reads {', '.join(left)}; run: icestream register")


def _announce_notices(
    kind: str, files: Sequence[Path], settings: Settings, plugins: Plugins, mode: Mode, as_json: bool
) -> None:
    """Announce what notices name; raises NoticeError for one that cannot be read, before any is announced."""
    from icestream_runtime.metrics import Metrics
    from icestream_watcher.notices.formats import FORMATS, normalise
    from icestream_watcher.notices.seen import Seen
    from icestream_watcher.notices.service import ingest_of

    if kind not in FORMATS:
        raise click.BadParameter(f"no format {kind!r}; there are {', '.join(FORMATS)}", param_hint="--notice")
    bodies = [(path, path.read_bytes()) for path in files]
    for _, body in bodies:
        normalise(kind, body, {})
    with closing(open_broker(settings)) as broker, closing(Seen(":memory:", 1.0)) as seen:
        collections = list(plugins.collections.values())
        ingest = ingest_of(settings, (), broker, collections, Metrics(), seen, mode)
        handled = [(path, ingest.handle(kind, body, {}, threading.Event())) for path, body in bodies]
    if as_json:
        print_json([{"notice": str(path), "fates": each.fates, "problem": each.problem} for path, each in handled])
    else:
        taken = sum(each.fates.count("announced") for _, each in handled)
        note(f"{taken} granules are with the broker")
    problems = [f"{path}: {each.problem}" for path, each in handled if each.problem]
    if problems:
        raise NotMade("\n".join(problems))
