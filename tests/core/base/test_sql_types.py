"""Texts that anybody may have written are stored and found in PostgreSQL, whatever is in them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.base.errors import Unstorable
from penstock.base.shared_postgres import SharedPostgres
from penstock.base.sql_types import as_indexed
from penstock.gateway.database import TABLES
from penstock.gateway.schema import workspaces
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from tests.sizing import examples

_ENTRY = 2704
"""Bytes that an entry of a B-tree may have in PostgreSQL."""
_long = st.integers(0, 2**32).map(lambda seed: "".join(map(chr, random.Random(seed).choices(range(1, 0xD800), k=3000))))
names = st.text() | _long | st.builds(str.__add__, _long, st.text())


@given(names, names)
def test_a_name_fits_an_index_and_stays_another(one: str, other: str) -> None:
    """Two names differ after they were shortened as they did before, but for NUL and what stands for it."""
    found = as_indexed(one)
    assert len(found.encode("utf-8", "surrogatepass")) < _ENTRY - 600
    assert (found == as_indexed(other)) == (one.replace("\0", "\ufffd") == other.replace("\0", "\ufffd"))
    assert as_indexed(found) == found
    assert found == one or "\0" in one or len(one.encode("utf-8", "surrogatepass")) > 2000


@pytest.mark.slow
def test_what_has_a_long_name_is_found_by_it(tmp_path: Path, postgres_url: str) -> None:
    """Names of projects and sessions that no index of PostgreSQL takes as they are, and some with a NUL."""
    memory = Memory(tmp_path / "memory", Trigrams(), url=postgres_url)

    @given(project=names, session=names)
    @settings(max_examples=examples(20), deadline=None)
    def check(project: str, session: str) -> None:
        memory.add([Item(project, "The kiln runs at 900 degrees.", session=session)])
        assert [item.text for item in memory.newest(project)] == ["The kiln runs at 900 degrees."]
        memory.forget_project(project)

    try:
        check()
    finally:
        memory.close()


@pytest.mark.slow
@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x" * 100_000])
def test_what_cannot_be_stored_is_another_error_than_a_server_away(postgres_url: str, value: str) -> None:
    """Whoever asks is at fault: it is not tried again, and the server is taken to be up."""
    tables = SharedPostgres(postgres_url, TABLES)
    try:
        with pytest.raises(Unstorable), tables.writing() as db:
            db.execute(workspaces.insert().values(name=value, settings={}, created_at=0.0))
        if len(value) < 10:
            with pytest.raises(Unstorable), tables.reading() as db:
                db.execute(workspaces.select().where(workspaces.c.name == value))
        with tables.reading() as db:
            assert db.execute(sa.select(sa.func.count()).select_from(workspaces)).scalar_one() == 0
    finally:
        tables.close()
