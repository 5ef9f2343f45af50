"""Sealed contexts: nothing of their values is readable on disk, and nothing is lost with a wrong key but the look."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from penstock.base.clock import ManualClock
from penstock.contexts import postgres_schema
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Conflict, Expired, NoContext, Sealed
from penstock.contexts.records import NewContext
from penstock.contexts.rotation import rotate_data_keys, rotate_master_key
from penstock.sealing.master_key import FILE_VARIABLE, KEY_VARIABLE
from tests.core.contexts.conftest import in_a_file

SECRET = "the gondola sinks at midnight"
WORDS = ("gondola", "midnight")
LONG = [SECRET] * 200
"""So long that it is compressed first."""


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (FILE_VARIABLE, KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def put(contexts: Contexts, key: str, data: object, seal: bool | None = None, workspace: str = "w") -> int:
    with contexts.write(workspace, "a") as writer:
        return writer.put(key, NewContext(data, seal=seal))[0].version


def on_disk(contexts: Contexts) -> bytes:
    """The bytes of the files; of a database those of its rows, for its files are its own."""
    if contexts.url:
        tables = postgres_schema.metadata.sorted_tables
        with contexts.snapshot() as db:
            found = [value for table in tables for row in db.execute(table.select()) for value in row]
        return b" ".join(one if isinstance(one, bytes) else repr(one).encode() for one in found)
    return in_files(contexts.path)


def in_files(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.name.startswith(path.name))


def readable(contexts: Contexts) -> set[str]:
    return words_in(on_disk(contexts))


def words_in(found: bytes) -> set[str]:
    return {word for word in WORDS if word.encode() in found.lower()}


def change(contexts: Contexts, *statements: str) -> None:
    """What somebody does to the tables behind our back."""
    with contexts._tables.writing() as db:
        for statement in statements:
            db.exec_driver_sql(statement)


def selected(contexts: Contexts, query: str) -> list[tuple[Any, ...]]:
    with contexts.snapshot() as db:
        return [tuple(row) for row in db.exec_driver_sql(query)]


@pytest.mark.parametrize("data", [SECRET, LONG, {"plan": {"when": SECRET}}])
def test_nothing_of_a_sealed_value_is_on_disk(contexts: Contexts, path: Path, data: object) -> None:
    put(contexts, "plan", data, seal=True)
    put(contexts, "plan", [data, 1])
    with contexts.write("w", "a") as writer:
        writer.rollback("plan", 1)
        writer.patch("plan", {"more": SECRET}, NewContext(None))
        writer.delete("plan")
    with contexts.write("w", "a") as writer:
        writer.undelete("plan")
    assert readable(contexts) == set()
    assert contexts.get("w", "plan", 1).data == contexts.get("w", "plan", 3).data == data
    assert contexts.get("w", "plan").head.sealed
    put(contexts, "open", data)
    assert set(WORDS) <= readable(contexts), "the words of an open value can be found: the test can fail"


def test_sealing_covers_the_versions_of_before_and_unsealing_brings_them_back(contexts: Contexts, path: Path) -> None:
    put(contexts, "plan", SECRET)
    put(contexts, "plan", [SECRET])
    assert readable(contexts)
    before = [contexts.get("w", "plan", n) for n in (1, 2)]
    assert put(contexts, "plan", [SECRET], seal=True) == 2, "an equal value makes no version"
    assert readable(contexts) == set()
    assert [one.data for one in (contexts.get("w", "plan", 1), contexts.get("w", "plan"))] == [SECRET, [SECRET]]
    assert [hit.head.key for hit in contexts.search("w", "gondola")] == []
    assert [(hit.head.key, hit.excerpt) for hit in contexts.search("w", "plan")] == [("plan", "")]
    assert put(contexts, "plan", [SECRET], seal=False) == 2
    assert [hit.head.key for hit in contexts.search("w", "gondola")] == ["plan"]
    again = [contexts.get("w", "plan", n) for n in (1, 2)]
    assert [(one.data, one.head.digest) for one in again] == [(one.data, one.head.digest) for one in before]
    assert selected(contexts, "SELECT count(*) FROM data_keys") == [(0,)]


def test_touching_seals_as_well(contexts: Contexts, path: Path) -> None:
    put(contexts, "plan", SECRET)
    with contexts.write("w", "a") as writer:
        head = writer.touch("plan", NewContext(None, seal=True))
    assert (head.sealed, head.version, readable(contexts)) == (True, 1, set())
    assert contexts.changes_after("w", 0)[-1].kind == "put"


def test_an_equal_value_makes_no_version_and_a_digest_tells_nothing(contexts: Contexts) -> None:
    assert [put(contexts, "a", 1, seal=True), put(contexts, "a", 1), put(contexts, "a", 2)] == [1, 1, 2]
    put(contexts, "b", 2, seal=True)
    put(contexts, "open", 2)
    digests = {contexts.head("w", key).digest for key in ("a", "b", "open")}
    assert len(digests) == 3


@pytest.mark.parametrize("how", ["version", "row"])
def test_a_ciphertext_that_was_moved_is_refused(contexts: Contexts, path: Path, how: str) -> None:
    put(contexts, "a", "first", seal=True)
    put(contexts, "a", "second")
    put(contexts, "b", "third", seal=True)
    if how == "version":
        second = "SELECT v.body FROM context_versions v JOIN contexts c ON c.id = v.context "
        change(contexts, f"UPDATE context_versions SET body = ({second} WHERE c.key = 'a' AND v.version = 2)")
    else:  # with its data key, so that only the place differs
        its = "SELECT v.body FROM context_versions v JOIN contexts c ON c.id = v.context WHERE c.key = 'b'"
        change(
            contexts,
            f"UPDATE context_versions SET body = ({its}) WHERE version = 1",
            "UPDATE contexts SET data_key = (SELECT data_key FROM contexts WHERE key = 'b')",
        )
    with pytest.raises(Sealed, match="version 1 of context a is sealed and cannot be opened"):
        contexts.get("w", "a", 1)


def test_without_the_master_key_all_but_sealed_values_goes_on(contexts: Contexts, path: Path) -> None:
    put(contexts, "sealed", SECRET, seal=True)
    put(contexts, "open", 1)
    key = path.parent / "master-key"
    kept = key.read_bytes()
    for wrong in (None, b"0" * 64 + b"\n", b"no key"):
        key.unlink(missing_ok=True)
        if wrong is not None:
            key.write_bytes(wrong)
        again = Contexts(path, contexts.clock, url=contexts.url)
        assert again.get("w", "open").data == 1
        assert again.head("w", "sealed").sealed
        with pytest.raises(Sealed, match=r"context sealed is sealed: .*master.key"):
            again.get("w", "sealed")
        with pytest.raises(Sealed):
            put(again, "sealed", "another")
        if wrong != b"0" * 64 + b"\n":
            with pytest.raises(Sealed, match="nothing can be sealed"):
                put(again, "new", SECRET, seal=True)
            with pytest.raises(NoContext):
                again.get("w", "new")
        with pytest.raises(Sealed):
            rotate_master_key(again)
        again.close()
    assert not key.exists() or key.read_bytes() != kept, "no other key was made in place of the lost one"
    key.write_bytes(kept)
    assert contexts.get("w", "sealed").data == SECRET


def test_a_new_master_key_opens_everything_and_the_old_one_nothing(contexts: Contexts, path: Path) -> None:
    for n in range(5):
        put(contexts, f"k/{n}", n, seal=True, workspace=f"w{n % 2}")
    old = (path.parent / "master-key").read_bytes()
    assert rotate_master_key(contexts) == 5
    new = (path.parent / "master-key").read_bytes()
    assert new != old
    assert len(new.split()) == 1
    assert [contexts.get(f"w{n % 2}", f"k/{n}").data for n in range(5)] == list(range(5))
    (path.parent / "master-key").write_bytes(old)
    with pytest.raises(Sealed):
        contexts.get("w0", "k/0")


def test_a_rotation_that_is_cut_off_leaves_everything_readable(
    contexts: Contexts, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(contexts, "a", SECRET, seal=True)

    def cut_off(_needed: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(contexts.masters, "drop", cut_off)
    with pytest.raises(KeyboardInterrupt):
        rotate_master_key(contexts)
    monkeypatch.undo()
    again = Contexts(path, contexts.clock, url=contexts.url)
    assert again.get("w", "a").data == SECRET
    assert rotate_master_key(again) == 1
    assert again.get("w", "a").data == SECRET
    assert len((path.parent / "master-key").read_text().split()) == 1
    again.close()


def test_new_data_keys_leave_the_values_as_they_are(contexts: Contexts, path: Path) -> None:
    put(contexts, "a", SECRET, seal=True)
    put(contexts, "open", 1)
    before = selected(contexts, "SELECT body FROM context_versions ORDER BY context")
    assert rotate_data_keys(contexts) == (1, 0)
    after = selected(contexts, "SELECT body FROM context_versions ORDER BY context")
    assert before[0] != after[0]
    assert before[1] == after[1]
    assert (contexts.get("w", "a").data, contexts.head("w", "a").version) == (SECRET, 1)
    with contexts.write("w", "a") as writer, pytest.raises(Conflict, match="open is not sealed"):
        writer.new_data_key("open")


def test_purging_destroys_the_data_key(contexts: Contexts, path: Path) -> None:
    put(contexts, "a", SECRET, seal=True)
    [(wrapped,)] = selected(contexts, "SELECT wrapped FROM data_keys")
    with contexts.write("w", "a") as writer:
        writer.delete("a", purge=True)
    assert wrapped not in on_disk(contexts)
    with pytest.raises(NoContext):
        contexts.get("w", "a")


def test_a_sealed_context_that_ended_comes_back_sealed(contexts: Contexts, clock: ManualClock, path: Path) -> None:
    with contexts.write("w", "a") as writer:
        writer.put("a", NewContext(SECRET, ttl=10, seal=True))
    clock.advance(11)
    contexts.expire()
    with pytest.raises(Expired):
        contexts.get("w", "a")
    assert put(contexts, "a", [SECRET]) == 2
    assert contexts.get("w", "a", 1).data == SECRET
    assert contexts.head("w", "a").sealed
    assert readable(contexts) == set()


@pytest.fixture
def before(path: Path) -> Path:
    """A file as it was before there were sealed contexts."""
    Contexts(path).close()
    with sqlite3.connect(path) as db:
        db.executescript(
            "ALTER TABLE contexts DROP COLUMN data_key; DROP TABLE data_keys; "
            "DROP TABLE usage; DROP TABLE context_vectors"
        )
        db.executescript("UPDATE alembic_version SET version_num = '0001'")
    return path


def test_a_file_of_before_can_hold_sealed_contexts(before: Path) -> None:
    contexts = Contexts(before)
    put(contexts, "a", SECRET, seal=True)
    assert contexts.get("w", "a").data == SECRET
    contexts.close()


def test_two_rotations_at_once_lose_no_key(contexts: Contexts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second begins when the first is committed, and has not removed the old key yet."""
    put(contexts, "a", SECRET, seal=True)
    drop, done = contexts.masters.drop, threading.Event()

    def second(needed: set[str]) -> None:
        monkeypatch.setattr(contexts.masters, "drop", drop)
        other = Contexts(contexts.path, contexts.clock, url=contexts.url)
        thread = threading.Thread(target=lambda: (rotate_master_key(other), done.set()))
        thread.start()
        drop(needed)
        started.append((thread, other))

    started: list[tuple[threading.Thread, Contexts]] = []
    monkeypatch.setattr(contexts.masters, "drop", second)
    rotate_master_key(contexts)
    thread, other = started[0]
    thread.join(30)
    other.close()
    assert done.is_set()
    assert contexts.get("w", "a").data == SECRET
    assert len(contexts.masters.known()) == 1


