"""The hint: a subagent is told when what may be spent runs low."""

from __future__ import annotations

import pytest

from penstock.testing import Session, assistant, conversation, profile_of, user
from penstock_plugins import budget

MAIN = {"x-claude-code-session-id": "0123456789-0123456789", "user-agent": "claude-cli/2.0"}
SUB = {**MAIN, "x-claude-code-agent-id": "sub-1"}
LIMITED = "[budget]\nhint = true\n[budget.session]\nrequests = 10\nper = 'day'\n"


def test_nothing_is_said_unless_a_profile_wants_it() -> None:
    """It costs tokens."""
    assert budget.stages(profile_of()) == []
    assert [stage.name for stage in budget.stages(profile_of(LIMITED))] == ["budget"]


@pytest.mark.parametrize(("headers", "is_told"), [(MAIN, False), (SUB, True)], ids=["main", "subagent"])
def test_a_subagent_is_told_once_for_each_level(headers: dict[str, str], is_told: bool) -> None:
    """In a note that stays where it stands; a main agent has a person for that."""
    profile = profile_of(LIMITED)
    with Session(*budget.stages(profile), profile=profile, headers=headers) as session:
        said, sent = [user("go")], []
        for n in range(10):
            sent.append(session.send(conversation(*said)).decode())
            session.reply("yes")
            said += [assistant("yes"), user(f"more {n}")]
    assert [text.count("[Budget: most") for text in sent] == [0] * 7 + [1 if is_told else 0] * 3
    assert [text.count("[Budget: nearly") for text in sent] == [0] * 9 + [1 if is_told else 0]
