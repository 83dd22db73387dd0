"""`icestream announce`: files are announced once, as a watcher would."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

import click

from icestream_cli.edge import NotMade
from icestream_cli.files import FILES, granules_of
from icestream_cli.given import installed, open_broker, say_logs, settings_of, settings_options
from icestream_cli.output import json_option, note, print_json

BATCH: Final = 100


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=FILES)
@click.option("--backfill", is_flag=True, help="As reprocessing: it never delays new passes.")
@click.option("--timeout", type=float, default=30.0, show_default=True, help="Seconds to wait for the broker.")
@settings_options("amqp_url")
@json_option
def announce(files: tuple[Path, ...], backfill: bool, timeout: float, amqp_url: str | None, as_json: bool) -> None:
    """Announce FILEs to the stream. A FILE may be a directory.

    To announce one again does no harm. Exit code 1 where no registered product reads one of them.
    """
    settings = settings_of(amqp_url=amqp_url)
    say_logs(settings)
    plugins = installed(settings)
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
