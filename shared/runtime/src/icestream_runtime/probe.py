"""Ask the service of this container whether it is alive: the health check of the images, which have no curl.

Answers by its exit code, with the service's own words on standard error where it is not well.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from typing import Final

from icestream_core.errors import IcestreamError
from icestream_runtime.settings import load

TIMEOUT: Final = 4.0
"""Longer than a service waits for its broker, shorter than the health check's own limit, s."""


def main() -> int:
    """Return 0 where /livez on the metrics port of the settings answers that all is well, else 1."""
    try:
        port = load().metrics_port
    except IcestreamError as error:
        print(error, file=sys.stderr)
        return 1
    if not port:
        print("health is not served: set ICESTREAM_METRICS_PORT", file=sys.stderr)
        return 1
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=TIMEOUT):
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode(errors="replace"), file=sys.stderr)
    except OSError as error:
        print(f"nothing answers on port {port}: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
