"""What the engine remembers of a conversation: what was sent, and what is new."""

from __future__ import annotations

import threading

import pytest

from penstock.conversation.conversation import Conversation, digest
from penstock.cost.cache_ttl import CacheClock
from penstock.edits.ledger import Ledger
from penstock.engine.state import RETRIES, Attempt, ConversationState, States
from penstock.events.event import PrefixHash
from penstock.testing import Turn, assistant, call, conversation, dialect_of, path_of, results, user

SAID = [user("one"), assistant("two"), user("three"), assistant("four"), user("five")]


def read(*turns: Turn) -> Conversation:
    return dialect_of("anthropic").read(conversation(*turns), path_of("anthropic"))


def state(known: PrefixHash | None = None) -> ConversationState:
    return ConversationState(Ledger(), CacheClock(0.0), known)


def tip(*turns: Turn) -> PrefixHash:
    return PrefixHash(0, digest(*(m.key for m in read(*turns).messages)), len(turns))


def send(on: ConversationState, *turns: Turn) -> list[tuple[int, int]]:
    """The blocks that are new in this request; then it is sent."""
    said = read(*turns)
    sent = on.count_sent(said)
    is_new = on.newness(said, sent)
    new = [(m, b) for m, b, _ in said.blocks() if is_new(m, b)]
    on.mark_sent(said, sent)
    return new


def test_a_first_request_is_all_new() -> None:
    """Nothing was sent before."""
    assert send(state(), user("a", "b")) == [(0, 0), (0, 1)]


def test_of_a_conversation_met_in_the_middle_the_newest_message_is_new() -> None:
    """What the model has answered must have been sent, if not by us."""
    assert send(state(), *SAID) == [(4, 0)]


def test_what_comes_on_top_is_new() -> None:
    """Request by request, and only that."""
    talk = state()
    assert send(talk, *SAID[:1]) == [(0, 0)]
    assert send(talk, *SAID[:3]) == [(1, 0), (2, 0)]
    assert send(talk, *SAID) == [(3, 0), (4, 0)]
    assert send(talk, *SAID) == []


def test_the_same_words_said_again_are_new() -> None:
    """Content that was sent once is new when it stands there a second time."""
    talk = state()
    send(talk, user("ok"))
    assert send(talk, user("ok"), assistant("no"), user("ok")) == [(1, 0), (2, 0)]
    assert send(talk, user("ok"), assistant("no"), user("ok"), assistant("no"), user("ok")) == [(3, 0), (4, 0)]


def test_what_was_sent_is_not_new_in_another_place() -> None:
    """The client cut its history: the rest moved up, and is known."""
    talk = state()
    send(talk, *SAID)
    assert send(talk, *SAID[2:], assistant("six"), user("seven")) == [(3, 0), (4, 0)]


def test_a_message_that_was_rewritten_is_new_where_it_was() -> None:
    """Its other blocks are not."""
    talk = state()
    send(talk, user("one", "two"))
    assert send(talk, user("one", "two and more")) == [(0, 1)]


def test_after_a_restart_what_the_store_knows_was_sent() -> None:
    """The newest message is new if it came after."""
    assert send(state(tip(*SAID[:3])), *SAID) == [(4, 0)]
    assert send(state(tip(*SAID)), *SAID) == []


def test_after_a_restart_another_history_was_sent() -> None:
    """What this process does not know counts as sent, to the last word."""
    assert send(state(tip(user("other"))), *SAID) == []
    assert send(state(tip(*SAID)), *SAID[:3]) == []


def test_what_left_as_it_came_counts_as_sent() -> None:
    """Noted by the loop without the lock, counted in with the next request."""
    talk = state()
    send(talk, *SAID[:1])
    talk.untouched.append(read(*SAID[:3]))
    assert send(talk, *SAID) == [(3, 0), (4, 0)]
    assert not talk.untouched


def test_what_an_answer_follows_was_sent_past_us() -> None:
    """A request that went by without us is told by the answer to it: what it carried is in the provider's cache."""
    talk = state()
    send(talk, *SAID[:1])
    assert send(talk, *SAID) == [(3, 0), (4, 0)]


def test_a_call_of_the_last_answer_proves_no_request() -> None:
    """Where each call and each result is an entry of its own, results may stand between the calls of one answer: they
    are new. A call that nobody here heard of proves that the results before it were sent past us."""
    talk = state()
    said = [
        user("look"),
        assistant(call("Read", path="a")),
        results("a"),
        assistant(call("Read", path="b")),
        results("b"),
    ]
    send(talk, said[0])
    ids = [c for message in read(*said).messages for c in message.calls]
    talk.pending_calls = frozenset(ids)
    assert talk.count_sent(read(*said)) == 1
    talk.pending_calls = frozenset(ids[:1])
    assert talk.count_sent(read(*said)) == 3


def test_words_to_go_on_from_prove_no_request() -> None:
    """A client may end its request with the beginning of the answer it wants."""
    talk = state()
    send(talk, *SAID[:1])
    assert talk.count_sent(read(*SAID, assistant("It is"))) == 3


