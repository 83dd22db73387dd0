"""The ledger keeps its contract on SQLite and on PostgreSQL, and says what is wrong when it cannot be opened."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event, make_url, text

from icestream_catalogue.schema import TABLES
from icestream_core.errors import LedgerError
from icestream_core.touch import Touch
from icestream_runtime.ledger import Ledger, open_ledger
from icestream_runtime.ledger.contract import Change
from icestream_runtime.ledger.contract_test import LedgerContract
from icestream_runtime.ledger.migrating import versions
from icestream_runtime.ledger.postgresql import PostgreSQL
from icestream_runtime.ledger.schema import metadata
from icestream_runtime.ledger.specimens import at_least, granule, made, opening, same_days, slot
from icestream_runtime.ledger.tables import LEDGER, Tables


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


@pytest.mark.parametrize("tables", [LEDGER, TABLES], ids=["ledger", "catalogue"])
def test_the_version_wanted_is_that_of_the_last_migration(tables: Tables) -> None:
    assert versions(tables)[0] == tables.version


def test_a_ledger_that_is_up_to_date_is_opened_without_alembic(url: str) -> None:
    open_ledger(url, migrate=True).close()
    program = f"""
import sys
from icestream_runtime.ledger import open_ledger
open_ledger({url!r}, migrate=True).close()
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


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


@pytest.mark.parametrize(("wanted", "kept"), [("", True), ("?prepare=on", True), ("?prepare=off", False)])
def test_the_server_keeps_plans_unless_the_url_says_no(postgres_url: str, wanted: str, kept: bool) -> None:
    database = PostgreSQL(make_url(postgres_url + wanted))
    with database.engine.connect() as connection:
        for _ in range(5):
            connection.execute(text("SELECT 1"))
        assert bool(connection.execute(text("SELECT name FROM pg_prepared_statements")).all()) is kept
    database.close()


def test_prepare_is_on_or_off() -> None:
    with pytest.raises(LedgerError, match=r"prepare=maybe. Wanted: on or off"):
        open_ledger("postgresql://ice@127.0.0.1:1/ledger?prepare=maybe")


def test_the_ways_of_the_stream_go_by_index_and_never_through_a_whole_table(url: str) -> None:
    ledger = open_ledger(url, migrate=True)
    slots = ledger.slots_touched(opening(*map(slot, range(2000))))
    for day in range(0, 2000, 200):
        ledger.record_granules([granule(name, day + n, tile=name) for n in range(200) for name in "abc"])
        tasks = ledger.look(slots[day : day + 200], same_days, at_least(1))
        ledger.task_published(tasks)
        ledger.finalise([made(task) for task in tasks], 5, lambda _: 0.0)
        ledger.look(slots[day : day + 200], same_days, lambda *_: Change(state="made"))
        ledger.announced(ledger.to_announce(slots[day : day + 200]))
    driver = create_engine(url)
    if driver.dialect.name == "postgresql":
        # As its autovacuum does; nobody does it for SQLite.
        with driver.begin() as connection:
            connection.execute(text("ANALYZE"))

    asked: list[tuple[str, Any]] = []
    event.listen(Engine, "before_cursor_execute", remember := lambda *given: asked.append((given[2], given[3])))
    touched = Touch("depth", slot(7).interval, None, None, opens=False)
    assert ledger.look(ledger.slots_touched([touched]), same_days, at_least(9)) == []
    ledger.look([slot(7)], lambda each: same_days(each, tile="a"), at_least(9))
    assert (ledger.due(), ledger.unpublished_tasks(0), ledger.to_announce()) == ([], [], [])
    event.remove(Engine, "before_cursor_execute", remember)
    ledger.close()

    explain, scan = ("EXPLAIN ", "Seq Scan")
    if driver.dialect.name == "sqlite":
        explain, scan = ("EXPLAIN QUERY PLAN ", "SCAN (granule|slot|make)(?! USING INDEX)")
    with driver.connect() as connection:
        for statement, parameters in asked:
            if statement.startswith("SELECT"):
                plan = connection.exec_driver_sql(explain + statement, parameters).all()
                assert not re.search(scan, str(plan)), f"{statement}\n{plan}"
    driver.dispose()
    assert len(asked) > 10


@pytest.mark.parametrize("url", ["mysql://localhost/ledger", "not a url", "ledger.db"])
def test_a_url_that_cannot_be_used_says_which_can(url: str) -> None:
    with pytest.raises(LedgerError, match=r"Wanted: sqlite:///path/ledger\.db or postgresql:"):
        open_ledger(url)
