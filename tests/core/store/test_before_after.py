"""Both texts of an edit, found by what its event tells."""

from __future__ import annotations

from penstock import Draft, handle_of
from penstock.edits.edit import Edit
from penstock.events.payload import read
from penstock.events.request_events import EditEvent
from penstock.store.before_after import before_after
from penstock.store.in_memory import MemoryStore
from penstock.store.originals import RetentionPolicy
from penstock.testing import Session, assistant, call, conversation, results, user
from tests.engines import Does

WHOLE = "".join(f"line {n} of the listing\n" for n in range(60))
SHORT = "line 0 of the listing\n" * 30 + "[30 lines left out]"


def cuts(draft: Draft) -> str | None:
    for spot in draft.blocks():
        if spot.block.text == WHOLE:
            draft.replace(spot, SHORT, reason="a long listing")
            draft.note("As of today.", reason="a note")
    return None


def told(store: MemoryStore) -> tuple[list[Edit], dict[str, EditEvent]]:
    """The ledger, and what the events tell of each edit, by what it does."""
    with Session(Does(cuts, "cut"), store=store) as session:
        session.send(conversation(user("list it"), assistant(call("Bash", command="ls")), results(WHOLE)))
        name = session.outcome.exchange.identity.conversation if session.outcome.exchange else ""
    events = [one.data for one in store.events_after()]
    return [one.edit for one in store.edits_of(name)], {one.op: one for one in events if isinstance(one, EditEvent)}


def test_both_are_whole() -> None:
    """However short the log cuts them."""
    store = MemoryStore()
    ledger, events = told(store)
    found = before_after(store, ledger, events["replace"])
    assert (found.before, found.after, found.is_whole) == (WHOLE, SHORT, True)
    assert found.handle == handle_of(WHOLE)


def test_a_note_takes_nothing_away() -> None:
    store = MemoryStore()
    ledger, events = told(store)
    found = before_after(store, ledger, events["note"])
    assert (found.before, found.after, found.handle) == ("", "As of today.", "")


def test_what_is_not_kept_is_not_made_up() -> None:
    """The original past its time; the ledger of a conversation long over."""
    store = MemoryStore()
    ledger, events = told(store)
    store.prune(before=0.0, keep_events=100, originals=RetentionPolicy(since=1e12))
    assert before_after(store, ledger, events["replace"]).before is None
    gone = before_after(store, [], events["replace"])
    assert not gone.is_whole
    assert gone.after == events["replace"].text


def test_an_event_of_an_older_version() -> None:
    """It names neither the original nor the place."""
    found = before_after(
        MemoryStore(), [], read(EditEvent, {"stage": "s", "op": "replace", "before": 7, "text": "new"})
    )
    assert (found.before, found.after, found.is_whole) == (None, "new", False)
