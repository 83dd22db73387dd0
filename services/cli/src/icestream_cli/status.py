"""`icestream status`: how the stream does."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import click

from icestream_cli.given import open_broker, open_ledger, say_logs, settings_of, settings_options, waits_for_broker
from icestream_cli.output import json_option, print_json, print_table
from icestream_cli.slots import STATES, plain, print_slots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icestream_runtime.broker import Broker
    from icestream_runtime.settings import Settings

SHOWN: Final = 10
PROBE_SECONDS: Final = 2.0
LISTED: Final = 1000


@click.command()
@waits_for_broker(5.0)
@settings_options("amqp_url", "ledger_url", "out")
@json_option
def status(timeout: float, amqp_url: str | None, ledger_url: str | None, out: str | None, as_json: bool) -> None:
    """Show queues, slots by state and what each waits for, the last products, and what needs somebody's hand.

    Of `icestream run` on its own broker in memory, give the same --out; its queues cannot be seen from outside.
    """
    from icestream_runtime.broker import BrokerUnavailable

    settings = settings_of(amqp_url=amqp_url, ledger_url=ledger_url, out=out)
    say_logs(settings, in_a_hurry=True)
    with closing(open_ledger(settings)) as ledger:
        counts = ledger.counts()
        waiting = ledger.slots(state="waiting", limit=LISTED)
        dead = ledger.slots(state="dead", limit=LISTED)
        recent = ledger.recent(SHOWN)
        quarantined, letters = ledger.unusable()
        products = [record["name"] for record in ledger.records()]
    alarm, queues, away = None, None, None
    try:
        if settings.amqp_url is not None:
            alarm, queues = _broker(settings, products, timeout)
    except BrokerUnavailable as error:
        # What the ledger knows is worth the more then; the exit code is that of a broker that is away.
        away = error
    if as_json:
        print_json(
            {
                "alarm": alarm,
                "queues": queues,
                "away": str(away) if away else None,
                "slots": counts,
                "waiting": [plain(row) for row in waiting],
                "dead": [plain(row) for row in dead],
                "recent": recent,
                "quarantined": quarantined,
                "letters": letters,
            }
        )
        if away:
            raise away
        return
    if alarm:
        click.secho(f"the broker takes nothing that is published, and nothing is lost: {alarm}", fg="red", bold=True)
    if away:
        click.echo("the queues cannot be seen: the broker is away")
    elif queues is None:
        click.echo("no broker is set: the queues of `icestream run` are in its memory")
    else:
        print_table(
            ["queue", "waiting", "consumers"],
            [
                (name, found["ready"], found["consumers"])
                if found
                else (name, "missing: icestream topology apply", None)
                for name, found in queues.items()
            ],
        )
    print_table(
        ["product", *STATES],
        [(name, *(states.get(state) for state in STATES)) for name, states in sorted(counts.items())],
    )
    if waiting:
        click.echo(f"waiting{_of(counts, 'waiting')}:")
        print_slots(waiting[:SHOWN])
    if recent:
        click.echo("last products:")
        print_table(
            ["slot", "revision", "stage", "outcome", "at", "where, or why"],
            [_last(make) for make in recent],
        )
    if dead:
        click.echo(f"dead{_of(counts, 'dead')}; try again with icestream slots redrive --dead:")
        print_slots(dead[:SHOWN])
    if quarantined:
        click.echo(f"{quarantined} granules are quarantined: icestream granules list --quarantined")
    if letters:
        click.echo(f"{letters} messages could not be read: icestream letters list")
    if away:
        raise away


def _broker(
    settings: Settings, products: Sequence[str], timeout: float
) -> tuple[str | None, dict[str, dict[str, int] | None]]:
    """Return why the broker holds back publishers, None where it does not, and how full the queues are."""
    from icestream_core import naming
    from icestream_runtime.broker import QueueMissing

    makes = [naming.make_queue(product, mode) for product in products for mode in naming.MODES]
    found: dict[str, dict[str, int] | None] = {}
    with closing(open_broker(settings)) as broker:
        for queue in (naming.INTAKE, naming.OUTCOMES, naming.DEAD, *makes):
            try:
                depth = broker.depth(queue, timeout)
                found[queue] = {"ready": depth.ready, "consumers": depth.consumers}
            except QueueMissing:
                found[queue] = None
        return _alarm(broker, min(timeout, PROBE_SECONDS)), found


def _alarm(broker: Broker, timeout: float) -> str | None:
    """Return what the broker is short of, and therefore takes nothing; None where it takes what is published."""
    from icestream_cli.examine.broker import probe
    from icestream_runtime.broker import BrokerRefused, BrokerUnavailable, PublishNotConfirmed, TopologyMismatch

    try:
        probe(broker, timeout)
    except (BrokerUnavailable, PublishNotConfirmed) as error:
        return str(error)
    except (BrokerRefused, TopologyMismatch):
        # A user who may not publish is not told either.
        return None
    return None


def _last(make: dict[str, Any]) -> tuple[object, ...]:
    where = make["manifest"]["href"] if make["manifest"] else make["reason"]
    return make["slot"], make["revision"], make["stage"], make["outcome"], make["finalised_at"], where


def _of(counts: Mapping[str, Mapping[str, int]], state: str) -> str:
    count = sum(states.get(state, 0) for states in counts.values())
    return f", {SHOWN} of {count}" if count > SHOWN else ""
