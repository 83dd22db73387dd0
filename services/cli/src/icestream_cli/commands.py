"""The commands, as data: their help is known without importing them, so that `icestream --help` is quick."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import click


class Entry(NamedTuple):
    """Where a command is, and its one line of help.

    place : "module:name" below icestream_cli
    """

    place: str
    help: str


SECTIONS: Final[Mapping[str, Mapping[str, Entry]]] = {
    "Products": {
        "products": Entry("catalogue:products", "List the products that are installed."),
        "collections": Entry("catalogue:collections", "List the kinds of granules that can be read."),
        "describe": Entry("catalogue:describe", "Say all that is recorded of a product."),
        "make": Entry("make:make", "Make a product from files, at once, without broker or ledger."),
        "fit": Entry("fit:fit", "Fit the parameters of a product from data, the ledger or simulations."),
        "simulate": Entry("simulate:simulate", "Write simulated granules in their real formats."),
        "demo": Entry("demo:demo", "Run the whole stream on a few granules and show what comes of it."),
    },
    "The stream": {
        "run": Entry("run:run", "Run everything in one process, from watched directories to products."),
        "watch": Entry("services:watch", "Announce the files of directories once they are whole."),
        "gatherer": Entry("services:gatherer", "Record what arrives and hand out what is complete."),
        "worker": Entry("services:worker", "Make products."),
        "catalogue": Entry("services:catalogue", "Keep what was announced; serve a STAC API and a page."),
        "announce": Entry("announce:announce", "Announce files, once."),
        "backfill": Entry("backfill:backfill", "Make a time of the past, out of the way of new passes."),
        "register": Entry("register:register", "Make the products of this installation known to the stream."),
    },
    "Looking after it": {
        "doctor": Entry("doctor:doctor", "Look at all that the stream stands on, and say what to do."),
        "status": Entry("status:status", "Show queues, slots and what they wait for."),
        "slots": Entry("slots:slots", "List slots, show one, try dead ones again, park or drop them."),
        "granules": Entry("granules:granules", "List granules; quarantine, release or drop them."),
        "prune": Entry("prune:prune", "Remove what is no longer wanted: old revisions, rows and files."),
        "letters": Entry("letters:letters", "List messages that nobody could read."),
        "topology": Entry("topology:topology", "Show or make exchange and queues."),
        "ledger": Entry("ledger:ledger", "Bring the ledger's tables up to date, or a broker that lost its queues."),
        "completion": Entry("completion:completion", "Print the script that completes words in your shell."),
    },
}
COMMANDS: Final = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.place.partition(":")
        command = getattr(importlib.import_module(f"icestream_cli.{module}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, entry.help) for name, entry in section.items()])
