"""Settings: from what the command line gives, the environment (ICESTREAM_*) and icestream.toml, in this order.

The only place that reads the environment. Everything has a default: with no settings at all, all of icestream runs in
one process on one machine.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from icestream_core.errors import SettingsError
from icestream_runtime.secret_url import SecretUrl, parts_of

PREFIX: Final = "ICESTREAM_"
FILE: Final = "icestream.toml"
POLICIES: Final = ("version", "replace", "skip", "error")
LOOKS_LIKE: Final = 0.85
"""How near an unknown variable must be to a known one to be taken for a slip of the pen."""


Words = Annotated[tuple[str, ...], NoDecode]
"""Several words; in the environment with commas or spaces between."""


SecretUrls = Annotated[tuple[SecretUrl, ...], NoDecode]
"""Several addresses; in the environment with spaces between."""


class BucketAccess(BaseModel):
    """How a bucket is reached; without keys as any AWS tool does it (environment, profile, role)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint_url: str | None = None
    region: str | None = None
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    anonymous: bool = False


class Settings(BaseSettings):
    """What an operator may decide. Read it with `load`; seconds are seconds, sizes take units ("4GiB")."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    amqp_url: SecretUrl | None = Field(
        default=None, description="amqp[s]://user:password@host:port/vhost; a broker in memory where absent"
    )
    tls_ca: Path | None = Field(default=None, description="Certificates to trust for amqps, instead of the system's")
    tls_certificate: Path | None = Field(default=None, description="Our own certificate, where the broker wants one")
    tls_key: Path | None = Field(default=None, validate_default=True, description="The key of our certificate")
    heartbeat_seconds: int = Field(default=30, ge=5, le=600, description="Between heartbeats on AMQP connections")
    reconnect_seconds: float = Field(
        default=15.0, ge=0.2, le=600, description="The longest pause between attempts to reach a broker that is away"
    )

    ledger_url: SecretUrl = Field(
        default=SecretUrl(""), description="SQLAlchemy URL; SQLite in `out` where absent", validate_default=True
    )

    catalogue_url: SecretUrl = Field(
        default=SecretUrl(""),
        description="SQLAlchemy URL of the catalogue's own tables; SQLite in `out` where absent",
        validate_default=True,
    )
    catalogue_host: str = Field(
        default="127.0.0.1", description="Where the catalogue listens; 0.0.0.0 for every interface, as in a container"
    )
    catalogue_port: int = Field(
        default=8080, ge=0, le=65535, description="Of the catalogue's STAC API and page; 0 for a free one"
    )
    catalogue_public_url: str = Field(
        default="", description="What the catalogue's links begin with, behind a proxy; as it was asked where absent"
    )

    out: str = Field(
        default="output", min_length=1, description="Root of all output: a directory, or s3://bucket/prefix"
    )
    staging: Path | None = Field(default=None, description="Where files are written first; in `out` where absent")
    cache_dir: Path | None = Field(default=None, description="Where remote granules are kept; in `out` where absent")
    cache_size: ByteSize = Field(default=ByteSize(20 * 10**9), ge=0, description="What the cache may hold")

    s3_endpoint_url: str | None = Field(default=None, description="Of S3 that is not Amazon's: MinIO, Ceph")
    s3_region: str | None = Field(default=None, description="Of the buckets; what AWS tools take where absent")
    s3_access_key: SecretStr | None = Field(default=None, description="As AWS tools find it where absent")
    s3_secret_key: SecretStr | None = Field(
        default=None, validate_default=True, description="Belongs to `s3_access_key`"
    )
    s3_buckets: dict[str, BucketAccess] = Field(
        default={},
        description="Buckets elsewhere: name to endpoint_url, region, access_key, secret_key, anonymous; as JSON",
    )
    fetch_buckets: Words = Field(default=(), description="Buckets that granules may lie in; any where empty")
    fetch_hosts: Words = Field(
        default=(), description="Hosts that granules are fetched from, sub-domains too; any public one where empty"
    )
    fetch_private: Words = Field(default=(), description="Networks that are allowed though not public: 10.0.0.0/8")
    fetch_plain_http: bool = Field(default=False, description="Whether granules may come by http without TLS")
    fetch_tokens: dict[str, SecretStr] = Field(default={}, description="Bearer tokens by host, as JSON")
    storage_ca: Path | None = Field(
        default=None, description="Certificates to trust for https and S3, instead of the system's"
    )
    fetch_timeout_seconds: float = Field(default=30.0, gt=0, description="For connecting, and for each read")
    fetch_seconds: float = Field(default=900.0, gt=0, description="For one https file from beginning to end")
    fetch_limit: ByteSize = Field(default=ByteSize(20 * 10**9), gt=0, description="The largest file that is fetched")
    granules: Path | None = Field(default=None, description="A directory of real granules, for the demo")

    publisher_name: str = Field(default="not stated", description="Who answers for the products, in every file")
    publisher_institution: str = Field(default="not stated", description="The publisher's institution")
    publisher_url: str = Field(default="not stated", description="The publisher's page")
    publisher_email: str = Field(default="not stated", description="The publisher's address for questions")

    plugins: Words = Field(default=(), description="Plugins to load, by entry point; all that there are where empty")
    options: Words = Field(
        default=(), description="Options of products, instead of their own: PRODUCT.OPTION=VALUE; describe shows them"
    )
    products: Words = Field(default=(), description="Products that this worker makes; all that are loaded where empty")

    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="JSON lines, or colours for people; auto looks for a terminal"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Of /livez, /readyz and /metrics; 0 for a free one, none where absent"
    )

    trace_endpoint: str | None = Field(
        default=None,
        description="Where traces go, by OTLP over HTTP: http://collector:4318/v1/traces; no traces where absent",
    )
    trace_headers: SecretStr = Field(
        default=SecretStr(""), description="Headers for it, such as keys: name=value, with commas between"
    )
    trace_share: float = Field(default=1.0, ge=0, le=1, description="Share of the granules whose way is traced")
    gauge_seconds: float = Field(
        default=15.0, gt=0, description="Between looks at slots, queues and disks for the metrics that show them"
    )
    deaf_seconds: float = Field(
        default=60.0, gt=0, description="Of silence, while something waits, before a service is deaf: see Health"
    )

    stable_seconds: float = Field(
        default=2.0, ge=0, description="How long a file must be unchanged before it is whole and announced"
    )
    rescan_seconds: float = Field(
        default=60.0, gt=0, description="Between looks at whole watched directories, for what no notice came of"
    )

    notices: SecretUrls = Field(
        default=(), description="Where notices come from: FORMAT+amqps://, FORMAT+mqtts://, s3://bucket/prefix"
    )
    notices_port: int | None = Field(
        default=None, ge=0, le=65535, description="Of notices by HTTP POST; 0 for a free one, none where absent"
    )
    notices_token: SecretStr | None = Field(
        default=None, validate_default=True, description="The bearer token of who may post notices"
    )
    notices_per_second: float = Field(default=50.0, gt=0, description="Notices that one address may post")
    notices_file: Path | None = Field(
        default=None, description="Where it is kept what was announced by notices; in `out` where absent"
    )
    duplicates: Words = Field(
        default=(), description="Other content under a known name: COLLECTION=version, replace, skip or error; or *="
    )
    duplicates_by_content: Words = Field(
        default=(), description="Collections where the same content under another name is a duplicate; or *"
    )
    duplicates_seconds: float = Field(default=604_800.0, gt=0, description="How long notices are remembered")

    concurrency: int = Field(default=1, ge=1, le=256, description="Slots that a worker makes at once, each in a child")
    backfill_concurrency: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Of these, how many may be of a backfill; all but one where absent, which is kept for new passes",
    )
    prefetch: int | None = Field(
        default=None, ge=1, le=1000, description="Tasks that a worker holds; concurrency + 1 where absent"
    )
    time_limit_seconds: float | None = Field(default=None, gt=0, description="Instead of each product's own limit")
    memory_limit: ByteSize | None = Field(
        default=None, ge=64 * 2**20, description="Resident memory of a child, instead of each product's own limit"
    )
    recycle_after: int = Field(default=1000, ge=1, description="Slots after which a child is replaced")
    grace_seconds: float = Field(default=60.0, ge=0, description="After SIGTERM, for slots that are being made")

    settle_seconds: float = Field(
        default=600.0, ge=0, description="How long the stream must be quiet before a closed slot is made incomplete"
    )
    max_attempts: int = Field(default=5, ge=1, description="Failures that count before a slot is dead")
    backoff_seconds: float = Field(default=30.0, ge=0, description="After the first failure; doubled after each")
    tick_seconds: float = Field(default=1.0, gt=0, description="Between looks at what is due")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - given by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - given by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line over environment over file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_file())

    @field_validator(
        "plugins",
        "products",
        "options",
        "fetch_buckets",
        "fetch_hosts",
        "fetch_private",
        "duplicates",
        "duplicates_by_content",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("notices", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("notices_token")
    @classmethod
    def _port_has_its_token(cls, value: SecretStr | None, known: ValidationInfo) -> SecretStr | None:
        if known.data.get("notices_port") is not None and not (value and value.get_secret_value()):
            raise ValueError("wanted, where notices_port is set: nobody posts unasked")
        return value

    @field_validator("duplicates")
    @classmethod
    def _are_policies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            name, _, policy = word.partition("=")
            if not name or policy not in POLICIES:
                raise ValueError(f"found {word!r}; wanted COLLECTION= and one of {', '.join(POLICIES)}")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("amqp_url")
    @classmethod
    def _is_amqp(cls, value: SecretUrl | None) -> SecretUrl | None:
        if value is not None:
            parts = parts_of(value.get_secret_value())
            if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
                raise ValueError("wanted amqp://user:password@host:port/vhost, or amqps://")
        return value

    @field_validator("catalogue_public_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
            raise ValueError("wanted https://host/path, or http://")
        return value.rstrip("/")

    @model_validator(mode="before")
    @classmethod
    def _databases_lie_in_out(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        out = local_side(str(values.get("out", cls.model_fields["out"].default))).absolute()
        absent = {f"{name}_url" for name in ("ledger", "catalogue") if not values.get(f"{name}_url")}
        return {**values, **{name: f"sqlite:///{out / name.removesuffix('_url')}.sqlite" for name in absent}}

    @field_validator("fetch_private")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    @field_validator("s3_secret_key")
    @classmethod
    def _keys_belong_together(cls, value: SecretStr | None, known: ValidationInfo) -> SecretStr | None:
        if "s3_access_key" in known.data and (known.data["s3_access_key"] is None) != (value is None):
            raise ValueError("s3_access_key and s3_secret_key belong together: give both, or neither")
        return value

    @field_validator("tls_key")
    @classmethod
    def _certificate_has_its_key(cls, value: Path | None, known: ValidationInfo) -> Path | None:
        if "tls_certificate" in known.data and (known.data["tls_certificate"] is None) != (value is None):
            raise ValueError("tls_certificate and tls_key belong together: give both, or neither")
        return value

    @property
    def held_tasks(self) -> int:
        """How many tasks a worker holds: one more than it makes, so that the next is fetched meanwhile."""
        return self.prefetch or self.concurrency + 1

    @property
    def held_of_backfill(self) -> int:
        """How many tasks of a backfill a worker takes at once: none waits for a child that a new pass could have."""
        return self.backfill_concurrency or max(1, self.concurrency - 1)


def local_side(out: str) -> Path:
    """Return the directory of what has to lie on a disk of this machine: `out`, or ./output where that is on S3."""
    return Path("output") if out.startswith("s3://") else Path(out.removeprefix("file://"))


def settings_file() -> Path | None:
    """Return the settings file: what ICESTREAM_CONFIG names, else ./icestream.toml where there is one."""
    named = os.environ.get(f"{PREFIX}CONFIG")
    if named:
        return Path(named)
    return Path(FILE) if Path(FILE).is_file() else None


def load(**given: Any) -> Settings:
    """Return the settings; what is given and not None goes before environment and file.

    Raises SettingsError that names everything wrong at once.
    """
    problems = _misspelt()
    path = settings_file()
    try:
        if path is not None:
            tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"settings file {path} cannot be read: {error}") from None
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        # By name of the setting: an input that is wrong may be a secret, so it is never repeated.
        problems += [_in_words(problem["loc"], problem["msg"], path) for problem in error.errors(include_input=False)]
    if problems:
        raise SettingsError("settings cannot be used:\n" + "\n".join(f"  {problem}" for problem in problems))
    return settings


def _in_words(location: tuple[int | str, ...], message: str, path: Path | None) -> str:
    name = str(location[0]) if location else ""
    text = message.removeprefix("Value error, ")
    if not name:
        return text
    if name not in Settings.model_fields:
        near = difflib.get_close_matches(name, Settings.model_fields, 1)
        where = path or "what was given"
        return f"{name} in {where} is no setting" + (f"; did you mean {near[0]}?" if near else "")
    return f"{name} ({PREFIX}{name.upper()}): {text[:1].lower()}{text[1:]}"


def _misspelt() -> list[str]:
    """Return variables that are almost settings. Others may be anybody's: Kubernetes makes some for every service."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields] + [f"{PREFIX}CONFIG"]
    found = []
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, 1, LOOKS_LIKE)
            if near:
                found.append(f"{name} is no setting; did you mean {near[0]}?")
    return found
