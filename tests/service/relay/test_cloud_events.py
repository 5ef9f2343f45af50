"""Events as CloudEvents: what is published, and what never is."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.events.event import CLASSES, Event
from penstock.events.kinds import EventKind
from penstock.events.payload import EventData, payload_of
from penstock.testing import Session, call, conversation, user
from penstock_service.relay.cloud_events import FIELDS, KINDS, message_of, type_of

TEXT = st.text(st.sampled_from("kettle\n \"\\é<>{}'"), min_size=1).map(lambda text: f"the secret {text}")


def sent(event: Event, conversation: str = "c1") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message_of(event, conversation).body)
    return found


def test_a_message_is_a_cloud_event() -> None:
    """All attributes that version 1.0 requires, the numbers of the answer, and what orders and identifies it."""
    usage = {"input": 5, "output": 7}
    payload = {"status": 200, "ms": 1.5, "text": "because", "usage": usage, "stop": "end_turn"}
    event = Event(12, 1_700_000_000.25, "x1", EventKind.ANSWERED, payload)
    assert sent(event) == {
        "specversion": "1.0",
        "id": "12:x1",
        "source": "/penstock",
        "type": "penstock.exchange.completed.v1",
        "subject": "c1",
        "partitionkey": "c1",
        "time": "2023-11-14T22:13:20.250000Z",
        "datacontenttype": "application/json",
        "data": {
            "exchange": "x1",
            "kind": "answered",
            "payload": {
                "status": 200,
                "ms": 1.5,
                "usage": {"input": 5, "output": 7, "passes": 1, "searches": 0},
                "stop": "end_turn",
            },
        },
    }


def test_ids_stay_and_differ() -> None:
    """The same event has the same id whatever is known of its conversation; an event of another store has another."""
    one = Event(1, 10.0, "x1", EventKind.PROCESSED, {})
    assert message_of(one, "").id == message_of(one, "c").id
    others = [Event(1, 10.0, "x2", EventKind.PROCESSED, {}), Event(2, 10.0, "x1", EventKind.PROCESSED, {})]
    proxies = [Event(1, at, "", EventKind.STOPPED, {}) for at in (10.0, 11.0)]
    assert len({message_of(event, "").id for event in (one, *others, *proxies)}) == 5


def test_an_event_without_a_conversation_has_its_exchange_as_subject() -> None:
    """And events about the proxy have the proxy."""
    assert sent(Event(1, 1.0, "x1", EventKind.BYPASSED, {}), "")["subject"] == "x1"
    assert sent(Event(1, 1.0, "", EventKind.STOPPED, {}), "")["subject"] == "proxy"


def test_every_listed_field_exists() -> None:
    """A field that was renamed is not left out unseen."""
    for one, names in FIELDS.items():
        assert set(names) <= {field.name for field in fields(one)}, one


def test_types_are_of_the_exchange_or_of_the_proxy() -> None:
    assert type_of(EventKind.FAILED) == "penstock.exchange.failed.v1"
    assert type_of(EventKind.STARTED) == "penstock.proxy.started.v1"
    assert len({type_of(kind) for kind in KINDS}) == len(KINDS)


@given(st.sampled_from(sorted(KINDS)).flatmap(lambda kind: st.builds(CLASSES[kind], **_texts(CLASSES[kind]))))
def test_no_text_gets_out_of_any_field(data: EventData) -> None:
    """Also not out of a field that should hold a verdict, where another version, or a client, wrote a text there."""
    event = Event(1, 1.0, "x1", data.KIND, payload_of(data))
    assert b"secret" not in message_of(event, "c1").body


def _texts(one: type[EventData]) -> dict[str, st.SearchStrategy[Any]]:
    texts = {"str": TEXT, "str | None": TEXT, "tuple[str, ...]": st.tuples(TEXT), "Mapping[str, Any] | None": st.none()}
    return {field.name: texts[str(field.type)] for field in fields(one) if str(field.type) in texts}


@given(st.sampled_from(sorted(KINDS)), st.recursive(TEXT, lambda one: st.lists(one) | st.dictionaries(TEXT, one)))
def test_no_damaged_payload_gets_out(kind: EventKind, value: Any) -> None:
    """Whatever JSON stands where a field is expected."""
    payload = {field.name: value for field in fields(CLASSES[kind])}
    assert b"secret" not in message_of(Event(1, 1.0, "x1", kind, payload), "c1").body


@pytest.mark.parametrize("word", ["kettle", "kettle\nkettle"])
def test_nothing_that_was_said_gets_out(word: str) -> None:
    """Of a conversation that went through the engine: neither prompt nor answer, tool call or header."""
    headers = {"user-agent": "kettle/1", "x-session-id": "kettle", "authorization": "Bearer kettle"}
    with Session(headers=headers) as session:
        session.send(conversation(user(word)))
        session.reply(word, call("Read", path=word))
        session.log.drain()
        events = session.store.events_after()
    assert any(word.encode() in str(event.payload).encode() or "kettle" in str(event.payload) for event in events)
    published = [message_of(event, "c1").body for event in events if event.kind in KINDS]
    assert len(published) > 3
    assert not [one for one in published if b"kettle" in one]
