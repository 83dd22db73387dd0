"""The broker contract on RabbitMQ, by pika."""

from icestream_runtime.rabbitmq.opening import open_rabbitmq
from icestream_runtime.rabbitmq.rabbit import RabbitBroker

__all__ = ["RabbitBroker", "open_rabbitmq"]
