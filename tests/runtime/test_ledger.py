"""The ledger keeps its contract on SQLite and on PostgreSQL, and says what is wrong when it cannot be opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from icestream_core.errors import LedgerError
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.ledger.contract_test import LedgerContract
from icestream_runtime.ledger.schema import metadata


class TestSQLite(LedgerContract):
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", migrate=True)
        yield ledger
        ledger.close()


class TestSQLiteInMemory(LedgerContract):
    @pytest.fixture
    def ledger(self) -> Iterator[Ledger]:
        ledger = open_ledger("sqlite://")
        yield ledger
        ledger.close()


class TestPostgreSQL(LedgerContract):
    @pytest.fixture
    def ledger(self, postgres_url: str) -> Iterator[Ledger]:
        ledger = open_ledger(postgres_url, migrate=True)
        yield ledger
        ledger.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/ledger.db"
    return str(request.getfixturevalue("postgres_url"))


def test_migrations_lead_to_the_tables_of_the_schema(url: str) -> None:
    open_ledger(url, migrate=True).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_ledger_that_is_up_to_date_opens_without_migrating(url: str) -> None:
    open_ledger(url, migrate=True).close()
    open_ledger(url, migrate=True).close()
    ledger = open_ledger(url)
    assert ledger.counts() == {}
    ledger.close()


def test_a_ledger_without_tables_names_the_command_that_makes_them(url: str) -> None:
    with pytest.raises(LedgerError, match="icestream ledger migrate"):
        open_ledger(url)


def test_a_ledger_of_a_newer_icestream_is_not_touched(url: str) -> None:
    open_ledger(url, migrate=True).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LedgerError, match=r"version 9999.*Install a newer icestream"):
        open_ledger(url)


def test_a_database_that_is_away_is_named_without_its_password() -> None:
    with pytest.raises(LedgerError, match=r"postgresql://ice:\*\*\*@127.0.0.1:1/ledger is away") as raised:
        open_ledger("postgresql://ice:secret@127.0.0.1:1/ledger")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["mysql://localhost/ledger", "not a url", "ledger.db"])
def test_a_url_that_cannot_be_used_says_which_can(url: str) -> None:
    with pytest.raises(LedgerError, match=r"Wanted: sqlite:///path/ledger\.db or postgresql:"):
        open_ledger(url)