def test_a_history_that_shrank_begins_an_epoch() -> None:
    """So does one that branched; clients that rewrite their last messages do not."""
    talk = state()
    assert not talk.begins_epoch(read(*SAID))
    send(talk, *SAID)
    assert not talk.begins_epoch(read(*SAID, assistant("six"), user("seven")))
    assert not talk.begins_epoch(read(*SAID[:3], assistant("4"), user("5")))
    assert talk.begins_epoch(read(*SAID[:2], user("3")))
    assert talk.begins_epoch(read(user("a summary")))


def test_the_tip_is_the_chain_over_all_messages() -> None:
    """With the epoch, to be stored."""
    talk = state()
    talk.epoch = 3
    said = read(*SAID)
    assert talk.mark_sent(said, 0) == PrefixHash(3, digest(*(m.key for m in said.messages)), 5)


def test_retries_are_remembered_in_bounds() -> None:
    """The oldest go first."""
    talk = state()
    for n in range(RETRIES + 5):
        talk.note_attempt(n, Attempt(n, untouched=False))
    assert len(talk.attempts) == RETRIES
    assert 4 not in talk.attempts
    assert talk.attempts[5] == Attempt(5, untouched=False)


def test_conversations_are_kept_in_bounds() -> None:
    """The least recently used goes, and comes back from the store."""
    loaded: list[str] = []

    def load(name: str) -> ConversationState:
        loaded.append(name)
        return state()

    states = States(load, limit=2)
    first = states.get("a")
    states.get("b")
    assert states.get("a") is first
    states.get("c")
    assert states.peek("b") is None
    assert states.peek("a") is first
    states.get("b")
    assert loaded == ["a", "b", "c", "b"]
    assert states.peek("unknown") is None


def test_large_conversations_are_kept_in_bounds() -> None:
    """Of memory: the least recently used go, but a few stay, however large they are."""

    def load(name: str) -> ConversationState:
        found = state()
        found.sent = {str(n).encode(): 1 for n in range(1000)}
        return found

    states = States(load, limit=1000, limit_bytes=20 * load("").size)
    for n in range(200):
        states.get(f"c{n}")
    assert 20 <= len(states.loaded()) <= 20 + 50
    assert states.peek("c199") is not None
    few = States(load, limit_bytes=1)
    for n in range(200):
        few.get(f"c{n}")
    assert 16 <= len(few.loaded()) <= 16 + 50


def test_the_conversations_in_memory_can_be_listed() -> None:
    """Each with its id; asking loads none."""
    states = States(lambda name: state(), limit=2)
    one, two = states.get("one"), states.get("two")
    assert states.loaded() == [("one", one), ("two", two)]
    states.get("three")
    assert [name for name, _ in states.loaded()] == ["two", "three"]


def test_a_conversation_met_in_the_middle_is_not_known_yet() -> None:
    """An earlier process, or nobody of ours, sent its beginning; one met at its beginning is known, however it goes
    on."""
    begun, fresh, restarted = state(), state(), state(tip(*SAID[:1]))
    begun.note_earlier_history(read(*SAID[:3]), 7.0)
    restarted.note_earlier_history(read(*SAID[:1]), 7.0)
    fresh.note_earlier_history(read(*SAID[:1]), 7.0)
    assert (begun.clock.first_seen_at, restarted.clock.first_seen_at, fresh.clock.first_seen_at) == (7.0, 7.0, None)
    send(fresh, *SAID[:1])
    fresh.note_earlier_history(read(*SAID[:3]), 9.0)
    begun.note_earlier_history(read(*SAID), 9.0)
    assert (begun.clock.first_seen_at, fresh.clock.first_seen_at) == (7.0, None)


def test_what_was_forgotten_is_loaded_anew() -> None:
    """A state that was loaded, and one that was not; others stay."""
    states = States(lambda name: state())
    one, other = states.get("one"), states.get("other")
    with states.forgotten(["one", "never seen", "one"]):
        pass
    assert states.peek("one") is None
    assert states.get("one") is not one
    assert states.get("other") is other


def test_who_asks_for_one_meanwhile_waits() -> None:
    """It gets what is so afterwards, and not what is about to go."""
    states, inside, got = States(lambda name: state()), threading.Event(), list[ConversationState]()
    one = states.get("one")

    def ask() -> None:
        inside.set()
        got.append(states.get("one"))

    asking = threading.Thread(target=ask)
    with states.forgotten(["one"]):
        asking.start()
        inside.wait(10)
        states.get("other")  # nobody waits for another's
        assert got == []
    asking.join(10)
    assert got[0] is states.peek("one")
    assert got[0] is not one


def test_what_fails_forgets_nothing() -> None:
    states = States(lambda name: state())
    one = states.get("one")
    with pytest.raises(OSError, match="no room"), states.forgotten(["one"]):
        raise OSError("no room")
    assert states.get("one") is one
