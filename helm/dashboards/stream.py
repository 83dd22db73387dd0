"""The stream as a whole: what arrives, how late, what waits and for what, what becomes of it, who is well."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from panels import RED, YELLOW, Line, board, lines, number, row

IN_TIME = 'sum(rate(icestream_arrival_latency_seconds_bucket{le="900.0"}[1h]))'
ALL = "sum(rate(icestream_arrival_latency_seconds_count[1h]))"


def quantile(share: float, histogram: str, by: str) -> str:
    """Return what a share of all stays within, of a histogram, by labels."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({histogram}_bucket[$__rate_interval])))"


def stream() -> Dashboard:
    made = board("icestream: the stream", "icestream-stream", "Arrival, latency, queues, slots, outcomes, services")
    for add in (_at_a_glance, _arrival, _latency, _queues_and_slots, _outcomes, _services):
        add(made)
    return made


def _at_a_glance(made: Dashboard) -> None:
    made.with_row(row("At a glance"))
    made.with_panel(
        number(
            "Announced in an hour",
            'sum(increase(icestream_outcomes_total{outcome=~"made|void"}[1h]))',
            "Slots that were made or found void, revisions among them.",
        ).decimals(0)
    )
    made.with_panel(
        number(
            "Announced within 15 min",
            f"{IN_TIME} / ({ALL} > 0)",
            "Share of the last hour that was announced within 15 minutes of its last input. The objective is 95 %.",
            unit="percentunit",
            steps=((0, RED), (0.9, YELLOW), (0.95, "green")),
        )
    )
    made.with_panel(
        number(
            "Slots that wait",
            'sum(max by (product) (icestream_slots{state="waiting"}))',
            "For inputs, patience or quiet. See below for what.",
        )
    )
    made.with_panel(
        number(
            "Slots that are dead",
            'sum(max by (product) (icestream_slots{state="dead"}))',
            "icestream slots list --state dead",
            steps=((1, RED),),
        )
    )
    made.with_panel(
        number(
            "Messages that wait",
            'sum(icestream:queue_messages:max{queue!~".*[.]bulk"})',
            "In all queues but those of backfill.",
            steps=((1000, YELLOW), (10_000, RED)),
        )
    )
    made.with_panel(
        number(
            "Alerts that fire",
            'count(ALERTS{alertname=~"Icestream.*", alertstate="firing"}) or vector(0)',
            "Each has its section in the runbook, docs/operations.md.",
            steps=((1, RED),),
        )
    )


def _arrival(made: Dashboard) -> None:
    made.with_row(row("Arrival"))
    made.with_panel(
        lines(
            "New granules",
            "Recorded in a minute, by collection. What products announce is a granule too.",
            Line(
                'sum by (collection) (rate(icestream_granules_total{new="yes"}[$__rate_interval])) * 60',
                "{{collection}}",
            ),
            unit="cpm",
        )
    )
    made.with_panel(
        lines(
            "Since the last granule",
            "Of each sensor, backfill left out. The alert comes after 26 hours and the length of a granule.",
            Line(
                "time() - max by (sensor, collection) (icestream_last_granule_timestamp_seconds)",
                "{{sensor}}: {{collection}}",
            ),
            Line(
                "max by (sensor, collection) (icestream_granule_span_seconds)",
                "{{sensor}}: {{collection}}, length of one",
            ),
            unit="s",
        )
    )
    made.with_panel(
        lines(
            "From seen to recorded",
            "From the announcement by the watcher to the record in the ledger.",
            Line(quantile(0.5, "icestream_intake_lag_seconds", ""), "half"),
            Line(quantile(0.95, "icestream_intake_lag_seconds", ""), "95 %"),
            unit="s",
            limit=60,
        )
    )
    made.with_panel(
        lines(
            "Files that the watchers saw",
            "In a minute. Unknown: of no collection by their name. Refused: a link that leads out.",
            Line("sum by (fate) (rate(icestream_watched_files_total[$__rate_interval])) * 60", "{{fate}}"),
            unit="cpm",
        )
    )
    made.with_panel(
        lines(
            "Files that notices named",
            "In a minute. Lost: its file cannot be had. Refused: by policy or address. Malformed: it cannot be read.",
            Line("sum by (format, fate) (rate(icestream_notices_total[$__rate_interval])) * 60", "{{format}} {{fate}}"),
            unit="cpm",
        )
    )
    made.with_panel(
        lines(
            "Left lying",
            "Whole files that no registered product reads, and messages that nobody can read.",
            Line("sum(icestream_unroutable_granules)", "files that no product reads"),
            Line("sum by (queue) (increase(icestream_unreadable_total[1h]))", "unreadable in {{queue}}, in an hour"),
        )
    )


