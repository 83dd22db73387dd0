"""A private S3: moto's server on a thread of the tests, on a free port of loopback."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import s3fs
from moto.server import ThreadedMotoServer

KEY, SECRET = "tests", "tests-secret"


class PrivateS3:
    """Start it, ask it for buckets, close it."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)

    def start(self) -> None:
        # A line for each request would bury what a failed test has to say.
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._server.start()
        _, port = self._server.get_host_and_port()
        self.endpoint_url = f"http://127.0.0.1:{port}"

    def close(self) -> None:
        self._server.stop()

    def settings(self) -> dict[str, str]:
        """Return the settings by which icestream reaches it."""
        return {
            "s3_endpoint_url": self.endpoint_url,
            "s3_region": "us-east-1",
            "s3_access_key": KEY,
            "s3_secret_key": SECRET,
        }

    def filesystem(self) -> Any:
        return s3fs.S3FileSystem(
            key=KEY,
            secret=SECRET,
            endpoint_url=self.endpoint_url,
            client_kwargs={"region_name": "us-east-1"},
            use_listings_cache=False,
        )

    def bucket(self) -> str:
        """Make an empty bucket and return its name."""
        name = f"icestream-{uuid.uuid4().hex[:12]}"
        self.filesystem().call_s3("create_bucket", Bucket=name)
        return name