def test_a_rotation_that_is_refused_changes_no_key(contexts: Contexts, path: Path) -> None:
    put(contexts, "a", SECRET, seal=True)
    key = path.parent / "master-key"
    key.write_text("1" * 64)
    with pytest.raises(Sealed):
        rotate_master_key(contexts)
    assert key.read_text() == "1" * 64


def test_keys_of_a_file_that_the_environment_names_stay(
    contexts: Contexts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another store may share them."""
    shared = tmp_path / "shared-key"
    shared.write_text("1" * 64)
    monkeypatch.setenv(FILE_VARIABLE, str(shared))
    other = Contexts(tmp_path / "other" / "contexts.db", contexts.clock)
    for one in (contexts, other):
        put(one, "a", SECRET, seal=True)
    assert rotate_master_key(contexts) == 1
    assert [one.get("w", "a").data for one in (contexts, other)] == [SECRET, SECRET]
    other.close()


def test_nothing_to_rotate_makes_no_key(contexts: Contexts, path: Path) -> None:
    put(contexts, "a", 1)
    assert rotate_master_key(contexts) == 0
    assert not (path.parent / "master-key").exists()


@in_a_file
def test_what_a_killed_process_left_in_the_log_goes_when_the_file_is_opened(
    contexts: Contexts, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(contexts, "a", SECRET)
    monkeypatch.setattr(contexts, "_empty_log", lambda: None)  # as if it was killed before
    put(contexts, "a", SECRET, seal=True)
    left = tmp_path / "left"
    shutil.copytree(path.parent, left)
    assert words_in(in_files(left / path.name)) == set(WORDS), "it is there: the test can fail"
    again = Contexts(left / path.name, contexts.clock)
    assert words_in(in_files(left / path.name)) == set()
    assert again.get("w", "a").data == SECRET
    again.close()


def test_answers_that_are_kept_for_repeated_calls_go_with_the_plain_value(contexts: Contexts) -> None:
    """They have its digest."""
    put(contexts, "a", 4711)
    with contexts.write("w", "x") as writer:
        writer.remember_answer("mine", "d", 200, b'{"key":"a","digest":"0"}')
        writer.remember_answer("other", "d", 200, b'{"key":"ab","digest":"0"}')
    put(contexts, "a", 4711, seal=True)
    with contexts.write("w", "x") as writer:
        assert writer.answered("mine", "d") is None
        assert writer.answered("other", "d") is not None


def test_a_damaged_version_keeps_no_other_context_from_a_new_key(contexts: Contexts, path: Path) -> None:
    for key in ("a", "b"):
        put(contexts, key, SECRET, seal=True)
    none = "CAST('' AS BYTEA)" if contexts.url else "x'00'"
    mine = "(SELECT id FROM contexts WHERE key = 'a')"
    change(contexts, f"UPDATE context_versions SET body = {none} WHERE context = {mine}")
    assert rotate_master_key(contexts) == 2
    assert rotate_data_keys(contexts) == (1, 1)
    assert contexts.get("w", "b").data == SECRET


def test_nothing_is_sealed_under_a_key_that_is_not_that_of_before(contexts: Contexts, path: Path) -> None:
    """Else some values needed one key and some another."""
    put(contexts, "a", SECRET, seal=True)
    key = path.parent / "master-key"
    kept = key.read_bytes()
    key.write_text("1" * 64)
    with pytest.raises(Sealed, match="is another than that of what is sealed"):
        put(contexts, "b", SECRET, seal=True)
    key.write_bytes(kept)
    put(contexts, "b", SECRET, seal=True)
