"""A history that goes on from an earlier request's is the one that reading everything anew gives."""

from __future__ import annotations

import pytest

from penstock.dialects.anthropic import Anthropic
from penstock_plugins.pruning.history import History, Lookup
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
    return results, history.turn_of, history.touched, history.edited, history.turns


@pytest.mark.parametrize("first", [1, 2, 5, 9, 20, 30])
def test_going_on_gives_what_reading_anew_gives(first: int) -> None:
    """Wherever the earlier request ended, in the middle of a turn too."""
    talk, lookup, dialect = _talk(), Lookup(), Anthropic()
    whole = dialect.read(talk.raw(), "/v1/messages")
    del talk.messages[first:]
    earlier = History(dialect.read(talk.raw(), "/v1/messages"), lookup)
    assert _seen(History(whole, lookup, earlier)) == _seen(History(whole, lookup))


def test_a_branch_is_read_anew() -> None:
    """After going back nothing of what was undone counts."""
    talk, lookup, dialect = _talk(), Lookup(), Anthropic()
    earlier = History(dialect.read(talk.raw(), "/v1/messages"), lookup)
    before = _seen(earlier)
    del talk.messages[4:]
    branch = dialect.read(talk.call("Read", {"file_path": "other.py"}, "x").raw(), "/v1/messages")
    assert _seen(History(branch, lookup, earlier)) == _seen(History(branch, lookup))
    assert _seen(earlier) == before
