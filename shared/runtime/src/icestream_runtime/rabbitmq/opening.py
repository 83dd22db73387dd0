"""Opening RabbitMQ: the broker that the settings name."""

from __future__ import annotations

from icestream_core.errors import SettingsError
from icestream_runtime.rabbitmq.rabbit import RabbitBroker
from icestream_runtime.settings import Settings


def open_rabbitmq(settings: Settings, service: str) -> RabbitBroker:
    """Return RabbitMQ as the settings describe it; it is connected to when it is first used.

    service : part of the connections' names
    Raises SettingsError where the settings name none, or certificates that cannot be used.
    """
    if settings.amqp_url is None:
        raise SettingsError(
            f"{service} is a process of its own and needs a broker: set ICESTREAM_AMQP_URL to "
            "amqp://user:password@host:port/vhost. Without one, `icestream run` runs everything in one process"
        )
    try:
        return RabbitBroker(
            settings.amqp_url.get_secret_value(),
            service,
            heartbeat=settings.heartbeat_seconds,
            reconnect=settings.reconnect_seconds,
            cafile=settings.tls_ca,
            certfile=settings.tls_certificate,
            keyfile=settings.tls_key,
        )
    except (ValueError, OSError) as error:
        files = {name: getattr(settings, name) for name in ("tls_ca", "tls_certificate", "tls_key")}
        given = "".join(f", ICESTREAM_{name.upper()}={path}" for name, path in files.items() if path is not None)
        raise SettingsError(f"the broker cannot be reached with ICESTREAM_AMQP_URL{given}: {error}") from None
