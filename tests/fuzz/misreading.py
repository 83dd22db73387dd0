"""A reader that does what none may, to see that it is found out: the file's one word says what."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np


def open_file(path: Path, *_: object) -> None:
    match path.read_text():
        case "write":
            (path.parent / "written").write_text("")
        case "make":
            (path.parent / "made").mkdir()
        case "raise":
            print(1 / 0)
        case "abort":
            os.abort()
        case "hang":
            time.sleep(60)
        case "eat":
            np.ones((2**20, 2**20))
