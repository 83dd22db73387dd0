"""A process that is done ends, whatever hangs in it."""

from __future__ import annotations

import subprocess
import sys

HANGS = """
from concurrent.futures import ThreadPoolExecutor
import time
from icestream_runtime.leave import leave

ThreadPoolExecutor().submit(time.sleep, 60)
leave(3, within=0.1)
"""


def test_a_process_ends_with_its_code_although_a_thread_hangs() -> None:
    assert subprocess.run([sys.executable, "-c", HANGS], timeout=30, check=False).returncode == 3
