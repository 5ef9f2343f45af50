"""Contexts: ends, versions and errors that the machine of `test_contexts_machine` does not come to."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penstock.base.clock import ManualClock
from penstock.contexts import finding
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import ContextError, Expired, InvalidContext, NoContext
from penstock.contexts.records import DEFAULT_TTL_S, NewContext, Retention
from penstock.contexts.writing import Writer

LONGEST = 100 * 366 * 86_400.0


def put(contexts: Contexts, key: str, data: Any, **more: Any) -> None:
    with contexts.write("w", "me") as writer:
        writer.put(key, NewContext(data, **more))


@pytest.mark.parametrize("ttl", [-1.0, float("nan"), float("inf"), LONGEST * 2, 1e-9])
def test_a_bad_ttl_changes_nothing_even_where_the_block_goes_on(ttl: float, contexts: Contexts) -> None:
    put(contexts, "k", 1)
    put(contexts, "gone", 1)
    with contexts.write("w", "me") as writer:
        writer.delete("gone")
        for call in (
            lambda: writer.put("k", NewContext(2, ttl=ttl)),
            lambda: writer.put("new", NewContext(2, ttl=ttl)),
            lambda: writer.patch("k", 2, NewContext(None, ttl=ttl)),
            lambda: writer.touch("k", NewContext(None, ttl=ttl)),
            lambda: writer.undelete("gone", ttl),
        ):
            with pytest.raises(InvalidContext, match="ttl"):
                call()
    assert [version.version for version in contexts.versions("w", "k")] == [1]
    put(contexts, "k", 3)
    assert [version.version for version in contexts.versions("w", "k")] == [2, 1]


def test_the_longest_time_runs_again_with_each_version(contexts: Contexts, clock: ManualClock) -> None:
    """Rounding makes it no longer than it may be."""
    for step in range(50):
        clock.advance(0.1 + step / 7)
        put(contexts, f"k{step}", 1, ttl=LONGEST)
        clock.advance(1 / 3)
        put(contexts, f"k{step}", 2)
        assert contexts.head("w", f"k{step}").expires_at == pytest.approx(clock.now() + LONGEST)


def test_what_was_deleted_and_is_put_again_lasts_a_day_like_any_new_one(contexts: Contexts, clock: ManualClock) -> None:
    for key, ttl in (("always", 0.0), ("minute", 60.0)):
        put(contexts, key, 1, ttl=ttl)
        with contexts.write("w", "me") as writer:
            writer.delete(key)
            assert writer.put(key, NewContext(2))[1]
        assert contexts.head("w", key).expires_at == clock.now() + DEFAULT_TTL_S
        assert contexts.head("w", key).version == 2


def test_a_context_ends_at_its_end(contexts: Contexts, clock: ManualClock) -> None:
    put(contexts, "k", "word", ttl=10)
    clock.advance(9.99)
    assert contexts.get("w", "k").data == "word"
    clock.advance(0.01)
    with pytest.raises(Expired, match="ended"):
        contexts.get("w", "k")
    assert contexts.page("w").items == contexts.search("w", "word") == []


def test_the_hint_of_an_unknown_key_names_none_that_has_ended(contexts: Contexts, clock: ManualClock) -> None:
    put(contexts, "plans/one", 1, ttl=10)
    with pytest.raises(NoContext, match="near: plans/one"):
        contexts.get("w", "plan/one")
    clock.advance(10)
    with pytest.raises(NoContext) as caught:
        contexts.get("w", "plan/one")
    assert "near" not in str(caught.value)


@pytest.mark.parametrize("version", [0, -1, 2, 2**31, 2**63, 2**70])
def test_a_version_that_is_not_there_is_named_with_those_that_are(version: int, contexts: Contexts) -> None:
    put(contexts, "k", 1)
    with pytest.raises(NoContext, match="kept are 1 to 1"):
        contexts.get("w", "k", version)
    with pytest.raises(NoContext, match="kept are 1 to 1"), contexts.write("w", "me") as writer:
        writer.rollback("k", version)


def test_as_much_is_kept_as_was_asked_for(path: Path, clock: ManualClock) -> None:
    """More or fewer versions and changes; with a lower number the next write to a context removes older ones."""
    with closing(Contexts(path, clock, Retention(versions=12, changes=3))) as many:
        for n in range(13):
            put(many, "k", n)
        assert [one.version for one in many.versions("w", "k")] == list(range(13, 1, -1))
        assert many.resume(9) == (9, False)
        many.expire()
        assert [one.cursor for one in many.changes_after("w", 0)] == [11, 12, 13]
        assert many.resume(9) == (10, True)
    with closing(Contexts(path, clock, Retention(versions=2))) as few:
        assert len(few.versions("w", "k")) == 12
        put(few, "k", "next")
        assert [one.version for one in few.versions("w", "k")] == [14, 13]


@pytest.mark.parametrize("cursor", [2**63, 2**70])
def test_a_cursor_beyond_all_has_a_gap_and_nothing_after_it(cursor: int, contexts: Contexts) -> None:
    put(contexts, "k", 1)
    assert contexts.resume(cursor) == (0, True)
    assert contexts.changes_after("w", cursor) == []


def test_a_read_sees_one_state_of_the_file(contexts: Contexts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process purges between the two selects of a read: it still gets what was there at its beginning."""
    put(contexts, "k", "there")
    other = Contexts(contexts.path, contexts.clock, url=contexts.url)
    look_up = finding.look_up

    def then_purge(db: Any, workspace: str, key: str) -> Any:
        row = look_up(db, workspace, key)
        with other.write("w", "other") as writer:
            writer._db.exec_driver_sql("DELETE FROM context_versions")
            writer._db.exec_driver_sql("DELETE FROM contexts")
        return row

    monkeypatch.setattr(finding, "look_up", then_purge)
    assert [version.version for version in contexts.versions("w", "k")] == [1]
    monkeypatch.undo()
    other.close()
    with pytest.raises(NoContext):
        contexts.get("w", "k")


def test_listeners_are_called_after_what_is_there_and_not_after_what_was_undone(contexts: Contexts) -> None:
    seen: list[int] = []
    stop = contexts.listen(lambda: seen.append(contexts.cursor()))
    put(contexts, "a", 1)
    assert seen == [1]

    def fail(writer: Writer) -> None:
        writer.put("b", NewContext(1))
        raise ContextError("no")

    with pytest.raises(ContextError), contexts.write("w", "me") as writer:
        fail(writer)
    assert seen == [1]
    stop()
    put(contexts, "c", 1)
    assert seen == [1]
    assert [change.key for change in contexts.changes_after("w", 0)] == ["a", "c"]


def test_answers_are_given_again_for_a_day_and_to_the_same_request_alone(
    contexts: Contexts, clock: ManualClock
) -> None:
    with contexts.write("w", "me") as writer:
        writer.remember_answer("n", "digest", 200, b"{}")
    with contexts.write("w", "me") as writer:
        assert writer.answered("n", "digest") == (200, b"{}")
        with pytest.raises(ContextError, match="another request"):
            writer.answered("n", "other")
    with contexts.write("v", "me") as writer:
        assert writer.answered("n", "digest") is None
    clock.advance(86_400)
    with contexts.write("w", "me") as writer:
        assert writer.answered("n", "other") is None