def _latency(made: Dashboard) -> None:
    made.with_row(row("Latency"))
    made.with_panel(
        lines(
            "From the last input to the announcement, 95 %",
            "What nineteen of twenty stay within, over an hour. Waiting for inputs is not counted.",
            Line("icestream:arrival_latency_seconds:p95_1h", "{{product}}"),
            unit="s",
            limit=900,
        )
    )
    made.with_panel(
        lines(
            "From the end of the observation to the announcement, 95 %",
            "What users feel, over a day: delivery by the provider and patience are in it. Backfill is left out.",
            Line("icestream:product_latency_seconds:p95_1d", "{{product}}, {{stage}}"),
            unit="s",
        )
    )
    made.with_panel(
        lines(
            "Later than 15 minutes",
            "Share of the last hour, and of thirty days. The objective allows 5 %.",
            Line("icestream:arrival_slow:ratio_rate1h", "{{product}}, an hour"),
            Line("icestream:arrival_slow:ratio_rate30d", "{{product}}, thirty days"),
            unit="percentunit",
            limit=0.05,
            highest=1,
        )
    )


def _queues_and_slots(made: Dashboard) -> None:
    made.with_row(row("Queues and slots"))
    made.with_panel(
        lines(
            "Messages that wait",
            "By queue; those that were handed out are not counted.",
            Line("icestream:queue_messages:max", "{{queue}}"),
        )
    )
    made.with_panel(
        lines(
            "Slots by state",
            "In the ledger, of all products.",
            Line("sum by (state) (max by (product, state) (icestream_slots))", "{{state}}"),
            stacked=True,
        )
    )
    made.with_panel(
        lines(
            "What slots wait for",
            "By product and input. Quiet: closed, until nothing comes any more. Record: the product is not registered.",
            Line("max by (product, input) (icestream_waiting_slots) > 0", "{{product}}: {{input}}"),
            stacked=True,
        )
    )
    made.with_panel(
        lines(
            "Consumers",
            "By queue. None, and messages that wait: nobody runs a worker of it.",
            Line("max by (queue) (icestream_queue_consumers)", "{{queue}}"),
            width=12,
        )
    )
    made.with_panel(
        lines(
            "Past their time",
            "Slots that have been due for a minute, and nobody looked at them.",
            Line("max by (product) (icestream_overdue_slots)", "{{product}}"),
            width=12,
        )
    )


def _outcomes(made: Dashboard) -> None:
    made.with_row(row("Outcomes"))
    made.with_panel(
        lines(
            "Made, void, failed",
            "In a minute.",
            Line("sum by (outcome) (rate(icestream_outcomes_total[$__rate_interval])) * 60", "{{outcome}}"),
            unit="cpm",
            stacked=True,
        )
    )
    made.with_panel(
        lines(
            "Failures, by whose fault",
            "In a minute. Storage is tried again without end, a granule is quarantined, the others count.",
            Line(
                'sum by (product, fault) (rate(icestream_outcomes_total{outcome="failed"}[$__rate_interval])) * 60 > 0',
                "{{product}}: {{fault}}",
            ),
            Line("sum by (product) (increase(icestream_deaths_total[1h])) > 0", "{{product}}: dead, in an hour"),
        )
    )
    made.with_panel(
        lines(
            "Announced again",
            "Revisions after the first, in an hour.",
            Line("sum by (product) (increase(icestream_revisions_total[1h]))", "{{product}}"),
        )
    )


def _services(made: Dashboard) -> None:
    made.with_row(row("Services"))
    made.with_panel(
        lines(
            "Running",
            "Processes that answer, by service and version.",
            Line("count by (service, version) (icestream_info)", "{{service}} {{version}}"),
            stacked=True,
        )
    )
    made.with_panel(
        lines(
            "Checks that fail",
            "Of /livez and /readyz. A worker whose consumption fails is deaf.",
            Line("max by (instance, probe, check) (icestream_check_failing) > 0", "{{instance}} {{probe}}: {{check}}"),
            Line("sum(icestream_check_failing)", "all"),
        )
    )
    made.with_panel(
        lines(
            "Away",
            "1 while it is, as the gatherer finds; and its calls that failed, in a minute.",
            Line("max by (what) (icestream_away)", "{{what}}"),
            Line("sum by (what) (rate(icestream_away_errors_total[$__rate_interval])) * 60", "errors of {{what}}"),
        )
    )
    made.with_panel(
        lines(
            "Room that is left",
            "Share of the file system. The alert comes below a tenth.",
            Line(
                "min by (instance, place) (icestream_disk_free_bytes / icestream_disk_size_bytes)",
                "{{instance}}: {{place}}",
            ),
            unit="percentunit",
            highest=1,
        )
    )
    made.with_panel(
        lines(
            "Clocks against the gatherer's",
            "Before it where positive. The alert comes beyond five seconds.",
            Line("max by (of) (icestream_clock_skew_seconds)", "{{of}}"),
            unit="s",
            least=None,
        )
    )
    made.with_panel(
        lines(
            "Memory",
            "Resident, of each process; children are on the dashboard of products.",
            Line(
                "process_resident_memory_bytes * on (instance) group_left (service) icestream_info",
                "{{service}} {{instance}}",
            ),
            unit="bytes",
        )
    )
