"""What a database that cannot be used says of itself, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.base.postgres import PostgresServer, why
from penstock.base.shared_postgres import SharedPostgres
from penstock.memory.postgres import TABLES
from penstock.store.postgres import PostgresStore
from tests.postgres import Server

pytestmark = pytest.mark.slow


def _store(url: str, file: Path) -> None:
    PostgresStore(url, file)


def _tables(url: str, file: Path) -> None:
    SharedPostgres(url, TABLES)


def _refusal(url: str) -> str:
    server = PostgresServer(url, is_awaited=True)
    with closing(server), pytest.raises(sa.exc.OperationalError) as e, server.reached():
        server.engine.connect()
    said = f"{server.outage.why} {why(e.value)}"
    assert server.name in said
    return said


@pytest.mark.parametrize("opened", [_store, _tables])
def test_a_database_that_cannot_be_opened_is_an_error_alone(
    opened: Callable[[str, Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It says what to do next. Nothing is logged: whoever opens it reports the error."""
    with pytest.raises(StoreError, match=r"9/none cannot be opened: .*refused: see that its server is up"):
        opened("postgresql://me:secret@127.0.0.1:9/none", tmp_path / "penstock.db")
    assert caplog.records == []


def test_a_password_that_is_refused_is_to_be_corrected(postgres_server: Server, postgres_url: str) -> None:
    """The one in the URL is not repeated."""
    with postgres_server.guarded("guarded", "right"):
        for login in ("guarded:wrong-canary", "guarded"):
            said = _refusal(postgres_url.replace("penstock@", f"{login}@"))
            assert said.count("correct them in its URL") == 2
            assert "canary" not in said
        with closing(PostgresServer(postgres_url.replace("penstock@", "guarded:right@"))) as server:
            server.engine.connect().close()


def test_a_database_that_is_missing_is_to_be_made(postgres_server: Server, postgres_url: str) -> None:
    """With a password and without one."""
    with postgres_server.guarded("elsewhere", "right"):
        login = postgres_url.replace("penstock@", "elsewhere:right@")
        for url in (login, postgres_url):
            said = _refusal(url.rpartition("/")[0] + "/missing")
            assert "`createdb missing` on that server makes it" in said
            assert "password" not in said


def test_a_server_that_is_away_is_not_about_passwords(postgres_server: Server, postgres_url: str) -> None:
    """Also for one that has taken the password before."""
    with postgres_server.guarded("leaving", "right"):
        url = postgres_url.replace("penstock@", "leaving:right@")
        with closing(PostgresServer(url)) as server:
            server.engine.connect().close()
            postgres_server.stop()
            try:
                with pytest.raises(sa.exc.OperationalError) as e, server.engine.connect() as db:
                    db.execute(sa.select(1))
                assert "password" not in why(e.value)
                assert "password" not in _refusal(url)
            finally:
                postgres_server.start()
