"""A plugin that breaks the worker that loads it: tasks are acked when they are taken, not when their outcome is safe.

The harness must see what comes of it, or its verdict is worth nothing.
"""

from icestream_worker.worker import Worker

_settle = Worker._settle


def settle_at_once(worker, subscription, delivery, stop):
    subscription.ack(delivery)
    _settle(worker, subscription, delivery, stop)


Worker._settle = settle_at_once
