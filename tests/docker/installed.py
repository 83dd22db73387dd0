"""What an image must hold, by the lock: the distributions that a service and a family need, and no others."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYTHON = {"python_version": "3.11", "python_full_version": "3.11.2"}


def needed(*names: str) -> set[str]:
    """Return the distributions that these need, themselves included, as uv.lock has them on Linux and Python 3.11."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    lock = {package["name"]: package for package in packages if is_for(package.get("resolution-markers", ()))}
    found: set[tuple[str, str]] = set()
    waiting = [(name, "") for name in names]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        package = lock[name]
        entries: list[dict[str, Any]] = list(package.get("dependencies", ()))
        if extra:
            entries += package.get("optional-dependencies", {}).get(extra, ())
        for entry in entries:
            if "marker" in entry and not Marker(entry["marker"]).evaluate(PYTHON):
                continue
            waiting.append((entry["name"], ""))
            waiting += [(entry["name"], wanted) for wanted in entry.get("extra", ())]
    return {name for name, _ in found}


def is_for(markers: Sequence[str]) -> bool:
    """Tell whether the images take a package: where different Pythons need different versions, there are several."""
    return not markers or any(Marker(marker).evaluate(PYTHON) for marker in markers)


def installed(files: Path) -> set[str]:
    """Return the distributions that lie in an image's environment."""
    (packages,) = (files / "opt/icestream/lib").glob("python3*/site-packages")
    names = [re.sub(r"-[^-]+$", "", path.stem) for path in packages.glob("*.dist-info")]
    return {canonicalize_name(name) for name in names}
