"""`Target`: the database that an installation is moved to. It notes in a table how far each table is, in the
transaction that writes the rows, so that a migration that was killed goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from penstock.base.postgres import PostgresServer, why_unopened
from penstock.base.unfinished_migration import migrated_tables
from penstock.base.upsert import upsert
from penstock.migration.errors import Conflict, MigrationError
from penstock.migration.parts import Part
from penstock.migration.rows import Digest, Row, Rows, insertion
from penstock.store.postgres_schema import IDENTITY
from penstock.store.schema import facts
from penstock.store.sql_tables import FAILURES

__all__ = ["Target"]

_CLAIMING = 0x70656E736D
"""The number of the advisory lock under which one process claims a database."""


class Target:
    """Raises `MigrationError` for what the server refuses; run again, the migration goes on."""

    def __init__(self, url: str, source: str) -> None:
        """`source`: the id of the installation that is moved here."""
        self._server = PostgresServer(url)
        self._source = source
        self.name = self._server.name

    def close(self) -> None:
        """Close its connections."""
        self._server.close()

    def is_done(self, part: Part) -> bool:
        """Whether a part was moved here. Raises `MigrationError` if it was, from another installation."""
        with self._writing() as db:
            return _is_made(db) and bool(rows := self._noted(db, part)) and all(row.is_done for row in rows)

    def claim(self, parts: Sequence[Part]) -> set[str]:
        """Note that all these parts are being moved here, or none. Returns the titles of those that no interrupted run
        has noted before. Raises `MigrationError` if there are other rows in the tables of those."""
        with self._writing() as db:
            db.execute(sa.select(sa.func.pg_advisory_xact_lock(_CLAIMING)))
            migrated_tables.create(db, checkfirst=True)
            new = [part for part in parts if not self._noted(db, part)]
            for part in new:
                self._claim(db, part)
        return {part.title for part in new}

    def _claim(self, db: sa.Connection, part: Part) -> None:
        for name, seeds in part.seeds.items():
            db.execute(part.target.tables[name].delete().where(seeds))
        for table in part.tables:
            if count := self._rows(part, table).count(db):
                raise MigrationError(
                    f"{self.name} has data already ({count} rows in {table.name}): name an empty database"
                )
        values = {"source": self._source, "rows": 0, "is_done": False}
        db.execute(migrated_tables.insert(), [values | {"name": table.name} for table in part.tables])

    def rows_done(self, table: sa.Table) -> int:
        """How many rows of a table were copied."""
        with self._writing() as db:
            return int(db.execute(sa.select(migrated_tables.c.rows).where(_is(table))).scalar_one())

    def add(self, part: Part, table: sa.Table, rows: list[Row]) -> None:
        """Write rows, and note how many there are now, or neither. Raises `Conflict`."""
        new = insertion(part.target.tables[table.name], list(rows[0]), part.constants.get(table.name, {}))
        with self._writing() as db:
            db.execute(migrated_tables.update().where(_is(table)).values(rows=migrated_tables.c.rows + len(rows)))
            db.execute(new, rows)

    def digest(self, part: Part, table: sa.Table) -> Digest:
        """The digest of a table, as it is now."""
        with self._writing() as db:
            return self._rows(part, table).digest(db)

    def empty(self, part: Part) -> None:
        """Delete what was copied of a part."""
        with self._writing() as db:
            for table in reversed(part.tables):
                left_out = part.left_out.get(table.name)
                db.execute(table.delete() if left_out is None else table.delete().where(~left_out))
                db.execute(migrated_tables.update().where(_is(table)).values(rows=0))

    def finish(self, part: Part, numbers: dict[str, int], key: bytes | None) -> None:
        """Note that a part is whole. `numbers`: by table, the highest number that its rows ever had. `key`: the
        installation's, by which conversations are known again."""
        with self._writing() as db:
            for name, number in numbers.items():
                column = part.source.tables[name].primary_key.columns[0].name
                at = sa.func.pg_get_serial_sequence(name, column)
                db.execute(sa.select(sa.func.setval(at, max(number, 1), number > 0)))
            if key is not None and facts.name in part.source.tables:
                row = {"kind": IDENTITY, "key": "key", "value": {"key": key.hex()}}
                db.execute(upsert("postgresql", facts, ["kind", "key"], ["value"]), row)
            part.afterwards(db)
            mine = migrated_tables.c.name.in_(part.source.tables)
            db.execute(migrated_tables.update().where(mine).values(is_done=True))

    def _rows(self, part: Part, table: sa.Table) -> Rows:
        return Rows(table, part.left_out.get(table.name))

    def _noted(self, db: sa.Connection, part: Part) -> list[sa.Row[Any]]:
        found = migrated_tables.select().where(migrated_tables.c.name.in_(part.source.tables))
        rows = list(db.execute(found))
        if any(row.source != self._source for row in rows):
            raise MigrationError(f"{self.name} has what was moved from another installation: name an empty database")
        return rows

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._server.engine.begin() as db:
                yield db
        except FAILURES as e:
            kind = Conflict if isinstance(e, sa.exc.IntegrityError) else MigrationError
            raise kind(f"{self.name}: {why_unopened(e)}. The same command then goes on from here") from e


def _is_made(db: sa.Connection) -> bool:
    return sa.inspect(db).has_table(migrated_tables.name)


def _is(table: sa.Table) -> sa.ColumnElement[bool]:
    return migrated_tables.c.name == table.name
