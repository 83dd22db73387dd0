"""One product, or several: how much, how late, how good, what fails, what it takes."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from panels import RED, Line, board, choice, heat, lines, number, row

CHOSEN = 'product=~"$product"'
QUEUES = 'queue=~"icestream[.]make[.]($product)([.]bulk)?"'


def product() -> Dashboard:
    made = board("icestream: products", "icestream-product", "Rate, latency, quality, failures and resources")
    made.with_variable(choice("product", "Product", "icestream_slots"))
    for add in (_at_a_glance, _rate_and_latency, _quality_and_failures, _resources):
        add(made)
    return made


def _at_a_glance(made: Dashboard) -> None:
    made.with_row(row("Slots of $product"))
    for state, about in (
        ("made", "Their current revision is announced, or about to be."),
        ("void", "There is nothing to make, and it is known why."),
        ("waiting", "For inputs, patience or quiet."),
        ("tasked", "A task is out."),
        ("hopeless", "Closed without what they need; a late arrival opens them again."),
        ("dead", "icestream slots list --state dead"),
    ):
        made.with_panel(
            number(
                state.capitalize(),
                f'sum(max by (product) (icestream_slots{{{CHOSEN}, state="{state}"}}))',
                about,
                steps=((1, RED),) if state == "dead" else (),
            )
        )


def _rate_and_latency(made: Dashboard) -> None:
    made.with_row(row("Rate and latency"))
    made.with_panel(
        lines(
            "Made, void, failed",
            "In a minute.",
            Line(
                f"sum by (outcome) (rate(icestream_outcomes_total{{{CHOSEN}}}[$__rate_interval])) * 60", "{{outcome}}"
            ),
            unit="cpm",
            stacked=True,
        )
    )
    made.with_panel(
        lines(
            "Tasks that wait",
            "For a worker. Bulk is backfill, which never stands before what is new.",
            Line(f"icestream:queue_messages:max{{{QUEUES}}}", "{{queue}}"),
        )
    )
    made.with_panel(
        lines(
            "What slots wait for",
            "By input. Looks that ended in waiting are counted in a minute.",
            Line(f"max by (product, input) (icestream_waiting_slots{{{CHOSEN}}})", "{{product}}: {{input}}"),
            Line(f"sum(rate(icestream_waits_total{{{CHOSEN}}}[$__rate_interval])) * 60", "looks in a minute"),
        )
    )
    made.with_panel(
        heat(
            "From the last input to the announcement",
            "How many took how long. Backfill is left out.",
            f"sum by (le) (increase(icestream_arrival_latency_seconds_bucket{{{CHOSEN}}}[$__rate_interval]))",
        )
    )
    made.with_panel(
        heat(
            "From the end of the observation to the announcement",
            "How many took how long: delivery by the provider and patience are in it.",
            f"sum by (le) (increase(icestream_product_latency_seconds_bucket{{{CHOSEN}}}[$__rate_interval]))",
        )
    )


def _quality_and_failures(made: Dashboard) -> None:
    made.with_row(row("Quality and failures"))
    made.with_panel(
        lines(
            "What has a value",
            "Share of the cells, rows or features of the product that came last.",
            Line(f"max by (product, variable) (icestream_valid_fraction{{{CHOSEN}}})", "{{product}}: {{variable}}"),
            unit="percentunit",
            highest=1,
        )
    )
    made.with_panel(
        lines(
            "Failures, by whose fault",
            "In a minute; and the share of what is tried that fails by a fault of the product or its limits.",
            Line(
                f'sum by (fault) (rate(icestream_outcomes_total{{{CHOSEN}, outcome="failed"}}[$__rate_interval])) * 60',
                "{{fault}}",
            ),
            Line(f"icestream:outcomes_failed:ratio_rate1h{{{CHOSEN}}}", "{{product}}: share of an hour"),
        )
    )
    made.with_panel(
        lines(
            "Announced again, adopted, dead",
            "In an hour. Adopted: what another worker had published was there already, and was not made again.",
            Line(f"sum(increase(icestream_revisions_total{{{CHOSEN}}}[1h]))", "announced again"),
            Line(f"sum(increase(icestream_adopted_total{{{CHOSEN}}}[1h]))", "adopted"),
            Line(f"sum(increase(icestream_deaths_total{{{CHOSEN}}}[1h]))", "dead"),
        )
    )


def _resources(made: Dashboard) -> None:
    made.with_row(row("What it takes"))
    made.with_panel(
        lines(
            "Steps of making a slot",
            "The mean of each, on top of each other. Open has align in it.",
            Line(
                f'sum by (step) (rate(icestream_make_seconds_sum{{{CHOSEN}, step!="total"}}[$__rate_interval]))'
                f' / sum by (step) (rate(icestream_make_seconds_count{{{CHOSEN}, step!="total"}}[$__rate_interval]))',
                "{{step}}",
            ),
            unit="s",
            stacked=True,
        )
    )
    made.with_panel(
        lines(
            "The whole, from task to outcome",
            "What half, and nineteen of twenty, stay within.",
            *(
                Line(
                    f"histogram_quantile({share}, sum by (product, le) "
                    f'(rate(icestream_make_seconds_bucket{{{CHOSEN}, step="total"}}[$__rate_interval])))',
                    f"{{{{product}}}}, {name}",
                )
                for share, name in ((0.5, "half"), (0.95, "95 %"))
            ),
            unit="s",
        )
    )
    made.with_panel(
        lines(
            "Memory of children",
            "Resident, the highest of the last slot of each worker.",
            Line(f"max by (product) (icestream_child_resident_bytes{{{CHOSEN}}})", "{{product}}"),
            unit="bytes",
        )
    )
    made.with_panel(
        lines(
            "Children",
            "Of all workers: those that make a slot now, and those that there are.",
            Line("sum(icestream_children_busy)", "busy"),
            Line("sum(icestream_children)", "all"),
        )
    )
    made.with_panel(
        lines(
            "Children that ended",
            "In an hour: killed past a limit of time or memory, or dead by themselves.",
            Line(
                f"sum by (product, cause) (increase(icestream_child_ends_total{{{CHOSEN}}}[1h]))",
                "{{product}}: {{cause}}",
            ),
        )
    )
    made.with_panel(
        lines(
            "Processor and reading",
            "Cores that each worker takes, its children left out, and bytes of granules that were read and verified.",
            Line(
                "rate(process_cpu_seconds_total[$__rate_interval])"
                ' * on (instance) group_left (service) icestream_info{service="worker"}',
                "cores, {{instance}}",
            ),
            Line(
                "sum by (collection) (rate(icestream_fetched_bytes_total[$__rate_interval])) / 1e6",
                "MB/s, {{collection}}",
            ),
        )
    )
