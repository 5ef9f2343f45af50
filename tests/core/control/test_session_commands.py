"""What a person asks of sessions."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from penstock.base.errors import PenstockError
from penstock.budget import Amount, BudgetOwner, Budgets, Scope
from penstock.budget.budgets import COUNTERS, LIMITS
from penstock.budget.settings import Budget, Limit
from penstock.control.session_commands import COMMANDS, QUIET_S, WARM_S, Live, SessionCommands
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.store.in_memory import MemoryStore
from tests.budgets_stored import save_in

K = EventKind
THEN, NOW = 1_700_000_000.0, 1_700_100_000.0


class Asked:
    """Session commands over a store in memory, at a time that can be set."""

    def __init__(self) -> None:
        self.store, self.now = MemoryStore(), NOW
        self.forgotten: list[Collection[str]] = []
        self.budgets: list[tuple[str, Collection[str]]] = []

    def __call__(self, command: str, *, live: bool = False, **arguments: Any) -> dict[str, Any]:
        return SessionCommands(self.store, self._live() if live else None, lambda: self.now).do(command, arguments)

    def _live(self) -> Live:
        @contextmanager
        def forgotten(names: Collection[str]) -> Iterator[None]:
            yield
            self.forgotten.append(names)

        return Live(lambda: None, forgotten, lambda session, names: self.budgets.append((session, names)))

    def request(self, session: str, conversation: str, *, at: float = THEN, ends: bool = True, **more: Any) -> None:
        id = f"x{self.store.end().seq}"
        said = {
            "session": session,
            "conversation": conversation,
            "client": "codex",
            "kind": "main",
            "project": "/src/p",
        }
        events = [
            Event(0, at, id, K.RECEIVED, {}),
            Event(0, at, id, K.CLASSIFIED, said | more),
            Event(0, at + 1, id, K.REWRITTEN, {"tokens_in": 100, "tokens_out": 60}),
        ]
        self.store.add_events([*events, *([Event(0, at + 2, id, K.ANSWERED, {})] if ends else [])])


@pytest.fixture
def ask() -> Asked:
    asked = Asked()
    asked.request("morning", "talk-1")
    asked.request("morning", "talk-2", kind="subagent")
    asked.request("", "talk-9", at=THEN + 50)
    return asked


def test_every_command_is_there(ask: Asked) -> None:
    """And another is refused, as is what does not fit one."""
    assert all(hasattr(SessionCommands(ask.store), f"_{name}") for name in COMMANDS)
    for command, arguments in (("open", {}), ("show", {}), ("delete", {"session": "morning", "force": "maybe"})):
        with pytest.raises(PenstockError, match=command):
            ask(command, **arguments)


def test_what_sessions_there_are(ask: Asked) -> None:
    """The one that was active last on top, with what it is called, how much it sent, and what it takes in the log."""
    unnamed, named = ask("list")["sessions"]
    assert (unnamed["session"], unnamed["named"]) == ("talk-9", False)
    assert (named["session"], named["client"], named["requests"], named["turns"]) == ("morning", "codex", 2, 1)
    assert (named["tokens_in"], named["tokens_out"], named["ratio"]) == (200, 120, 0.6)
    assert (named["conversations"], named["events"]) == (2, 8)
    assert named["bytes"] > 100


def test_counting_tokens_is_no_traffic(ask: Asked) -> None:
    ask.request("morning", "talk-1", kind="count")
    assert ask("show", session="morning")["tokens_in"] == 200


def test_a_label(ask: Asked) -> None:
    """Stands for the session from then on, is cut to a line, and belongs to one at a time; empty takes it away."""
    assert ask("label", session="morn", label=" the\nkiln \x1b[2J")["label"] == "the kiln [2J"
    ask("label", session="morning", label="the kiln")
    assert ask("show", session="the kiln")["session"] == "morning"
    with pytest.raises(PenstockError, match="another session is called 'the kiln' already: morning"):
        ask("label", session="talk-9", label="the kiln")
    ask("label", session="the kiln")
    assert ask("show", session="morning")["label"] == ""
    ask("label", session="talk-9", label="the kiln")


def test_who_is_not_there_or_not_alone(ask: Asked) -> None:
    """Said with what to do."""
    ask.request("morning-2", "talk-3")
    with pytest.raises(PenstockError, match="2 sessions are called 'morni': give more of one of morning, morning-2"):
        ask("show", session="morni")
    for name in ("nobody", "mor", ""):
        with pytest.raises(PenstockError, match="penstock sessions list"):
            ask("delete", session=name)
    assert ask("show", session="morning")["session"] == "morning", "the whole name is one's own"


def test_deleting_takes_all_that_is_its_own(ask: Asked) -> None:
    """Of all its conversations; what it spent in wider budgets stays, and so does every other session."""
    edit = Edit(Op.REPLACE, Place(b"k" * 16), "[stub]", "a-stage", "because", "old words")
    for talk in ("talk-1", "talk-9"):
        ask.store.add_edits(talk, [Landed(1, edit)], THEN)
        ask.store.set_tip(talk, PrefixHash(0, b"c" * 16, 3), THEN)
    budgets = Budgets(now=THEN, save=save_in(ask.store))
    budgets.set(Scope.SESSION, "morning", Limit(dollars=3))
    budgets.settle("x", BudgetOwner("talk-1", "morning", "codex", "/src/p"), Budget(), Amount(1.0, 100, 1), THEN)
    ask.store.add_events([Event(0, THEN, "", K.BUDGET, {"budget": b}) for b in ("session morning", "day")])
    ask("label", session="morning", label="the kiln")
    shown = ask("show", session="the kiln")["deletes"]
    assert shown == {"events": 9, "edits": 1, "originals": 0, "tips": 1, "facts": 4}
    assert ask("delete", session="the kiln")["deleted"] == shown
    assert [one["session"] for one in ask("list")["sessions"]] == ["talk-9"]
    assert ask.store.edits_of("talk-9")
    assert ask.store.tip_of("talk-9")
    assert [one.text for one in ask.store.find_originals()] == ["old words"], "talk-9 has it still"
    assert {key.partition("|")[0] for key in ask.store.values_of(COUNTERS)} == {"day", "project", "agent"}
    assert ask.store.values_of(LIMITS) == {}
    told = ask.store.events_after()[-1]
    assert told.kind is K.DELETED
    assert told.payload == {"conversations": ["talk-1", "talk-2"], "exchanges": 2, "events": 8}
    assert "morning" not in str([e.payload for e in ask.store.events_after()])


def test_indexed_outputs_go_with_their_session(ask: Asked) -> None:
    """The index is asked to forget the conversations that are deleted, and no others."""
    forgotten: list[str] = []
    commands = SessionCommands(ask.store, forget_outputs=forgotten.extend)
    commands.do("delete", {"session": "morning", "force": True})
    assert forgotten == ["talk-1", "talk-2"]


def test_what_the_provider_may_still_cache_is_deleted_by_force_alone(ask: Asked) -> None:
    """The ledger is what keeps the next request like the last: the words say what going on without it costs."""
    ask.now = THEN + WARM_S - 60
    with pytest.raises(PenstockError, match=r"59 minutes ago.*pays for writing its whole history again.*`force`"):
        ask("delete", session="morning")
    assert "whole history again" in ask("show", session="morning")["warning"]
    assert ask("delete", session="morning", force=True)["deleted"]["events"] == 8


def test_a_proxy_that_works_at_it_does_not_let_it_go(ask: Asked) -> None:
    """A request under way, or one a moment ago, whose end is still to be written: by no force."""
    ask.request("morning", "talk-1", at=NOW - 100, ends=False)
    with pytest.raises(PenstockError, match="1 requests under way"):
        ask("delete", live=True, session="morning", force=True)
    assert "under way" in ask("show", live=True, session="morning")["refused"]
    ask.now = THEN + 50 + QUIET_S - 1
    with pytest.raises(PenstockError, match="delete it in a minute"):
        ask("delete", live=True, session="talk-9", force=True)
    assert ask.forgotten == []
    ask.now = NOW
    ask("delete", live=True, session="talk-9")
    assert (ask.forgotten, ask.budgets) == ([["talk-9"]], [("talk-9", ["talk-9"])])


def test_a_request_that_was_lost_does_not_keep_it(ask: Asked) -> None:
    """A proxy was killed in the middle of it: an hour later nobody waits for its end."""
    ask.request("morning", "talk-1", at=NOW - 4000, ends=False)
    assert ask("delete", live=True, session="morning")["deleted"]


def test_what_an_earlier_proxy_had_under_way_does_not_keep_it(ask: Asked) -> None:
    """It ended with that proxy, whether the log says so or not."""
    ask.request("morning", "talk-1", at=NOW - 100, ends=False)
    ask.store.add_events([Event(0, NOW - 90, "", K.STARTED, {})])
    assert ask("delete", live=True, session="morning", force=True)["deleted"]


def test_a_log_of_another_version(ask: Asked) -> None:
    """Payloads with nothing in them, or other things than expected: they belong to no session."""
    for payload in ({}, {"session": 3, "conversation": None}, {"session": "odd", "project": ["x"], "turn": "a"}):
        ask.store.add_events([Event(0, THEN, "odd", K.CLASSIFIED, payload)])
    ask.store.add_events([Event(0, THEN, "odd", K.REWRITTEN, {"tokens_in": "many"})])
    assert {one["session"] for one in ask("list")["sessions"]} == {"morning", "talk-9", "odd"}
