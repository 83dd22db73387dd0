"""Say what an image must hold: which members of the workspace, and which requirements from the index.

    python3 docker/wanted.py OUTPUT SERVICE [FAMILY]

Writes into the directory OUTPUT, one word or requirement a line:

    members.txt    paths of the members that SERVICE and FAMILY need, theirs included
    runtime.txt    what the members of every service need from the index
    service.txt    what SERVICE needs beyond
    family.txt     what FAMILY needs beyond

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNTIME = "icestream-runtime"
"""Every service needs it, so what it needs is a layer that all images share."""


def workspace() -> dict[str, tuple[str, list[str]]]:
    """Return the path and the requirements of each member, by its name."""
    found = {}
    for path in sorted(ROOT.glob("*/*/pyproject.toml")):
        project = tomllib.loads(path.read_text("utf-8"))["project"]
        found[project["name"]] = (str(path.parent.relative_to(ROOT)), project["dependencies"])
    return found


def name_of(requirement: str) -> str:
    """Return the normalised name of a requirement such as `psycopg[binary]>=3.2`."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    if name is None:
        raise SystemExit(f"{requirement!r} is no requirement")
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def closure(start: str, members: dict[str, tuple[str, list[str]]]) -> tuple[list[str], list[str]]:
    """Return the members that `start` needs, itself included, and their requirements from the index."""
    if start not in members:
        raise SystemExit(f"there is no {start}; there are {', '.join(sorted(members))}")
    ours, theirs, open_ones = [], [], [start]
    while open_ones:
        member = open_ones.pop()
        if member in ours:
            continue
        ours.append(member)
        for requirement in members[member][1]:
            if name_of(requirement) in members:
                open_ones.append(name_of(requirement))
            else:
                theirs.append(requirement)
    return sorted(ours), sorted(set(theirs))


def main(output: str, service: str, family: str = "") -> None:
    """Write the four lists."""
    members = workspace()
    ours, wanted = closure(f"icestream-{service}", members)
    common = closure(RUNTIME, members)[1]
    beyond: list[str] = []
    if family:
        more, beyond = closure(f"icestream-{family}", members)
        ours = sorted({*ours, *more})
    lists = {
        "members": [f"./{members[name][0]}" for name in ours],
        "runtime": common,
        "service": [requirement for requirement in wanted if requirement not in common],
        "family": [requirement for requirement in beyond if requirement not in wanted],
    }
    directory = Path(output)
    directory.mkdir(parents=True, exist_ok=True)
    for name, lines in lists.items():
        (directory / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
