"""Addresses of sources say what is heard where; what is wrong with one is told without its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from icestream_core.errors import SettingsError
from icestream_runtime.memory import MemoryBroker
from icestream_runtime.metrics import Metrics
from icestream_runtime.secret_url import SecretUrl
from icestream_runtime.settings import load
from icestream_watcher.__main__ import watcher
from icestream_watcher.notices.mqtt import client_of
from icestream_watcher.notices.service import Notices
from icestream_watcher.notices.source_url import source_of


def test_an_address_says_format_broker_and_options() -> None:
    source = source_of(SecretUrl("wis2+mqtts://u:geheim@host:8883?topic=cache/a/%23&topic=origin/a/%23&client=me"))
    assert (source.format, source.scheme) == ("wis2", "mqtts")
    assert source.url.get_secret_value() == "mqtts://u:geheim@host:8883"
    assert source.options["topic"] == ("cache/a/#", "origin/a/#")
    assert (source.option("client"), source.option("respond")) == ("me", "")
    assert "geheim" not in str(source)


def test_a_bucket_needs_no_format() -> None:
    source = source_of(SecretUrl("s3://bucket/a/b?every=5"))
    assert (source.format, source.url.get_secret_value(), source.option("every")) == ("s3", "s3://bucket/a/b", "5")


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("amqp://u:geheim@h/v?queue=q", "wanted one of cnm"),
        ("fax+amqp://u:geheim@h/v?queue=q", "wanted one of cnm"),
        ("cnm+ftp://u:geheim@h/v?queue=q", "wanted one of amqp"),
        ("cnm+amqp://u:geheim@h/v", r"wanted \?queue="),
        ("wis2+mqtt://u:geheim@h", r"wanted \?topic="),
        ("cnm+amqp:///v?queue=q", "names no host"),
        ("cnm+amqp://u:a/geheim@h/v?queue=q", "password is not quoted"),
        ("cnm+amqp://u:a[geheim@h/v?queue=q", "password is not quoted"),
        ("cnm+amqp://u:geheim@h/v?queue=q&qeue=q", "qeue is no option"),
        ("cnm+amqp://u:geheim@h/v?queue=q&queue=p", "queue is there twice"),
        ("s3://bucket?every=often", "no number of seconds"),
    ],
)
def test_what_is_wrong_with_an_address_is_told_without_its_password(address: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as raised:
        source_of(SecretUrl(address))
    assert "geheim" not in str(raised.value)


def test_settings_take_several_addresses_with_spaces_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICESTREAM_NOTICES", " cnm+amqp://u:geheim@h/v?queue=a,b  s3://bucket ")
    settings = load()
    assert [each.get_secret_value() for each in settings.notices] == [
        "cnm+amqp://u:geheim@h/v?queue=a,b",
        "s3://bucket",
    ]
    assert "geheim" not in repr(settings) + settings.model_dump_json()


def test_a_port_without_a_token_and_a_policy_that_is_none_are_told() -> None:
    for token in (None, ""):
        with pytest.raises(SettingsError, match=r"notices_token .*wanted, where notices_port is set"):
            load(notices_port=0, notices_token=token)
    with pytest.raises(SettingsError, match=r"duplicates .*found 'count=keep'; wanted COLLECTION= and one of version"):
        load(duplicates="count=keep")
    assert "geheim" not in repr(load(notices_port=0, notices_token="geheim"))


def test_who_is_told_neither_directories_nor_sources_has_nothing_to_watch() -> None:
    with pytest.raises(SettingsError, match="nothing to watch"):
        watcher(load(), [], MemoryBroker(), [], Metrics())


def test_all_sources_of_one_broker_are_heard(tmp_path: Path) -> None:
    addresses = " ".join(f"{kind}+mqtt://127.0.0.1:9?topic={kind}" for kind in ("wis2", "sarracenia"))
    settings = load(out=str(tmp_path), notices=addresses)
    notices = Notices(settings, [], MemoryBroker(), [], Metrics())
    told = notices.ready[0].probe()
    assert told is not None
    assert "wis2 from mqtt://127.0.0.1:9: not subscribed yet" in told
    assert "sarracenia from" in told
    clients = {client_of(source_of(address)) for address in settings.notices}
    assert len(clients) == 2, "in one session each would hear what is the other's"


def test_two_sources_in_one_session_are_refused(tmp_path: Path) -> None:
    addresses = " ".join(f"{kind}+mqtt://u:geheim@127.0.0.1:9?topic=a&client=me" for kind in ("wis2", "cnm"))
    settings = load(out=str(tmp_path), notices=addresses)
    with pytest.raises(SettingsError, match=r"two sources are client me of 127\.0\.0\.1:9"):
        Notices(settings, [], MemoryBroker(), [], Metrics())
