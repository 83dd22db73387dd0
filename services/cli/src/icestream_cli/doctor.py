"""`icestream doctor`: looks at everything that the stream stands on, and says what to do about what is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from icestream_cli.edge import NotMade
from icestream_cli.given import say_logs, settings_of, settings_options, waits_for_broker
from icestream_cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from icestream_cli.examine.finding import Finding

STATES: Final = ("ok", "look", "unknown", "wrong")


@click.command()
@waits_for_broker(5.0)
@settings_options("amqp_url", "ledger_url", "out")
@json_option
def doctor(timeout: float, amqp_url: str | None, ledger_url: str | None, out: str | None, as_json: bool) -> None:
    """Look at settings, plugins, broker, ledger, clock and storage, as this user, on this machine.

    Nothing is changed; of what is tried nothing is left but empty directories. Run it where a service runs, with its
    settings. Exit code 1 if something is wrong.
    """
    findings = _findings(timeout, amqp_url, ledger_url, out)
    wrong = [finding for finding in findings if finding.state == "wrong"]
    if as_json:
        print_json({"ok": not wrong, "findings": [asdict(finding) for finding in findings]})
    else:
        print_table(
            ["", "part", "what was found", "what to do"],
            [(each.state, each.part, each.found, each.advice or None) for each in findings],
        )
        counts = Counter(finding.state for finding in findings)
        click.echo(", ".join(f"{counts[state]} {state}" for state in STATES if counts[state]))
    if wrong:
        raise NotMade(f"{len(wrong)} of {len(findings)} findings are wrong")


def _findings(timeout: float, amqp_url: str | None, ledger_url: str | None, out: str | None) -> list[Finding]:
    from icestream_cli.examine.broker import examine_broker
    from icestream_cli.examine.finding import Finding
    from icestream_cli.examine.ledger import examine_ledger
    from icestream_cli.examine.plugins import examine_plugins
    from icestream_cli.examine.storage import examine_storage
    from icestream_core.errors import SettingsError

    try:
        settings = settings_of(amqp_url=amqp_url, ledger_url=ledger_url, out=out)
    except SettingsError as error:
        # Nothing else can be looked at: where, the settings would have said.
        return [Finding("settings", "wrong", str(error), "mend the variables, or icestream.toml")]
    say_logs(settings, in_a_hurry=True)
    findings = [Finding("settings", "ok", "they can be used")]
    if settings.publisher_name == "not stated":
        stated = "the publisher is not stated: files will say so"
        findings.append(Finding("settings", "look", stated, "set ICESTREAM_PUBLISHER_NAME and the others"))
    found, plugins = examine_plugins(settings)
    products = list(plugins.products.values()) if plugins else []
    return [
        *findings,
        *found,
        *examine_broker(settings, products, timeout),
        *examine_ledger(settings, products),
        *examine_storage(settings),
    ]
