"""The edge: what an error means for whoever called the command. One table of exit codes, one line on standard error."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from typing import Final

import click

from icestream_core import errors
from icestream_core.errors import IcestreamError

DONE, NOT_MADE, USAGE, AWAY, PLUGIN, BAD_FILE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

EXIT_CODES: Final = {
    DONE: "done",
    NOT_MADE: "a product was not made, what was asked for is not there, or the doctor found something wrong",
    USAGE: "the command line or the settings cannot be used",
    AWAY: "broker, ledger or storage is away or refuses",
    PLUGIN: "a plugin cannot be loaded, or a record contradicts itself",
    BAD_FILE: "a file or message is not what it should be",
    INTERRUPTED: "interrupted",
}


class NotMade(IcestreamError):
    """What was asked for was not made, or is not there; the text says why."""


@dataclass(slots=True)
class Given:
    """What was given before the command's name.

    debug : show tracebacks and debug logs
    """

    debug: bool = False


def run(command: click.Command) -> int:
    """Run a command with the arguments of this process and return its exit code; errors are told in one line."""
    given = Given()
    try:
        code = command.main(standalone_mode=False, obj=given, prog_name="icestream")
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("icestream: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more can be written to it, not even at exit.
        sys.stdout = None
        return DONE
    except IcestreamError as error:
        if given.debug:
            traceback.print_exception(error)
        else:
            print(f"icestream: {error}{_hint(error)}", file=sys.stderr)
        return exit_code(error)
    return code if isinstance(code, int) else DONE


def _hint(error: IcestreamError) -> str:
    """Return where to go on where a server is away: mostly it is not the only thing that is not as it was thought."""
    away = exit_code(error) == AWAY and "Run: " not in str(error)
    return "\nicestream doctor looks at everything that the stream stands on, and says what to do" if away else ""


def exit_code(error: IcestreamError) -> int:
    """Return what an error means for the caller."""
    from icestream_runtime import broker

    table: tuple[tuple[type[IcestreamError], int], ...] = (
        (errors.SettingsError, USAGE),
        (broker.BrokerRefused, USAGE),
        (broker.BrokerError, AWAY),
        (errors.LedgerError, AWAY),
        (errors.StorageError, AWAY),
        (errors.PluginError, PLUGIN),
        (errors.RecordError, PLUGIN),
        (errors.GranuleError, BAD_FILE),
        (errors.MessageError, BAD_FILE),
        (errors.IcestreamError, NOT_MADE),
    )
    return next(code for kind, code in table if isinstance(error, kind))
