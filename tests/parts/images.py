"""Images built as an operator builds them, but without a Docker engine or a network: buildah, chroot, a wheelhouse.

What is slow is kept between runs in the user's cache: the base image's files, the wheels, and the layers. A first build
takes minutes, another one seconds for each image.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from parts.process import Server

ROOT: Final = Path(__file__).parents[2]
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "icestream-tests"
SUITE: Final = "bookworm"
BASE: Final = "localhost/icestream-base"
PYTHON: Final = "3.11"
"""Of the base image, Debian's; the Dockerfile's own base has the same."""
PLATFORMS: Final = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
MOST_BYTES: Final = 12 * 10**9
"""What the layers may take on disk before they are thrown away."""


def find_buildah() -> str | None:
    return shutil.which("buildah")


def find_mmdebstrap() -> str | None:
    return shutil.which("mmdebstrap")


class Images:
    """A store of images; `build` makes one of icestream's, `mounted` shows its files, `Container` runs it."""

    def __init__(self) -> None:
        CACHE.mkdir(parents=True, exist_ok=True)
        self.wheels = CACHE / "wheels"
        self._lock = (CACHE / "lock").open("w")
        # One at a time on this machine: the store is shared.
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._store = CACHE / "images"
        self._driver = self._choose_driver()
        if self._store.exists() and size_of(self._store) > MOST_BYTES:
            self._buildah("rmi", "--all", "--force")
        self._base()
        self._download()

    def close(self) -> None:
        self._lock.close()

    def build(self, service: str, family: str = "") -> str:
        """Build docker/Dockerfile and return the image's name."""
        name = f"localhost/icestream-{service}{f'-{family}' if family else ''}"
        arguments = {
            "BASE": BASE,
            "SERVICE": service,
            "FAMILY": family,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": "/wheels",
            "PIP_INDEX_URL": "",
        }
        given = [part for key, value in arguments.items() for part in ("--build-arg", f"{key}={value}")]
        self._buildah(
            "bud", "--layers", "--format", "docker", "--isolation", "chroot", "--pull-never", *given,
            "--volume", f"{self.wheels}:/wheels:ro", "--file", "docker/Dockerfile", "--tag", name, ".",
        )  # fmt: skip
        return name

    def described(self, image: str) -> dict[str, Any]:
        """Return the image's configuration: user, entry point, variables, labels, health check."""
        found: dict[str, Any] = json.loads(self._buildah("inspect", "--type", "image", image))
        return found["Docker"]["config"]  # type: ignore[no-any-return]

    def size(self, image: str) -> int:
        """Return the size of the image beyond its base, bytes."""
        sizes = []
        for each in (image, BASE):
            (found,) = json.loads(self._buildah("images", "--json", each))
            number, unit = found["size"].split()
            sizes.append(float(number) * {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[unit.upper()])
        return round(sizes[0] - sizes[1])

    @contextmanager
    def mounted(self, image: str) -> Iterator[Path]:
        """Give the directory of the image's files."""
        container = self._buildah("from", "--pull-never", image).strip()
        try:
            yield Path(self._buildah("mount", container).strip())
        finally:
            self._buildah("rm", container)

    def _base(self) -> None:
        """Make the base image: a small Debian with Python, as slim images of Python are."""
        if BASE in self._buildah("images", "--format", "{{.Name}}").split():
            return
        folder = CACHE / "base"
        archive = folder / f"{SUITE}.tar"
        if not archive.exists():
            folder.mkdir(exist_ok=True)
            made = folder / ".making.tar"
            packages = "python3,python3-venv"
            run(["mmdebstrap", "--variant=minbase", f"--include={packages}", SUITE, str(made)], timeout=900)
            made.rename(archive)
        (folder / "Dockerfile").write_text(f"FROM scratch\nADD {archive.name} /\n")
        self._buildah("bud", "--format", "docker", "--isolation", "chroot", "--tag", BASE, str(folder))

    def _download(self) -> None:
        """Fetch the wheels that any image may need, at the versions of constraints.txt."""
        wanted = sorted(requirements())
        constraints = (ROOT / "constraints.txt").read_text("utf-8")
        key = hashlib.sha256("\n".join([*wanted, constraints]).encode()).hexdigest()[:16]
        stamp = self.wheels / f".{key}"
        if stamp.exists():
            return
        self.wheels.mkdir(exist_ok=True)
        platforms = [part for platform in PLATFORMS for part in ("--platform", platform)]
        run([
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--only-binary", ":all:", "--python-version", PYTHON, "--implementation", "cp", *platforms,
            "--find-links", str(self.wheels), "--dest", str(self.wheels),
            "--constraint", "constraints.txt", *wanted, "uv_build>=0.13,<0.14",
        ], timeout=900)  # fmt: skip
        stamp.touch()

    def _choose_driver(self) -> str:
        """Return overlay where the kernel lets us, else vfs, which copies whole layers."""
        trial = CACHE / "trial"
        try:
            self._driver = "overlay"
            done = subprocess.run(
                [*self._command(trial), "from", "--pull-never", "scratch"], capture_output=True, check=False, timeout=60
            )
            if done.returncode == 0:
                done = subprocess.run(
                    [*self._command(trial), "mount", done.stdout.decode().strip()], capture_output=True, check=False
                )
            return "overlay" if done.returncode == 0 else "vfs"
        finally:
            subprocess.run([*self._command(trial), "rm", "--all"], capture_output=True, check=False, timeout=60)
            shutil.rmtree(trial, ignore_errors=True)

    def _command(self, store: Path) -> list[str]:
        places = ["--root", str(store / "root"), "--runroot", str(store / "run")]
        return ["buildah", "--storage-driver", self._driver, *places]

    def _buildah(self, *words: str) -> str:
        return run([*self._command(self._store), *words], timeout=900)


class Container:
    """A process in an image's files as Kubernetes would run it: the image's user, a read-only root, a /tmp of its own.

    shared : directories that are seen inside under the same path, writable
    """

    def __init__(
        self, files: Path, described: Mapping[str, Any], shared: Sequence[Path], log: Path, **variables: str
    ) -> None:
        self._files, self._shared = files, shared
        self._user = str(described["User"])
        self.environment = dict(entry.split("=", 1) for entry in described["Env"]) | variables
        self.entry = list(described["Entrypoint"])
        self._log = log

    def command(self, *words: str) -> list[str]:
        """Return the command that runs these words inside, from outside."""
        root = self._files
        mounts = [
            f"mount --bind {root} {root}",
            f"mount -t tmpfs -o mode=1777 tmpfs {root}/tmp",
            f"mount -t proc proc {root}/proc",
            f"mount --bind /dev {root}/dev",
            f"mount -t tmpfs -o size=64m,mode=1777 tmpfs {root}/dev/shm",
        ]
        # After /tmp, in which they may lie.
        for directory in self._shared:
            inside = f"{root}{directory}"
            mounts += [f"mkdir -p {inside}", f"mount --bind {directory} {inside}"]
        mounts += [
            f"mount -o remount,bind,ro {root}",
            f'exec chroot --userspec={self._user} {root} "$@"',
        ]
        return ["unshare", "--mount", "sh", "-euc", "; ".join(mounts), "sh", *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run something to its end."""
        return subprocess.run(
            self.command(*words), env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def serve(self) -> Server:
        """Return the image's own entry point as a server, not yet started."""
        return Server(self.command(*self.entry), self.environment, self._log)


def requirements() -> set[str]:
    """Return what any image takes from the index, as docker/wanted.py says it."""
    found = set()
    folder = CACHE / "wanted"
    families = ["", *sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))]
    for service in sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml")):
        for family in families if service == "worker" else [""]:
            run([sys.executable, "docker/wanted.py", str(folder), service, *([family] if family else [])])
            for name in ("runtime", "service", "family"):
                found.update((folder / f"{name}.txt").read_text("utf-8").split("\n"))
    return found - {""}


def size_of(directory: Path) -> int:
    return sum(path.lstat().st_size for path in directory.rglob("*") if not path.is_symlink() and path.is_file())


def run(command: Sequence[str], timeout: float = 120) -> str:
    """Return what a command prints; raises RuntimeError with the end of it where it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)[:300]}\nexit {done.returncode}\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout
