"""Every image builds, is no larger than is said, holds what it needs and nothing else, and works without any rights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import lacks
from docker.installed import ROOT, installed, needed
from docs.pages import section, table
from icestream_core.plugins import load
from parts.images import Container, Images, find_buildah, find_mmdebstrap
from parts.process import free_ports
from parts.stream import stream

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml"))
FAMILIES = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))
BUILT = [(service, "") for service in SERVICES if service != "worker"] + [("worker", family) for family in FAMILIES]

# One process builds them all: each begins with the layers of the one before.
pytestmark = [pytest.mark.xdist_group("images"), pytest.mark.timeout(1200)]


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    if os.getuid() != 0:
        lacks("Images are built and run by root here: sudo make test, or build them with Docker")
    if not find_buildah() or not find_mmdebstrap():
        lacks("Images are built with buildah on a base by mmdebstrap: apt-get install buildah mmdebstrap")
    store = Images()
    yield store
    store.close()


def limits() -> dict[str, int]:
    """Return the sizes that docs/operations.md promises, bytes by service."""
    rows = table(section(PAGE, "Images"))
    return {row[0].strip("`"): int(row[1].removesuffix(" MB").replace(",", "")) * 10**6 for row in rows}


def test_every_service_has_a_size_that_it_promises() -> None:
    assert set(limits()) == set(SERVICES)


@pytest.mark.parametrize(("service", "family"), BUILT, ids=[f"{s}-{f}" if f else s for s, f in BUILT])
def test_an_image_holds_what_it_needs_and_no_more(
    images: Images, service: str, family: str, capsys: pytest.CaptureFixture[str]
) -> None:
    image = images.build(service, family)
    size, most = images.size(image), limits()[service]
    with capsys.disabled():
        print(f"\n{image.removeprefix('localhost/')}: {size / 1e6:.0f} MB beyond the base, at most {most / 1e6:.0f}")
    assert size <= most
    described = images.described(image)
    assert described["User"] == "10001:10001"
    assert described["Healthcheck"]["Test"] == ["CMD", "python", "-m", "icestream_runtime.probe"]
    assert described["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    with images.mounted(image) as files:
        wanted = needed(f"icestream-{service}", *([f"icestream-{family}"] if family else []))
        assert installed(files) == wanted
        assert not (files / "src").exists()
        assert not (files / "wheels").exists() or not list((files / "wheels").iterdir())


def test_a_worker_makes_a_product_in_its_container_as_nobody_on_a_read_only_root(
    images: Images, tmp_path: Path, amqp_url: str, postgres_url: str
) -> None:
    image = images.build("worker", "foundation")
    tmp_path.chmod(0o755)
    for directory in tmp_path.parents:
        if directory.stat().st_uid == os.getuid() and directory.is_relative_to("/tmp"):
            directory.chmod(0o755)
    with (
        stream(tmp_path, amqp_url, postgres_url, stable_seconds=0.2) as running,
        images.mounted(image) as files,
    ):
        os.chown(running.out, 10001, 10001)
        (port,) = free_ports(1)
        container = Container(
            files,
            images.described(image),
            [tmp_path],
            running.logs / "worker.log",
            ICESTREAM_AMQP_URL=amqp_url,
            ICESTREAM_OUT=str(running.out),
            ICESTREAM_METRICS_PORT=str(port),
        )
        assert container.run("id", "-u").stdout == "10001\n"
        refused = container.run("touch", "/opt/icestream/mine")
        assert "Read-only file system" in refused.stderr
        assert container.run("python", "-m", "icestream_runtime.probe").returncode == 1
        registered = container.run("python", "-m", "icestream_worker.register")
        of_family = {name for name, product in load().products.items() if product.family == "foundation"}
        assert registered.returncode == 0, registered.stderr
        assert all(name in registered.stdout for name in of_family)

        running.start("gatherer", "gatherer")
        running.start("watcher", "watch", str(running.watched))
        worker = container.serve()
        worker.start(lambda: container.run("python", "-m", "icestream_runtime.probe").returncode == 0)
        running.command("simulate", "nsidc-0032", "--from", "2014-02-01", "--out", str(running.watched))
        rows = running.wait_until_quiet(120)
        made = {row.slot.key: row.state for row in rows if row.slot.product == "cold-pass-tb"}
        assert set(made.values()) == {"made"}, (made, worker.last_words())
        written = [path for path in running.out.rglob("*.nc") if path.is_file()]
        assert written
        assert {path.stat().st_uid for path in written} == {10001}
        worker.kill()
        assert set(running.stop().values()) == {0}
