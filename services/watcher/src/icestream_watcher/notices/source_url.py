"""Addresses of sources, as the setting `notices` has them:

FORMAT+amqps://user:password@host/vhost?queue=Q[&exchange=X&key=K...][&respond=KEY]
FORMAT+mqtts://user:password@host?topic=T[&topic=T...]&client=NAME
s3://bucket/prefix?every=60
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlunsplit

from icestream_core.errors import SettingsError
from icestream_runtime.secret_url import SecretUrl, parts_of
from icestream_watcher.notices.formats import FORMATS

OPTIONS: Final = {
    "amqp": ("queue", "exchange", "key", "respond"),
    "amqps": ("queue", "exchange", "key", "respond"),
    "mqtt": ("topic", "client"),
    "mqtts": ("topic", "client"),
    "s3": ("every",),
}
WANTED: Final = {"amqp": "queue", "amqps": "queue", "mqtt": "topic", "mqtts": "topic"}
SOLE: Final = ("queue", "exchange", "respond", "client", "every")


class Source(NamedTuple):
    """Where notices come from.

    url : without format and options, the password in it
    """

    format: str
    scheme: str
    url: SecretUrl
    options: dict[str, tuple[str, ...]]

    def option(self, name: str, default: str = "") -> str:
        return self.options.get(name, (default,))[0]


def source_of(address: SecretUrl) -> Source:
    """Return the source that an address names; raises SettingsError that does not repeat its password."""
    try:
        parts = parts_of(address.get_secret_value())
    except ValueError as error:
        raise SettingsError(f"notices (ICESTREAM_NOTICES): {address} cannot be used: {error}") from None
    kind, plus, scheme = parts.scheme.partition("+")
    if not plus:
        kind, scheme = "s3" if parts.scheme == "s3" else "", parts.scheme
    options = {name: tuple(values) for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    problem = ""
    if kind not in FORMATS:
        problem = f"wanted one of {', '.join(FORMATS)} and a plus sign at its beginning"
    elif scheme not in OPTIONS:
        problem = f"wanted one of {', '.join(OPTIONS)}"
    elif not parts.hostname:
        problem = "it names no host"
    elif unknown := sorted(set(options) - set(OPTIONS[scheme])):
        problem = f"{', '.join(unknown)} is no option of it; there are {', '.join(OPTIONS[scheme])}"
    elif (wanted := WANTED.get(scheme)) and not options.get(wanted):
        problem = f"wanted ?{wanted}=..."
    elif twice := [name for name in SOLE if len(options.get(name, ())) > 1]:
        problem = f"{twice[0]} is there twice"
    elif not _is_number(options.get("every", ("60",))[0]):
        problem = "every is no number of seconds"
    if problem:
        raise SettingsError(f"notices (ICESTREAM_NOTICES): {address} cannot be used: {problem}")
    bare = urlunsplit((scheme, parts.netloc, parts.path, "", ""))
    return Source(kind, scheme, SecretUrl(bare), options)


def _is_number(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False
