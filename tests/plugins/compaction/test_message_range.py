"""Which old messages may be compacted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.testing import Turn, assistant, call, conversation, draft_for, results, user
from penstock_plugins.compaction.message_range import has_earlier_turns, old_stretches
from penstock_plugins.pruning.history import History, Lookup
from tests.plugins.compaction.talks import talk

PARTS = st.sampled_from(["words", "rounds of tools", "an answer"])


def played(parts: list[str]) -> list[Turn]:
    """A conversation that begins with a prompt."""
    out: list[Turn] = [user("begin")]
    for part in parts:
        if part == "words":
            out += [assistant("yes"), user("go on")]
        elif part == "an answer":
            out.append(assistant("done"))
        else:
            out += [assistant("I look.", call("Read", file_path="a.py")), results("some text")]
    return out


@given(st.lists(PARTS, max_size=8), st.integers(1, 3))
def test_without_an_earlier_turn_nothing_is_old(parts: list[str], turns: int) -> None:
    """So that a long history of one turn need not be read to know it."""
    found = draft_for(conversation(*played(parts))).conversation
    history = History(found, Lookup())
    old = old_stretches(history, turns, lambda _: False, len(found.messages))
    assert has_earlier_turns(found.messages) or not old


def test_a_turn_is_old_once_others_came_after_it() -> None:
    found = draft_for(conversation(*talk(6))).conversation
    assert has_earlier_turns(found.messages)
    assert old_stretches(History(found, Lookup()), 1, lambda _: False, len(found.messages))
