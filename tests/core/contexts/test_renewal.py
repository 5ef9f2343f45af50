"""Contexts whose words an older version has indexed are indexed again: all of them, whoever is interrupted."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from penstock.base.clock import ManualClock
from penstock.contexts import renewal, words
from penstock.contexts.contexts import Contexts
from penstock.contexts.postgres_schema import context_words
from penstock.contexts.ranked_words import RankedWords
from penstock.contexts.records import NewContext
from penstock.text.stems import terms
from tests.core.contexts.conftest import in_a_file

ROOT = Path(__file__).parents[3]
PORTS = (8800, 880, 4433)


def put(contexts: Contexts, key: str, data: Any, workspace: str = "w", **more: Any) -> None:
    with contexts.write(workspace, "me") as writer:
        writer.put(key, NewContext(data, ttl=0, **more))


def found(contexts: Contexts, query: str, workspace: str = "w") -> list[str]:
    return sorted(hit.head.key for hit in contexts.search(workspace, query, limit=100))


def older_terms(text: str) -> list[str]:
    """As version 1 of the words had them: of two equal digits at the end it kept one."""
    return [re.sub(r"(\d)\1$", r"\1", term) for term in terms(text)]


def unmark(contexts: Contexts, *keys: str) -> None:
    """Take the version off entries, of all contexts if no key is given: older versions wrote none."""
    with contexts._tables.writing() as db:
        chosen = sa.text("SELECT id FROM contexts" + (" WHERE key IN :keys" if keys else ""))
        bound = chosen.bindparams(sa.bindparam("keys", list(keys), expanding=True)) if keys else chosen
        for number in db.scalars(bound).all():
            if contexts.is_server:
                entry = context_words.c.context == number
                counts = db.scalar(sa.select(context_words.c.counts).where(entry)) or {}
                plain = {word: count for word, count in counts.items() if " " not in word}
                db.execute(context_words.update().where(entry).values(counts=plain, length=len(plain) + 1))
            else:
                first = "substr(scope, 1, instr(scope, ' ') - 1)"
                db.exec_driver_sql(f"UPDATE {words.TABLE} SET scope = {first} WHERE rowid = ?", (number,))


@pytest.fixture
def older(contexts: Contexts, monkeypatch: pytest.MonkeyPatch) -> Contexts:
    """Contexts that an older version has indexed, in two workspaces, some sealed or deleted."""
    with monkeypatch.context() as patched:
        patched.setattr(words, "terms", older_terms)
        for port in PORTS:
            put(contexts, f"port/{port}", {"port": port})
            put(contexts, f"theirs/{port}", {"port": port}, "other")
        put(contexts, "sealed/7700", "canary 6622", tags=("tag5500",), seal=True)
        put(contexts, "gone", "8800")
        with contexts.write("w", "me") as writer:
            writer.delete("gone")
    unmark(contexts)
    return contexts


def test_words_of_an_older_version_are_indexed_again(older: Contexts, caplog: pytest.LogCaptureFixture) -> None:
    """Searches answer before, with the older words. What takes a moment is not worth a word."""
    assert (found(older, "8800"), found(older, "880")) == ([], ["port/880", "port/8800"])
    assert older.renew_words(60)
    for port in PORTS:
        assert found(older, str(port)) == [f"port/{port}"]
        assert found(older, str(port), "other") == [f"theirs/{port}"]
    assert found(older, "443") == []
    assert older.renew_words(60)
    assert caplog.records == []


def test_what_takes_longer_says_so_at_its_beginning_and_its_end(
    older: Contexts, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    while not older.renew_words(0):
        clock.advance(1)
    begun, ended = (record.message.partition(": ")[2] for record in caplog.records)
    assert begun.endswith("searches answer meanwhile, and may miss some of them")
    assert ended == "7 contexts are indexed again, after 6 s"


def test_sealed_contexts_are_found_by_keys_and_tags_alone(older: Contexts) -> None:
    assert older.renew_words(60)
    assert found(older, "7700") == found(older, "tag5500") == ["sealed/7700"]
    assert found(older, "canary") == found(older, "6622") == []


def test_deleted_contexts_come_back_with_words_of_this_version(older: Contexts) -> None:
    assert older.renew_words(60)
    assert "gone" not in found(older, "8800")
    with older.write("w", "me") as writer:
        writer.undelete("gone")
    assert found(older, "8800") == ["gone", "port/8800"]


def test_a_new_file_has_nothing_to_index_again(contexts: Contexts, monkeypatch: pytest.MonkeyPatch) -> None:
    put(contexts, "k", {"port": 8800})
    monkeypatch.setattr(words, "renew", None)
    assert contexts.renew_words(60)
    assert found(contexts, "8800") == ["k"]


def test_what_fails_midway_is_continued(older: Contexts, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not committed stays as it was, and nothing is missing at any time."""
    monkeypatch.setattr(renewal, "_PAGE", 2)
    done: list[int] = []
    renew = words.renew

    def failing(db: sa.Connection, number: int) -> None:
        renew(db, number)
        done.append(number)
        if len(done) == 4:
            raise RuntimeError("a fault of the fourth")

    monkeypatch.setattr(words, "renew", failing)
    with pytest.raises(RuntimeError, match="a fault of the fourth"):
        older.renew_words(60)
    assert (found(older, "8800"), found(older, "880")) == (["port/8800"], ["port/880"])
    assert (found(older, "4433"), found(older, "443")) == ([], ["port/4433"])
    assert older.renew_words(60)
    assert sorted(set(done)) == [*done[:2], *done[4:]], "those that were committed are not indexed again"
    assert (found(older, "4433"), found(older, "443")) == (["port/4433"], [])


