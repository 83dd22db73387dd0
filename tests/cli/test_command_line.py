"""The command as a whole: quick help, exit codes, and errors told in a line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from icestream_cli import edge
from icestream_cli.__main__ import cli
from icestream_cli.commands import COMMANDS
from icestream_core import errors

Run = Callable[..., "subprocess.CompletedProcess[str]"]

HEAVY = {"pydantic", "numpy", "xarray", "rich", "sqlalchemy", "pika", "structlog", "prometheus_client"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command in an empty directory, without settings of the machine."""

    def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ICESTREAM_")}
        given: Mapping[str, str] = {f"ICESTREAM_{name.upper()}": value for name, value in settings.items()}
        return subprocess.run(
            [sys.executable, "-m", "icestream_cli", *words],
            cwd=tmp_path,
            env=clean | given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import json, sys; sys.argv = ['icestream', '--help']; from icestream_cli import edge, __main__\n"
        "edge.run(__main__.cli)\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    *help_text, loaded = done.stdout.strip().splitlines()
    assert set(json.loads(loaded)) & HEAVY == set()
    for name, entry in COMMANDS.items():
        assert any(line.split()[:1] == [name] for line in help_text), f"{name} is not in the help"
        assert entry.help.endswith(".")


def test_exit_codes_are_documented(run: Run) -> None:
    shown = run("--help").stdout
    for code, meaning in edge.EXIT_CODES.items():
        assert f"{code}  {meaning}" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = CliRunner().invoke(cli, [name, "--help"], obj=edge.Given())
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"Usage: icestream {name}") or done.output.startswith(f"Usage: cli {name}")


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").stdout == "icestream 0.1.0\n"


def test_what_errors_mean_for_the_caller() -> None:
    from icestream_runtime import broker

    assert edge.exit_code(errors.SettingsError("")) == edge.USAGE
    assert edge.exit_code(broker.BrokerRefused("")) == edge.USAGE
    assert edge.exit_code(broker.PublishNotConfirmed("", [])) == edge.AWAY
    assert edge.exit_code(errors.LedgerError("")) == edge.AWAY
    assert edge.exit_code(errors.StorageError("")) == edge.AWAY
    assert edge.exit_code(errors.PluginError("")) == edge.PLUGIN
    assert edge.exit_code(errors.GranuleError("")) == edge.BAD_FILE
    assert edge.exit_code(edge.NotMade("")) == edge.NOT_MADE


@pytest.mark.parametrize(
    ("words", "settings", "code", "told"),
    [
        (["describe", "nothing"], {}, 2, "no product 'nothing' is installed; there are cold-pass-tb"),
        (["nothing"], {}, 2, "No such command 'nothing'"),
        (["products"], {"log_level": "loud"}, 2, "log_level (ICESTREAM_LOG_LEVEL)"),
        (["products"], {"plugins": "nothing"}, 4, "no plugin nothing is installed"),
        (["status"], {}, 3, "icestream ledger migrate"),
        (["status"], {"ledger_url": "mysql://here"}, 3, "its scheme is mysql"),
        (["gatherer"], {}, 2, "set ICESTREAM_AMQP_URL"),
        (["worker"], {}, 2, "set ICESTREAM_AMQP_URL"),
        (["watch", "."], {}, 2, "set ICESTREAM_AMQP_URL"),
        (["register", "--timeout", "1"], {"amqp_url": "amqp://127.0.0.1:1/"}, 3, "127.0.0.1:1"),
        (["run", "--watch", "nowhere"], {}, 2, "nowhere is no directory; make it"),
        (["run", "--watch", "."], {"notices": "s3://bucket"}, 2, "notices are heard by `icestream watch`"),
        (["announce", "--notice", "fax", __file__], {}, 2, "no format 'fax'; there are cnm, wis2"),
        (["announce", "--notice", "cnm", __file__], {}, 5, "cnm notice: body: is no JSON"),
        (["slots", "redrive"], {}, 2, "name slots, or give --product, --dead or --parked"),
        (["simulate", "nothing", "--from", "2014-01-01", "--out", "o"], {}, 2, "no collection 'nothing' is simulated"),
    ],
)
def test_errors_are_told_in_a_line(run: Run, words: list[str], settings: dict[str, str], code: int, told: str) -> None:
    done = run(*words, **settings)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_debug_shows_where_an_error_comes_from(run: Run) -> None:
    done = run("--debug", "status")
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert "LedgerError" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(run: Run, tmp_path: Path) -> None:
    command = f"{sys.executable} -m icestream_cli products --json | head -c 5; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_asks_the_command(run: Run, shell: str) -> None:
    script = run("completion", shell).stdout
    assert f"_ICESTREAM_COMPLETE={shell}_complete" in script


