"""Files that name a database."""

from __future__ import annotations

import os
import stat
from contextlib import closing
from pathlib import Path

import pytest

from penstock.base.errors import StoreError
from penstock.base.postgres_connection import engine_of
from penstock.base.store_url import is_url, url_in
from penstock.events.event import Event, EventKind
from penstock.store import complete
from penstock.store.opening import open_store
from penstock.store.reading import open_log
from penstock.store.sql import SqlStore
from penstock.store.store_file import file_for, store_file

URL = "postgresql://someone:hunter2@db.example.com/penstock"


def test_a_url_has_one_file(penstock_home: Path) -> None:
    """Also with another password; others cannot read it."""
    file = file_for(URL)
    assert url_in(file) == URL
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file_for(URL.replace("hunter2", "other")) == file
    assert "other" in url_in(file)
    assert file_for(URL.replace("/penstock", "/test")) != file
    assert "hunter2" not in str(file)


def test_a_new_one_lacks_nothing(penstock_home: Path) -> None:
    """No proxy of this machine has sent anything that is not in the database."""
    assert complete.is_complete(file_for(URL))


def test_other_files_name_no_database(tmp_path: Path) -> None:
    """A store itself, another text, none at all."""
    store, text = tmp_path / "penstock.db", tmp_path / "text"
    SqlStore(store).close()
    text.write_text("see postgresql://host/db")
    assert [url_in(file) for file in (store, text, tmp_path / "missing", tmp_path)] == ["", "", "", ""]
    assert not is_url(str(store))


def test_a_named_pipe_names_no_database(tmp_path: Path) -> None:
    """To read it would wait for who writes to it."""
    os.mkfifo(tmp_path / "pipe")
    assert url_in(tmp_path / "pipe") == ""


def test_a_url_that_is_none(penstock_home: Path) -> None:
    """The error names no part of a password."""
    with pytest.raises(StoreError, match=r"no URL.*%23") as found:
        file_for("postgresql://u:hunter#2@host/db")
    assert "hunter" not in str(found.value)


@pytest.mark.parametrize(
    "rest", ["hunter@2@host/db", "hunter@2/x@host/db", "x@host/db?password=hunter@2", "hunter@2?@h/d"]
)
def test_where_a_password_ends_is_clear(penstock_home: Path, rest: str) -> None:
    """A part of it would be shown as the host. Nothing is made for such a URL."""
    for used in (file_for, engine_of):
        with pytest.raises(StoreError, match=r"more than one @.*%40") as found:
            used(f"postgresql://u:{rest}")
        assert "hunter" not in str(found.value)
    assert list(penstock_home.glob("state/postgresql-*")) == []


def test_a_password_may_have_any_sign() -> None:
    pytest.importorskip("psycopg")
    url = engine_of("postgresql://u:a%40b%2Fc@host/db").url
    assert (url.password, url.host) == ("a@b/c", "host")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("mysql://u@host/db", "begins with mysql: postgresql:// is"),
        ("postgresql://", "names no database"),
        ("postgresql://u@host/", "names no database"),
    ],
)
def test_a_store_that_is_no_file_and_no_known_database(penstock_home: Path, named: str, said: str) -> None:
    """Nothing is made for it."""
    with pytest.raises(StoreError, match=said):
        store_file(named)
    assert list(penstock_home.glob("state/postgresql-*")) == []


def test_a_store_by_its_path(tmp_path: Path) -> None:
    assert store_file(str(tmp_path / "penstock.db")) == tmp_path / "penstock.db"
    assert store_file("~/penstock.db") == Path("~/penstock.db").expanduser()


def test_a_command_that_is_given_the_url_names_what_it_takes(penstock_home: Path) -> None:
    with pytest.raises(StoreError, match="named by its file here"):
        open_log(Path("postgresql://u@host/db"))


def test_commands_read_the_database_that_a_file_names(postgres_url: str, penstock_home: Path) -> None:
    """They are given the file, as with any other store."""
    file = file_for(postgres_url)
    with closing(open_store(file)) as store:
        store.add_events([Event(0, 1.0, "x", EventKind.RECEIVED, {})])
    with closing(open_log(file)) as log:
        assert [e.exchange for e in log.events_after()] == ["x"]
