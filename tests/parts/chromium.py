"""A headless Chromium of the system, driven by Playwright: no browser is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_SECONDS = 30.0
"""How long a page may take to show what is expected: what is never shown fails all the same."""


def find_chromium() -> Path | None:
    """Return the browser's program, or None where none is installed."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found else None


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser that reaches nothing but what a test opens, and is gone afterwards."""
    program = find_chromium()
    if program is None:
        raise FileNotFoundError("Chromium is not installed. Install it: apt-get install chromium")
    # No sandbox: as root Chromium has none, and it opens nothing but our own page.
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    expect.set_options(timeout=1000 * PATIENCE_SECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()