def test_products_are_completed() -> None:
    environment = os.environ | {
        "_ICESTREAM_COMPLETE": "bash_complete",
        "COMP_WORDS": "icestream make snow-d",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-m", "icestream_cli"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == [
        "plain,snow-depth-china",
        "plain,snow-depth-global",
        "plain,snow-depth-tibet-005",
    ]


def test_products_are_listed_as_json(run: Run) -> None:
    found = {each["name"]: each for each in json.loads(run("products", "--json").stdout)}
    china = found["snow-depth-china"]
    assert china["datasets"] == ["S39", "S35"]
    assert (china["family"], china["period"], china["fidelity"]) == ("snow-depth", "day", "published-formula")
    assert china["inputs"]["tb"] == {"role": "trigger", "optional": False, "collections": ["cold-pass-tb"]}
    assert {"cold-pass-tb", "snow-cover-hma", "snow-cover-probability", "snow-depth-tibet-005"} <= found.keys()


def test_products_are_listed_for_people(run: Run) -> None:
    shown = run("products").stdout
    line = next(line for line in shown.splitlines() if "snow-depth-china" in line)
    assert "1.0.0" in line
    assert "S39, S35" in line


def test_collections_say_who_reads_them(run: Run) -> None:
    found = {each["name"]: each for each in json.loads(run("collections", "--json").stdout)}
    assert found["mod10a2"]["read_by"] == ["snow-cover-hma"]
    assert found["nsidc-0032"]["sensors"]["F17"] == "ssmis"


def test_a_product_is_described_in_full(run: Run) -> None:
    shown = run("describe", "snow-depth-china").stdout
    for word in ("region_{period:%Y%j}.txt", "snow_depth", "10.3189/172756408787814690", "-3..+3", "84 h", "dry_snow"):
        assert word in shown
    record = json.loads(run("describe", "snow-depth-china", "--json").stdout)
    assert [delivery["dataset"] for delivery in record["deliveries"]] == ["S39", "S39", "S35"]


def test_the_topology_is_shown_without_a_broker(run: Run) -> None:
    shown = json.loads(run("topology", "show", "--json").stdout)
    names = {queue["name"] for queue in shown["queues"]}
    assert {"icestream.intake", "icestream.outcomes", "icestream.dead", "icestream.make.snow-cover-hma.bulk"} <= names
    keys = {binding["routing_key"] for binding in shown["bindings"]}
    assert {"register.*", "granule.*.mod10a2", "product.*.cold-pass-tb"} <= keys


def test_granules_are_simulated_as_files(run: Run, tmp_path: Path) -> None:
    done = run("simulate", "mod10a2", "--from", "2014-01-25", "--tile", "h25v05", "--out", "granules", "--json")
    (path,) = json.loads(done.stdout)["files"]
    assert path == "granules/MOD10A2.A2014025.h25v05.061.2014035050729.hdf"
    assert (tmp_path / path).stat().st_size > 100_000


def test_status_shows_what_the_ledger_knows_where_the_broker_is_away(run: Run, tmp_path: Path) -> None:
    settings = {"ledger_url": f"sqlite:///{tmp_path}/ledger.sqlite", "amqp_url": "amqp://guest:guest@127.0.0.1:1/"}
    assert run("ledger", "migrate", **settings).returncode == 0
    done = run("status", "--timeout", "0.5", **settings)
    assert done.returncode == edge.AWAY
    assert "the queues cannot be seen: the broker is away" in done.stdout
    assert "product" in done.stdout
    told, advice = done.stderr.strip().splitlines()
    assert told.startswith("icestream: no answer from amqp://guest:***@127.0.0.1:1/ in 0.5 s: ConnectionRefusedError")
    assert advice.startswith("icestream doctor ")
