"""The gateway's file: its tables, and who may read it."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from penstock.base import sqlite
from penstock.base.errors import StoreError
from penstock.gateway import database as module
from penstock.gateway.database import GatewayStore
from penstock.gateway.schema import metadata, workspaces
from penstock.gateway.workspaces import add_workspace, list_workspaces

MIGRATIONS = Path(module.__file__).parent / "migrations"


@pytest.fixture
def url() -> str:
    """These are about the file."""
    return ""


def test_the_migrations_make_the_tables_of_the_schema(tmp_path: Path) -> None:
    """A database with another table is no new one: it gets them by the migrations."""
    with sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}").connect() as db:
        db.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        db.commit()
        sqlite.migrate(db, MIGRATIONS, metadata)
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
        made = _sql(db)
    with sa.create_engine(f"sqlite:///{tmp_path / 'new.db'}").connect() as db:
        sqlite.migrate(db, MIGRATIONS, metadata)
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
        assert _sql(db) == made


def _sql(db: sa.Connection) -> dict[str, list[str]]:
    rows = db.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'alembic_version'")
    return {name: sorted(re.split(r"\s*,\s*(?![^()]*\))|\n\s*", sql)) for name, sql in rows}


def test_a_new_file_has_one_workspace_and_is_private(path: Path, store: GatewayStore) -> None:
    assert [one.name for one in list_workspaces(store)] == ["default"]
    for file in (path, *path.parent.glob(f"{path.name}-*")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_what_was_kept_is_there_when_the_file_is_opened_again(path: Path, store: GatewayStore) -> None:
    made = add_workspace(store, "team", "me", {"redact": True})
    again = GatewayStore(path)
    assert list_workspaces(again) == [*[one for one in list_workspaces(store) if one.name == "default"], made]
    again.close()


def test_a_block_that_raises_writes_nothing(store: GatewayStore) -> None:
    def half() -> None:
        with store.writing() as db:
            db.execute(workspaces.insert().values(name="half", settings={}, created_at=0.0))
            raise KeyError

    with pytest.raises(KeyError):
        half()
    assert [one.name for one in list_workspaces(store)] == ["default"]


def test_a_file_of_a_newer_version_is_left_alone(path: Path, store: GatewayStore) -> None:
    with store.writing() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer version: give this one its own --store"):
        GatewayStore(path)


def test_what_is_no_database_is_named(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=re.escape(str(path))):
        GatewayStore(path)


def test_a_file_that_was_replaced_is_not_gone_on_with(path: Path, store: GatewayStore) -> None:
    """What others revoke would not be seen."""
    path.unlink()
    with pytest.raises(StoreError, match="deleted or replaced"):
        list_workspaces(store)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="deleted or replaced"), store.writing():
        """Nothing."""
