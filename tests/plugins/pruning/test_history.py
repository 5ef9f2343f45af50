"""A history that goes on from an earlier request's is the one that reading everything anew gives."""

from __future__ import annotations

import json

import pytest

from penstock.dialects import continued
from penstock.dialects.anthropic import Anthropic
from penstock_plugins.pruning.history import History, Lookup
from penstock_plugins.pruning.repeats import told_before
from tests.plugins.pruning.talk import Talk, source


def _talk() -> Talk:
    talk = Talk(pruning={}).user("Fix the rounding.")
    for turn in range(6):
        talk.call("Read", {"file_path": f"shop/{turn % 2}.py"}, source("cart"))
        talk.call("Edit", {"file_path": f"shop/{turn % 2}.py", "old_string": "a", "new_string": "b"}, "done")
        talk.call("Bash", {"command": f"test {turn}"}, "ok").agent(f"Turn {turn}.").user("Go on.")
    return talk


def _seen(history: History) -> tuple[object, ...]:
    results = [(r.spot.message, r.spot.index, r.tool, r.path, r.turn, r.text) for r in history.results]
    writes = [(index, path, call.key) for index, path, call in history.writes]
    alike = [[history.results.index(one) for one in history.alike(at)] for at in range(len(results))]
    return results, history.turn_of, history.touched, history.edited, history.turns, writes, alike


@pytest.fixture(autouse=True, params=[0, 100_000])
def _least(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the dialect tells what two requests share, and where it does not."""
    monkeypatch.setattr(continued, "_LEAST", request.param)


@pytest.mark.parametrize("first", [1, 2, 5, 9, 20, 30])
def test_going_on_gives_what_reading_anew_gives(first: int) -> None:
    """Wherever the earlier request ended, in the middle of a turn too."""
    talk, lookup, dialect = _talk(), Lookup(), Anthropic()
    whole = dialect.read(talk.raw(), "/v1/messages")
    del talk.messages[first:]
    earlier = History(dialect.read(talk.raw(), "/v1/messages"), lookup)
    assert _seen(History(whole, lookup, earlier)) == _seen(History(whole, lookup))


def test_what_repeats_another_is_among_those_alike() -> None:
    """All that may be pointed to is found without a look at the others."""
    talk = _talk().call("Read", {"file_path": "other.py"}, source("cart")).call("Bash", {"command": "test 1"}, "ok")
    history = History(Anthropic().read(talk.raw(), "/v1/messages"), Lookup())
    found = [told_before(result, history.alike(at), history) for at, result in enumerate(history.results)]
    assert found == [told_before(one, history.results[:at], history) for at, one in enumerate(history.results)]
    assert any(found)


def test_a_branch_is_read_anew() -> None:
    """After going back nothing of what was undone counts."""
    talk, lookup, dialect = _talk(), Lookup(), Anthropic()
    earlier = History(dialect.read(talk.raw(), "/v1/messages"), lookup)
    before = _seen(earlier)
    del talk.messages[4:]
    branch = dialect.read(talk.call("Read", {"file_path": "other.py"}, "x").raw(), "/v1/messages")
    assert _seen(History(branch, lookup, earlier)) == _seen(History(branch, lookup))
    assert _seen(earlier) == before


def _marked(turns: int, part: int | None) -> bytes:
    """Results in two parts each; the client's breakpoint on the last part of one, or on none."""
    messages: list[dict[str, object]] = [{"role": "user", "content": "Go."}]
    for turn in range(turns):
        parts = [{"type": "text", "text": f"row {turn}"}, {"type": "text", "text": "full"}]
        marked = [*parts[:-1], {**parts[-1], "cache_control": {"type": "ephemeral"}}]
        call = {"type": "tool_use", "id": f"t{turn}", "name": "Bash", "input": {"command": f"run {turn}"}}
        result = {"type": "tool_result", "tool_use_id": f"t{turn}", "content": marked if turn == part else parts}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    return json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": messages}).encode()


@pytest.mark.parametrize(("before", "now"), [(1, 3), (None, 1), (1, None)])
def test_a_breakpoint_that_moved_counts_where_it_is_now(before: int | None, now: int | None) -> None:
    """It changes no key of a message, but which results may be edited, and where they stand."""
    lookup, dialect = Lookup(), Anthropic()
    earlier = History(dialect.read(_marked(3, before), "/v1/messages"), lookup)
    history = History(dialect.read(_marked(4, now), "/v1/messages"), lookup, earlier)
    assert [r.spot.is_editable for r in history.results] == [turn != now for turn in range(4)]
    blocks = history.conversation.messages
    assert all(r.spot.block == blocks[r.spot.message].blocks[r.spot.index] for r in history.results)
    assert history.results[0] is earlier.results[0]
