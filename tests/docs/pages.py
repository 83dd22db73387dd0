"""Reading the documents as a reader does: files to write, commands to type, what they print, tables and links."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

FILE = re.compile(r"^\*\*`(?P<name>[^`]+)`\*\*\n\n```\w+\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(?P<typed>.*?)^```$", re.MULTILINE | re.DOTALL)
ALIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Typed(NamedTuple):
    """A command that the page says to type, and what it says will be printed; `...` stands for anything."""

    command: str
    printed: str


def section(text: str, title: str) -> str:
    """Return what stands under a heading, up to the next one of its level or above."""
    heading = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert heading, f"no heading {title!r}"
    rest = text[heading.end() :]
    following = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def steps(text: str) -> Iterator[tuple[str, str] | Typed]:
    """Give, in the order of the page, files as (name, content) and commands."""
    found = [*FILE.finditer(text), *CONSOLE.finditer(text)]
    for match in sorted(found, key=lambda match: match.start()):
        if match.re is FILE:
            yield match["name"], match["content"]
            continue
        for part in re.split(r"^\$ ", match["typed"], flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield Typed(command, printed)


def table(text: str) -> list[list[str]]:
    """Return the cells of the rows of all tables in a text, headings and rules left out."""
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    rules = {place for place, row in enumerate(rows) if all(re.fullmatch(r":?-+:?", cell) for cell in row)}
    return [row for place, row in enumerate(rows) if place not in rules and place + 1 not in rules]


class Shell:
    """A throw-away environment that sees all that is installed here, and in which more may be installed."""

    def __init__(self, environment: Path, folder: Path) -> None:
        venv.create(environment, with_pip=False)
        self.folder, self._bin = folder, environment / "bin"
        folder.mkdir(parents=True, exist_ok=True)
        (packages,) = environment.glob("lib/python*/site-packages")
        # Last by its name: what is installed here goes before what is installed there.
        (packages / "zzz-parent.pth").write_text(
            f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n", "utf-8"
        )
        python = self._bin / "python"
        self._script("icestream", f'exec {python} -m icestream_cli "$@"')
        self._script("pytest", f'exec {python} -m pytest -p no:cacheprovider "$@"')
        uv = Path(sys.executable).with_name("uv")
        if uv.exists():
            self._script("pip", f'exec {uv} pip "$@" --python {python} --no-deps --no-sources --offline')
        else:
            self._script("pip", f'exec {sys.executable} -m pip --python {python} "$@" --no-deps')

    def _script(self, name: str, line: str) -> None:
        path = self._bin / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def run(self, command: str) -> str:
        """Return what a command prints; it must not fail."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ICESTREAM_", "PY"))}
        environment |= {"PATH": f"{self._bin}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"$ {command}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def follow(self, text: str) -> list[str]:
        """Do all that a text says and compare what is printed; returns the commands."""
        typed = []
        for step in steps(text):
            if isinstance(step, Typed):
                printed = self.run(step.command)
                # Lines of blanks stand around tables.
                shown = "".join(line for line in printed.splitlines(keepends=True) if line.strip())
                alike = doctest.OutputChecker().check_output(step.printed, shown, ALIKE)
                assert alike, f"$ {step.command}\nthe page says\n{step.printed}\nand it printed\n{printed}"
                typed.append(step.command)
            else:
                name, content = step
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, "utf-8")
        return typed
