"""The files by which several processes know one database, and what was noted about it."""

from __future__ import annotations

from pathlib import Path

from penstock.base.store_url import url_in
from penstock.store.complete import is_complete, mark_complete, mark_incomplete
from penstock.store.worker_files import (
    carry_back,
    is_worker_file,
    is_worker_of,
    lend,
    proxy_file,
    worker_files,
)

URL = "postgresql://penstock@db.example.com/penstock"


def _store(folder: Path, *, whole: bool = True) -> Path:
    store = folder / "penstock.db"
    store.write_text(URL, encoding="utf-8")
    if whole:
        mark_complete(store)
    return store


def test_each_has_one_that_names_the_database(tmp_path: Path) -> None:
    """The same at each start, though the database was moved meanwhile; readable by their owner alone."""
    store = _store(tmp_path)
    files = worker_files(store, 3)
    assert len(set(files)) == 3
    assert all(url_in(file) == URL and is_worker_file(file) for file in files)
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    store.write_text(moved := URL.replace("db.", "db2."), encoding="utf-8")
    assert [url_in(file) for file in worker_files(store, 2)] == [moved, moved]


def test_they_are_told_from_other_stores(tmp_path: Path) -> None:
    """Of the same folder, and of another proxy there."""
    one, two = worker_files(_store(tmp_path), 2)
    assert not is_worker_file(tmp_path / "penstock.db")
    assert not is_worker_file(tmp_path / "penstock-2.db")
    assert is_worker_of(one, two)
    assert is_worker_of(one, tmp_path / "penstock.db")
    assert not is_worker_of(tmp_path / "penstock.db", one)
    assert not is_worker_of(one, tmp_path / "other.db")
    assert proxy_file(one) == proxy_file(tmp_path / "penstock.db") == tmp_path / "penstock.db"


def test_proxies_whose_files_differ_in_their_ends_have_workers_of_their_own(tmp_path: Path) -> None:
    """`team.a` and `team.b` are two stores."""
    _store(tmp_path)
    stores = [tmp_path / "team.a", tmp_path / "team.b"]
    for store in stores:
        store.write_text(URL, encoding="utf-8")
    (one,), (other,) = (worker_files(store, 1) for store in stores)
    assert one != other
    assert is_worker_of(one, stores[0])
    assert not is_worker_of(one, stores[1])


def test_what_is_not_stored_is_known_to_all_that_follow(tmp_path: Path) -> None:
    """To the workers that one process leaves it to, and to the one process that comes after them."""
    store = _store(tmp_path, whole=False)
    files = worker_files(store, 2)
    assert not any(map(is_complete, files))
    for file in files:
        mark_complete(file)
    carry_back(store, files)
    assert is_complete(store)
    mark_incomplete(files[1])
    carry_back(store, files)
    assert not is_complete(store)
    assert not any(map(is_complete, worker_files(store, 2)))


def test_where_nobody_carries_back_nothing_is_taken_for_stored(tmp_path: Path) -> None:
    """The process that started the workers was killed; what these noted last is not asked."""
    store = _store(tmp_path)
    files = worker_files(store, 2)
    lend(store)
    assert all(map(is_complete, files))
    assert not is_complete(store)
    carry_back(store, files)
    assert is_complete(store)


def test_a_new_one_knows_of_no_loss(tmp_path: Path) -> None:
    """Where the proxy had none."""
    assert all(map(is_complete, worker_files(_store(tmp_path), 2)))
