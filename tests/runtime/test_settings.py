"""Settings come from the command line, the environment and a file, in this order; what is wrong is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from icestream_core.errors import LedgerError, SettingsError
from icestream_runtime.ledger import open_ledger
from icestream_runtime.secret_url import SecretUrl
from icestream_runtime.settings import Settings, load


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No ICESTREAM_ variables, and a directory without a settings file."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ICESTREAM_{name.upper()}", raising=False)
    monkeypatch.delenv("ICESTREAM_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def test_with_nothing_set_everything_runs_in_one_process(tmp_path: Path) -> None:
    settings = load()
    assert settings.amqp_url is None
    assert settings.ledger_url.get_secret_value() == f"sqlite:///{tmp_path}/output/ledger.sqlite"
    assert settings.settle_seconds == 600
    assert settings.max_attempts == 5


def test_the_ledger_lies_in_the_output_unless_it_is_elsewhere(tmp_path: Path) -> None:
    assert load(out=str(tmp_path / "here")).ledger_url.get_secret_value() == f"sqlite:///{tmp_path}/here/ledger.sqlite"
    elsewhere = "postgresql+psycopg://u:p@db/icestream"
    assert load(ledger_url=elsewhere).ledger_url.get_secret_value() == elsewhere


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "icestream.toml").write_text('concurrency = 2\nmax_attempts = 2\nplugins = ["snow-depth"]\n')
    monkeypatch.setenv("ICESTREAM_CONCURRENCY", "3")
    monkeypatch.setenv("ICESTREAM_RECYCLE_AFTER", "3")
    settings = load(recycle_after=4, tick_seconds=None)
    assert (settings.max_attempts, settings.concurrency, settings.recycle_after) == (2, 3, 4)
    assert settings.plugins == ("snow-depth",)
    assert settings.tick_seconds == 1


def test_a_settings_file_may_lie_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.toml").write_text('out = "/data"\n')
    monkeypatch.setenv("ICESTREAM_CONFIG", str(tmp_path / "elsewhere.toml"))
    assert load().out == "/data"


@pytest.mark.parametrize("text", ["snow-depth,foundation", "snow-depth foundation", " snow-depth,  foundation "])
def test_words_in_the_environment_are_parted_by_commas_or_spaces(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ICESTREAM_PLUGINS", text)
    assert load().plugins == ("snow-depth", "foundation")


def test_sizes_take_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICESTREAM_MEMORY_LIMIT", "4GiB")
    assert load().memory_limit == 4 * 2**30


def test_a_worker_holds_one_task_more_than_it_makes() -> None:
    assert load(concurrency=3).held_tasks == 4
    assert load(concurrency=3, prefetch=9).held_tasks == 9


def test_everything_wrong_is_said_at_once_and_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICESTREAM_PREFETCH", "many")
    monkeypatch.setenv("ICESTREAM_LOG_LEVEL", "loud")
    monkeypatch.setenv("ICESTREAM_AMQP_URL", "http://u:geheim@broker")
    monkeypatch.setenv("ICESTREAM_TLS_KEY", "/key.pem")
    with pytest.raises(SettingsError) as raised:
        load(concurrency=0)
    text = str(raised.value)
    assert "prefetch (ICESTREAM_PREFETCH): input should be a valid integer" in text
    assert "log_level (ICESTREAM_LOG_LEVEL): input should be 'debug', 'info', 'warning' or 'error'" in text
    assert "amqp_url (ICESTREAM_AMQP_URL): wanted amqp://user:password@host:port/vhost" in text
    assert "concurrency (ICESTREAM_CONCURRENCY): input should be greater than or equal to 1" in text
    assert "tls_certificate and tls_key belong together" in text
    assert "geheim" not in text


def test_a_slip_of_the_pen_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ICESTREAM_CONCURENCY", "3")
    (tmp_path / "icestream.toml").write_text("max_atempts = 2\n")
    with pytest.raises(SettingsError) as raised:
        load()
    assert "ICESTREAM_CONCURENCY is no setting; did you mean ICESTREAM_CONCURRENCY?" in str(raised.value)
    assert "max_atempts in icestream.toml is no setting; did you mean max_attempts?" in str(raised.value)


def test_variables_that_kubernetes_makes_for_a_service_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICESTREAM_GATHERER_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("ICESTREAM_GATHERER_PORT_9100_TCP", "tcp://10.0.0.1:9100")
    assert load().concurrency == 1


@pytest.mark.parametrize("content", [b"concurrency = \n", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "icestream.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"settings file icestream\.toml cannot be read"):
        load()


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICESTREAM_CONFIG", "/nowhere/icestream.toml")
    with pytest.raises(SettingsError, match=r"/nowhere/icestream\.toml"):
        load()


def test_passwords_are_never_printed() -> None:
    settings = load(amqp_url="amqp://anna:geheim@broker/ice", ledger_url="postgresql+psycopg://anna:geheim@db/ice")
    for text in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "geheim" not in text
    assert str(settings.amqp_url) == "amqp://anna:***@broker/ice"
    assert settings.amqp_url is not None
    assert settings.amqp_url.get_secret_value() == "amqp://anna:geheim@broker/ice"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:ge/geheim@db/ice",
        "postgresql://anna:ge@geheim@db/ice",
        "postgresql://db/ice?user=anna&password=geheim",
        "postgresql://anna@db/ice?PASSWORD=geheim&sslmode=require",
    ],
)
def test_a_password_is_not_printed_however_it_is_written(url: str) -> None:
    settings = load(ledger_url=url)
    assert "geheim" not in f"{settings!r} {settings.ledger_url}"


@pytest.mark.parametrize("password", ["a/geheim", "geheim/a", "geheim#", "a?geheim", "[geheim"])
def test_a_password_that_is_not_quoted_is_told_and_not_repeated(password: str) -> None:
    with pytest.raises(SettingsError, match="its password is not quoted") as raised:
        load(amqp_url=f"amqp://anna:{password}@broker/ice")
    assert "geheim" not in str(raised.value)


def test_a_url_without_a_password_is_printed_as_it_is() -> None:
    for url in ("amqp://broker:5672/ice", "sqlite:////data/ledger.sqlite", "s3://bucket/a", "mqtts://anna@host:8883"):
        assert str(SecretUrl(url)) == url


def test_a_ledger_that_is_away_is_told_without_its_password() -> None:
    with pytest.raises(LedgerError, match="at postgresql") as raised:
        open_ledger("postgresql://127.0.0.1:1/ice?user=anna&password=geheim")
    assert "geheim" not in str(raised.value)


def test_every_setting_says_what_it_is() -> None:
    told = {name for name, field in Settings.model_fields.items() if field.description}
    assert set(Settings.model_fields) - told == {"log_level"}
