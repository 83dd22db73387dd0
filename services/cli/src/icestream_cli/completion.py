"""`icestream completion`: the script that completes words in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes words in SHELL.

    \b
    bash:  icestream completion bash > ~/.local/share/bash-completion/completions/icestream
    zsh:   icestream completion zsh > "${fpath[1]}/_icestream"
    fish:  icestream completion fish > ~/.config/fish/completions/icestream.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "icestream", "_ICESTREAM_COMPLETE").source())
