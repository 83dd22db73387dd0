"""A private PostgreSQL on loopback, and the databases that give every test a ledger of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from parts.process import Server, free_ports, private_directory


def find_postgresql() -> Path | None:
    """Return the directory of PostgreSQL's programs, the newest version's, or None where it is not installed."""
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if versions:
        return max(versions, key=lambda path: float(re.sub(r"[^\d.]", "", path.parent.name) or 0))
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path and shutil.which("initdb") else None


class Database:
    """A running PostgreSQL, reached by the URL of a user who may create databases."""

    def __init__(self, url: str | URL) -> None:
        self.url = make_url(url).set(drivername="postgresql+psycopg")

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database, give its SQLAlchemy URL and drop it afterwards, whoever is still connected."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._do(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            yield self.url.set(database=name).render_as_string(hide_password=False)
        finally:
            self._do(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _do(self, statement: sql.Composed) -> None:
        url = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement)


class PrivatePostgreSQL(Database):
    """A PostgreSQL of our own: killed, started again on the same port and data, paused, resumed, closed."""

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        """Prepare it.

        certificate : certificate and key, where it is to speak TLS
        """
        home = find_postgresql()
        if home is None:
            raise FileNotFoundError("PostgreSQL is not installed. Install it: apt-get install postgresql")
        (self.port,) = free_ports(1)
        super().__init__(f"postgresql://icestream@127.0.0.1:{self.port}/postgres")
        self.directory = private_directory("postgresql")
        user = _unprivileged_user()
        if user:
            shutil.chown(self.directory, user)
        initdb = [str(home / "initdb"), "-D", "data", "-U", "icestream", "-A", "trust", "-E", "UTF8", "--locale=C"]
        as_user = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"] if user else []
        subprocess.run([*as_user, *initdb, "--no-sync"], cwd=self.directory, check=True, capture_output=True)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "on",
            "max_connections": "200",
        }
        if certificate is not None:
            settings |= {"ssl": "on"}
            for name, source in zip(("ssl_cert_file", "ssl_key_file"), certificate, strict=True):
                settings[name] = str(self._own(source, user))
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(home / "postgres"), "-D", str(self.directory / "data"), *options]
        self.server = Server(command, os.environ, self.directory / "server.log", user)

    def start(self) -> None:
        """Start, or start again after a kill, on the same port and the same data."""
        self.server.start(self._answers)

    def _own(self, source: Path, user: str | None) -> Path:
        """Return a copy of a file that only the server's user may read, as it wants of keys."""
        target = self.directory / source.name
        shutil.copyfile(source, target)
        target.chmod(0o600)
        if user:
            shutil.chown(target, user)
        return target

    def ensure(self) -> None:
        """Start unless it runs: for the test that comes after one that killed it."""
        if not self.server.running:
            self.start()

    def kill(self) -> None:
        """SIGKILL the postmaster and every backend: the next start recovers from the write-ahead log."""
        self.server.kill()

    def pause(self) -> None:
        self.server.pause()

    def resume(self) -> None:
        self.server.resume()

    def close(self) -> None:
        """End it for good; its data go with this process."""
        self.server.kill()

    def _answers(self) -> bool:
        url = self.url.set(drivername="postgresql").render_as_string()
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=1):
            return True
        return False


def _unprivileged_user() -> str | None:
    """Return whom to become as root, because PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
