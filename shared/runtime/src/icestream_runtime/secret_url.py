"""URLs with a password in them: shown without it, however it is written."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

USER: Final = re.compile(r"//([^:@]*):.*@", re.DOTALL)
"""To the last @: a password with a slash in it that nobody quoted is one all the same."""
OPTION: Final = re.compile(r"([?&](?:ssl)?pass(?:word|wd)?=)[^&\s]*", re.IGNORECASE)
"""PostgreSQL takes its password after the question mark too."""


class SecretUrl(SecretStr):
    """A URL that prints without its password."""

    def _display(self) -> str:
        return without_password(self.get_secret_value())


def without_password(url: str) -> str:
    """Return a URL for people to read."""
    return OPTION.sub(r"\1***", USER.sub(r"//\1:***@", url, count=1))


def readable(href: str) -> str:
    """Return the address of a file for people to read: what signs it stands behind the question mark."""
    if not href.startswith(("https://", "http://")):
        return without_password(href)
    place, mark, _ = href.partition("?")
    return without_password(place) + (f"{mark}..." if mark else "")


def parts_of(url: str) -> SplitResult:
    """Return a URL's parts; raises ValueError, which does not repeat it, where its password splits it elsewhere."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(
            "it is no URL, or its password is not quoted: write / as %2F, ? as %3F, # as %23, [ as %5B, @ as %40"
        ) from None
    return parts
