"""The broker: as services see it, and as RabbitMQ sees itself by its plugin rabbitmq_prometheus."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from panels import RED, Line, board, lines, number, row


def broker() -> Dashboard:
    made = board("icestream: the broker", "icestream-broker", "Queues and messages, and RabbitMQ's own state")
    for add in (_at_a_glance, _messages, _rabbitmq):
        add(made)
    return made


def _at_a_glance(made: Dashboard) -> None:
    made.with_row(row("At a glance"))
    made.with_panel(
        number("Messages that wait", "sum(icestream:queue_messages:max)", "In all queues of icestream, backfill too.")
    )
    made.with_panel(
        number(
            "Dead letters",
            'icestream:queue_messages:max{queue="icestream.dead"}',
            "The gatherer takes them up within seconds.",
            steps=((1, RED),),
        )
    )
    made.with_panel(number("Given out", "sum(rabbitmq_queue_messages_unacked)", "Taken, and not acked yet."))
    made.with_panel(number("Connections", "sum(rabbitmq_connections)", "Two for each service, and some of commands."))
    made.with_panel(
        number(
            "Alarms",
            "sum(rabbitmq_alarms_memory_used_watermark) + sum(rabbitmq_alarms_free_disk_space_watermark)"
            " + sum(rabbitmq_alarms_file_descriptor_limit)",
            "Memory, disk, file descriptors. Under an alarm publishers are held back, and nothing is lost.",
            steps=((1, RED),),
        )
    )
    made.with_panel(
        number(
            "Settled too late",
            "sum(icestream_settled_too_late)",
            "Since the start of the workers: their connection was gone, and the message comes again.",
        )
    )


def _messages(made: Dashboard) -> None:
    made.with_row(row("As services see it"))
    made.with_panel(
        lines(
            "Messages by queue",
            "That wait.",
            Line("icestream:queue_messages:max", "{{queue}}"),
        )
    )
    made.with_panel(
        lines(
            "Consumers by queue",
            "A queue with messages and without consumers stands still.",
            Line("max by (queue) (icestream_queue_consumers)", "{{queue}}"),
        )
    )
    made.with_panel(
        lines(
            "Published and returned",
            "In a second, by watchers and workers. A granule that returns is one that no product reads.",
            Line("sum by (kind) (rate(icestream_published_total[$__rate_interval]))", "{{kind}}"),
            Line("sum by (kind) (rate(icestream_returned_total[$__rate_interval]))", "{{kind}}, returned"),
            unit="cps",
        )
    )
    made.with_panel(
        lines(
            "Published again",
            "In a minute: the broker was away, or did not confirm.",
            Line("sum by (kind) (rate(icestream_publish_retries_total[$__rate_interval])) * 60", "{{kind}}"),
            unit="cpm",
            width=12,
        )
    )
    made.with_panel(
        lines(
            "Unreadable",
            "In an hour. They are kept as letters in the ledger, with the reason.",
            Line("sum by (queue) (increase(icestream_unreadable_total[1h]))", "{{queue}}"),
            width=12,
        )
    )


def _rabbitmq(made: Dashboard) -> None:
    made.with_row(row("As RabbitMQ sees itself"))
    made.with_panel(
        lines(
            "Messages in and out",
            "In a second.",
            Line("sum(rate(rabbitmq_global_messages_received_total[$__rate_interval]))", "in"),
            Line("sum(rate(rabbitmq_global_messages_confirmed_total[$__rate_interval]))", "confirmed"),
            Line("sum(rate(rabbitmq_global_messages_delivered_total[$__rate_interval]))", "out"),
            Line("sum(rate(rabbitmq_global_messages_redelivered_total[$__rate_interval]))", "out again"),
            unit="cps",
        )
    )
    made.with_panel(
        lines(
            "Memory",
            "Of each node, and where it begins to hold back publishers.",
            Line("rabbitmq_process_resident_memory_bytes", "{{instance}}"),
            Line("rabbitmq_resident_memory_limit_bytes", "{{instance}}, limit"),
            unit="bytes",
        )
    )
    made.with_panel(
        lines(
            "Disk",
            "That is left on each node, and where it begins to hold back publishers.",
            Line("rabbitmq_disk_space_available_bytes", "{{instance}}"),
            Line("rabbitmq_disk_space_available_limit_bytes", "{{instance}}, limit"),
            unit="bytes",
        )
    )
