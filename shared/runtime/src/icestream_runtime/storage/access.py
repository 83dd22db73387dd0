"""Access: from where granules may be fetched, and with which keys. Data, from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr

from icestream_runtime.settings import BucketAccess, Settings


@dataclass(frozen=True, slots=True)
class Access:
    """What remote storage may be reached, and how. Secrets show as stars.

    s3 : for every bucket that is not named in `buckets`
    hosts : from which files are fetched, sub-domains included; any public one where empty
    private : networks that are allowed although they are not public ("10.0.0.0/8")
    tokens : bearer tokens by host
    ca : certificates to trust instead of the system's
    timeout : for connecting and for each read, s
    deadline : for one file from beginning to end, s
    limit : the largest file, bytes
    """

    s3: BucketAccess = field(default_factory=BucketAccess)
    buckets: Mapping[str, BucketAccess] = field(default_factory=dict)
    allowed_buckets: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    plain_http: bool = False
    tokens: Mapping[str, SecretStr] = field(default_factory=dict)
    ca: Path | None = None
    timeout: float = 30.0
    deadline: float = 900.0
    limit: int = 20 * 10**9

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the access that the settings describe."""
        return cls(
            s3=BucketAccess(
                endpoint_url=settings.s3_endpoint_url,
                region=settings.s3_region,
                access_key=settings.s3_access_key,
                secret_key=settings.s3_secret_key,
            ),
            buckets=settings.s3_buckets,
            allowed_buckets=settings.fetch_buckets,
            hosts=settings.fetch_hosts,
            private=settings.fetch_private,
            plain_http=settings.fetch_plain_http,
            # As addresses have them, whose hosts are read without capitals.
            tokens={host.lower(): token for host, token in settings.fetch_tokens.items()},
            ca=settings.storage_ca,
            timeout=settings.fetch_timeout_seconds,
            deadline=settings.fetch_seconds,
            limit=int(settings.fetch_limit),
        )

    def to_bucket(self, name: str) -> BucketAccess:
        """Return how a bucket is reached."""
        return self.buckets.get(name, self.s3)


def s3_options(access: BucketAccess, timeout: float, ca: Path | None = None) -> dict[str, Any]:
    """Return what s3fs takes; without keys it looks where every AWS tool does.

    timeout : for connecting and for each read, s
    ca : certificates to trust instead of the system's
    """
    options: dict[str, Any] = {
        "anon": access.anonymous,
        "endpoint_url": access.endpoint_url,
        # What others write must be seen: nothing is listed from memory.
        "use_listings_cache": False,
        "config_kwargs": {
            "connect_timeout": timeout,
            "read_timeout": timeout,
            "retries": {"mode": "standard", "max_attempts": 3},
        },
    }
    client: dict[str, Any] = {"region_name": access.region} if access.region else {}
    if ca is not None:
        client["verify"] = str(ca)
    if client:
        options["client_kwargs"] = client
    if access.access_key and access.secret_key:
        options["key"] = access.access_key.get_secret_value()
        options["secret"] = access.secret_key.get_secret_value()
    return options
