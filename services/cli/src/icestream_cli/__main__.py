"""The command `icestream`."""

from __future__ import annotations

from importlib.metadata import version

import click

from icestream_cli import edge
from icestream_cli.commands import LazyGroup
from icestream_runtime.leave import leave

EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in edge.EXIT_CODES.items())


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"icestream {version('icestream-cli')}")
        ctx.exit()


@click.group(
    cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.option("--debug", is_flag=True, help="Show where an error comes from, and debug logs.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print it.")
@click.pass_obj
def cli(given: edge.Given, debug: bool) -> None:
    """A stream of satellite products for the three poles: granules in, derived products out.

    Settings come from options, then ICESTREAM_* variables, then icestream.toml. Without any, everything runs in one
    process on this machine.
    """
    given.debug = debug


def main() -> None:
    """Run the command line and exit."""
    leave(edge.run(cli))


if __name__ == "__main__":
    main()
