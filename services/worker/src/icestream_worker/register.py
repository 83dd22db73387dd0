"""Send the records of this image's products to the stream and end: what the chart's registration jobs run.

A worker does it by itself at its start. Where workers are scaled to none, nothing would ever make their queues, and
without a queue nothing would scale them up.
"""

from __future__ import annotations

import sys
from contextlib import closing

from icestream_core import plugins
from icestream_core.errors import IcestreamError
from icestream_runtime import logs
from icestream_runtime.broker import BrokerError
from icestream_runtime.rabbitmq import open_rabbitmq
from icestream_runtime.registration import send_records
from icestream_runtime.settings import load
from icestream_worker.__main__ import chosen


def main() -> int:
    """Register the products of the settings, all that are installed where none is named; return the exit code."""
    try:
        settings = load()
        logs.configure("register", settings.log_format, settings.log_level)
        products = chosen(plugins.load(settings.plugins, options=settings.options), settings.products)
        with closing(open_rabbitmq(settings, "register")) as broker:
            if send_records(broker, products):
                raise BrokerError("no queue takes records; run: icestream topology apply")
    except IcestreamError as error:
        print(f"icestream register: {error}", file=sys.stderr)
        return 1
    print(f"registered {', '.join(f'{product.name} {product.version}' for product in products)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
