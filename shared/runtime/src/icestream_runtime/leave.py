"""Leaving: a process that is done ends, although a thread of it hangs that was given up."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Final, NoReturn

LEAVE_SECONDS: Final = 5.0


def leave(code: int, within: float = LEAVE_SECONDS) -> NoReturn:
    """End this process with a code as any other ends; where that takes longer than `within`, s, at once.

    At its end the interpreter waits for every thread, a server's answer that never comes included.
    """

    def end() -> None:
        time.sleep(within)
        os._exit(code)

    threading.Thread(target=end, name="leave", daemon=True).start()
    sys.exit(code)
