"""The ledger: whether it answers, has the tables that are wanted, keeps the time, and knows the products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

from icestream_cli.examine.finding import Finding
from icestream_cli.given import open_ledger
from icestream_core.errors import LedgerError
from icestream_core.product import Product
from icestream_runtime.ledger import Ledger
from icestream_runtime.settings import Settings

LEDGER, CLOCK, RECORDS = "ledger", "clock", "records"
MOST_SKEW: Final = 5.0
"""Seconds that clocks may differ: patience, back-off and latency are reckoned with several."""


def examine_ledger(settings: Settings, products: Sequence[Product]) -> list[Finding]:
    """Return what was found; of the records, those of these products."""
    try:
        with closing(open_ledger(settings)) as ledger:
            granules = len(ledger.granules(limit=1))
            holds = "it holds granules" if granules else "it holds no granule yet"
            findings = [Finding(LEDGER, "ok", f"{settings.ledger_url} answers, its tables are those wanted; {holds}")]
            return [*findings, *_clock(ledger), *_records(ledger, products)]
    except LedgerError as error:
        if str(error).startswith("there is no ledger") and settings.amqp_url is None:
            return [Finding(LEDGER, "look", str(error), "`icestream run` makes it; commands that look in need it")]
        return [Finding(LEDGER, "wrong", str(error), _advice(str(error)))]


def _advice(reason: str) -> str:
    if "there is no ledger" in reason or "has no tables" in reason:
        return "icestream ledger migrate"
    if "icestream ledger migrate" in reason or "Install a newer" in reason:
        return "do so, once the ledger is backed up"
    return "start it, or mend ICESTREAM_LEDGER_URL"


def _clock(ledger: Ledger) -> Iterator[Finding]:
    before = datetime.now(UTC)
    found = ledger.clock()
    after = datetime.now(UTC)
    skew = (found - (before + (after - before) / 2)).total_seconds()
    told = f"the ledger's clock is {abs(skew):.1f} s {'before' if skew > 0 else 'behind'} this machine's"
    if abs(skew) > MOST_SKEW:
        yield Finding(CLOCK, "wrong", told, "set both by NTP: chronyc tracking, timedatectl")
    else:
        yield Finding(CLOCK, "ok", told)
    yield Finding(CLOCK, "unknown", "the broker's clock: AMQP does not tell it", "nothing of ours is reckoned with it")


def _records(ledger: Ledger, products: Sequence[Product]) -> Iterator[Finding]:
    known = {record["name"]: str(record["version"]) for record in ledger.records()}
    unknown = [product.name for product in products if product.name not in known]
    newer = [product for product in products if _order(known.get(product.name, "0")) > _order(product.version)]
    older = [product for product in products if _order(known.get(product.name, "999")) < _order(product.version)]
    if unknown:
        found = f"the stream does not know {', '.join(sorted(unknown))}"
        yield Finding(RECORDS, "look", found, "icestream register, or start their workers")
    for product in newer:
        found = f"{product.name} is {product.version} here, and {known[product.name]} in the stream"
        yield Finding(RECORDS, "wrong", found, "its tasks would fail here: upgrade this installation")
    for product in older:
        found = f"{product.name} is {product.version} here, and still {known[product.name]} in the stream"
        yield Finding(RECORDS, "look", found, "icestream register")
    if not (unknown or newer or older):
        yield Finding(RECORDS, "ok", f"the stream knows {len(products)} products, in these versions")


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".") if number.isdigit())
