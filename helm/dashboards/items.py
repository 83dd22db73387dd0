"""The catalogue: what it keeps, who asks, and how long an answer takes."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from panels import RED, Line, board, lines, number, row


def items() -> Dashboard:
    made = board("icestream: the catalogue", "icestream-catalogue", "Items, announcements and requests")
    for add in (_at_a_glance, _requests):
        add(made)
    return made


def _at_a_glance(made: Dashboard) -> None:
    made.with_row(row("At a glance"))
    made.with_panel(number("Items", "sum(max by (product) (icestream_items))", "That are served, of all products."))
    made.with_panel(
        number(
            "Refused",
            'sum(increase(icestream_announcements_total{fate="refused"}[1h]))',
            "Announcements of the last hour of which no item could be made; the log says why.",
            steps=((1, RED),),
        )
    )
    made.with_panel(number("Open pages", "sum(icestream_listeners)", "That are told of what changes."))


def _requests(made: Dashboard) -> None:
    made.with_row(row("Over time"))
    made.with_panel(
        lines(
            "Announcements",
            "In a minute, by what became of them.",
            Line("sum by (fate) (rate(icestream_announcements_total[$__rate_interval])) * 60", "{{fate}}"),
            unit="cpm",
        )
    )
    made.with_panel(
        lines(
            "Requests",
            "In a second, by the class of their status.",
            Line("sum by (status) (rate(icestream_request_seconds_count[$__rate_interval]))", "{{status}}"),
            unit="cps",
        )
    )
    made.with_panel(
        lines(
            "Time to an answer",
            "The 95th percentile of each route.",
            Line(
                "histogram_quantile(0.95, sum by (le, route)"
                " (rate(icestream_request_seconds_bucket[$__rate_interval])))",
                "{{route}}",
            ),
            unit="s",
        )
    )