def test_two_share_the_work(older: Contexts, path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    add = words.add

    def counted(db: sa.Connection, number: int, *more: str) -> None:
        done.append(number)
        add(db, number, *more)

    monkeypatch.setattr(words, "add", counted)
    monkeypatch.setattr(renewal, "_PAGE", 3)
    with closing(Contexts(path, older.clock, url=url)) as another:
        while not (older.renew_words(0) & another.renew_words(0)):
            assert len(done) <= 7
    assert sorted(done) == sorted(set(done))
    assert len(done) == 7
    assert found(older, "8800") == ["port/8800"]


def test_what_an_older_version_writes_meanwhile_is_indexed_again_an_hour_later(
    older: Contexts, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert older.renew_words(60)
    with monkeypatch.context() as patched:
        patched.setattr(words, "terms", older_terms)
        put(older, "port/880", {"port": 9900})
    unmark(older, "port/880")
    assert older.renew_words(60)
    assert found(older, "9900") == []
    clock.advance(3_601)
    assert older.renew_words(60)
    assert found(older, "9900") == ["port/880"]


@in_a_file
def test_another_process_forgets_the_lists_it_has_in_memory(older: Contexts, path: Path) -> None:
    """Though no context has changed."""
    with closing(Contexts(path, older.clock)) as another:
        ranked = RankedWords(another)

        def by_lists(query: str) -> list[str]:
            while (hits := ranked.search_with_lists("w", query)) is None:
                ranked.lists.settle()
            return sorted(hit.head.key for hit in hits)

        assert (by_lists("8800"), by_lists("880")) == ([], ["port/880", "port/8800"])
        assert ranked.lines_at_once("w", "880") is not None
        while not older.renew_words(0):
            pass
        assert ranked.lines_at_once("w", "880") is None
        assert (by_lists("8800"), by_lists("880")) == (["port/8800"], ["port/880"])
        ranked.close()


KILLED = """
import sys
from pathlib import Path
from penstock.contexts.contexts import Contexts
contexts = Contexts(Path(sys.argv[1]))
while not contexts.renew_words(0):
    print("renewed", flush=True)
"""


@in_a_file
def test_a_killed_process_loses_nothing(contexts: Contexts, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, contexts.write("w", "me") as writer:
        patched.setattr(words, "terms", older_terms)
        for n in range(300):
            writer.put(f"k/n{n}", NewContext({"port": 100 * n, "what": "harbour"}, ttl=0))
    unmark(contexts)
    for lines in (1, 20, 60):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for _ in range(lines):
                assert process.stdout.readline() == "renewed\n"
            process.kill()
        assert len(contexts.search("w", "harbour", limit=400)) == 300
        with contexts.snapshot() as db:
            left = len(words.outdated(db, 0, 400))
            assert 0 < left <= 300 - lines
    assert contexts.renew_words(60)
    assert [found(contexts, str(100 * n)) for n in (1, 10, 299)] == [["k/n1"], ["k/n10"], ["k/n299"]]
    assert contexts.get("w", "k/n299").data["port"] == 29_900


def test_a_value_that_was_damaged_on_disk_is_found_by_its_key(older: Contexts) -> None:
    with older._tables.writing() as db:
        db.exec_driver_sql(
            "UPDATE context_versions SET body = ''::bytea, codec = 'zstd' WHERE context = 1"
            if older.is_server
            else "UPDATE context_versions SET body = x'00', codec = 'zstd' WHERE context = 1"
        )
    assert older.renew_words(60)
    assert found(older, "4433") == ["port/4433"]
    with older.snapshot() as db:
        assert words.outdated(db, 0, 100) == []
