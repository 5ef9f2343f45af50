"""What events say, whichever version wrote it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from penstock.cli.events import line
from penstock.events.event import CLASSES, Event, EventKind
from penstock.events.kinds import OLD_NAMES, stored_names
from penstock.events.payload import Count, EventData, Number, payload_of
from penstock.events.request_events import BypassedEvent, ClassifiedEvent, EditEvent, RewrittenEvent
from penstock.events.response_events import AnsweredEvent, LoggedUsage, ProcessedEvent, TokenSplit
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.sessions import find_sessions
from penstock.store.sql import SqlStore

NAMES = sorted({name for one in CLASSES.values() for name in one.__dataclass_fields__})
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner)
)


@cache
def values(hint: Any) -> st.SearchStrategy[Any]:
    """What a writer may put into a field of that type."""
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*map(values, get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(st.deferred(lambda: values(get_args(hint)[0])), max_size=2).map(tuple)
    if get_origin(hint) is Mapping:
        return st.dictionaries(st.text(max_size=3), SCALARS.filter(lambda value: value == value), max_size=2)
    if is_dataclass(hint):
        return st.builds(hint, **{name: values(one) for name, one in _hints(hint)})
    if hint in (Count, Number):
        return st.integers(-9, 10**15) if hint == Count else st.floats(-9.0, 1e15)
    return st.from_type(hint)


def _hints(type_: type[Any]) -> list[tuple[str, Any]]:
    hints = get_type_hints(type_, include_extras=True)
    return [(field.name, hints[field.name]) for field in fields(type_)]


def parse(kind: EventKind, payload: Any) -> EventData:
    return Event(1, 1.0, "x", kind, payload).data


@given(st.sampled_from(EventKind), JSON | st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_payload_is_read(kind: EventKind, payload: Any) -> None:
    """A field that is missing, unknown or of another type breaks nothing, and the event knows its kind."""
    said = parse(kind, payload)
    assert type(said) is CLASSES[kind]
    assert said.KIND is kind


@given(st.one_of(*map(values, CLASSES.values())))
def test_what_is_written_is_read_again(said: EventData) -> None:
    """Through JSON, as a store keeps it."""
    assert parse(said.KIND, json.loads(json.dumps(payload_of(said)))) == said


def test_an_event_is_its_fields() -> None:
    """A plugin may copy, compare, pickle and dump it, whether or not somebody asked for its data."""
    event = Event(1, 2.0, "x", EventKind.PROCESSED, {"ms": 3.0})
    assert event.data is event.data
    fields = {"seq": 1, "at": 2.0, "exchange": "x", "kind": "processed", "payload": {"ms": 3.0}, "transaction": 0}
    assert asdict(event) == fields
    assert pickle.loads(pickle.dumps(event)) == replace(event, seq=1) == event
    assert replace(event, payload={"ms": 4}).data == ProcessedEvent(4.0)


def test_every_kind_has_a_class() -> None:
    assert set(CLASSES) == set(EventKind)


def test_what_is_of_another_type_is_as_good_as_missing() -> None:
    """The rest of the payload is read all the same: numbers that can be reckoned with, texts, lists of what fits."""
    usage = {"input": 3.7, "output": "many", "cache_read": True, "cache_write": 1e300, "others": [5, {"input": 1}]}
    said = parse(EventKind.ANSWERED, {"status": "ok", "ms": 2, "tools": ["a", 7, "b"], "usage": usage, "new": 1})
    assert isinstance(said, AnsweredEvent)
    assert (said.status, said.ms, said.tools, said.complete) == (None, 2.0, ("a", "b"), None)
    assert said.usage == LoggedUsage(input=3, others=(LoggedUsage(input=1),))
    assert parse(EventKind.TAGGED, {"tags": "alone"}).tags == ("alone",)  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400, 1e16, True, "7"])
def test_a_number_that_would_spoil_a_sum_is_none(number: object) -> None:
    said = parse(EventKind.REWRITTEN, {"tokens_in": number, "ms": number, "replayed": number})
    assert isinstance(said, RewrittenEvent)
    assert (said.tokens_in, said.ms, said.replayed) == (None, None, 0)


def test_what_has_its_default_is_not_written() -> None:
    """Logs are long. What has no default is always there."""
    assert payload_of(BypassedEvent("asked for", 0, 0)) == {"why": "asked for", "replayed": 0, "stripped": 0}
    assert payload_of(AnsweredEvent(200, 5.0, 9, 2.0)) == {"status": 200, "ms": 5.0, "bytes": 9, "first_ms": 2.0}
    assert payload_of(TokenSplit(1, 0, 0)) == {"plain": 1, "read": 0, "write": 0}
    edit = EditEvent("s", "compact", "landed", "old", 1, 0, 9, 1, "", "", "", messages=4)
    assert payload_of(edit)["messages"] == 4
    assert "first_turn" not in payload_of(edit)


def test_old_names_are_read_for_ever() -> None:
    """And never written."""
    assert [EventKind(old) for old in OLD_NAMES] == [*OLD_NAMES.values()]
    assert stored_names([EventKind.REWRITTEN]) == ["enriched", "rewritten"]
    assert not set(OLD_NAMES) & set(EventKind)
    with pytest.raises(ValueError, match="nonsense"):
        EventKind("nonsense")


@pytest.fixture
def old_log(tmp_path: Path) -> SqlStore:
    """A log as an earlier version wrote it: old names, and fields that were not known yet."""
    store = SqlStore(tmp_path / "old.db")
    about = {"kind": "main", "session": "s", "conversation": "t", "client": "codex", "tokens": {"total": 900}}
    life: list[tuple[str, dict[str, Any]]] = [
        ("received", {"method": "POST", "host": "api.test", "path": "/v1/messages", "bytes": 9}),
        ("classified", about),
        ("enriched", {"edits": 1, "replayed": 2, "tokens_in": 1000, "tokens_out": 600, "ms": 3}),
        ("forwarded", {"changed": True, "bytes": 7, "ms": 4.0}),
        ("answered", {"status": 200, "ms": 9.0, "money": {"baseline": 0.2, "paid": 0.1, "how": "counted"}}),
        ("kept", {"handle": "1a2b3c4d", "why": "the client compacted its history"}),
        ("remembered", {"ms": 1.0}),
        ("of another version", {}),
    ]
    rows = [{"at": 100.0 + i, "exchange": "x", "kind": k, "payload": p} for i, (k, p) in enumerate(life)]
    with sa.create_engine(f"sqlite:///{store.path}").begin() as db:
        db.execute(
            sa.text("INSERT INTO events (at, exchange, kind, payload) VALUES (:at, :exchange, :kind, :payload)"),
            [{**row, "payload": json.dumps(row["payload"])} for row in rows],
        )
    return store


def test_a_log_of_an_earlier_version_opens(old_log: SqlStore) -> None:
    """Its events have the present names, also where one asks for a kind, and say the same."""
    events = old_log.events_of("x")
    assert [event.kind for event in events] == [
        "received",
        "classified",
        "rewritten",
        "forwarded",
        "answered",
        "history_archived",
        "processed",
    ]
    assert old_log.events_after(kinds=[EventKind.REWRITTEN]) == [events[2]]
    one = ExchangeRecord.of("x", events)
    assert (one.state, one.tokens_in, one.tokens_out, one.replayed) == ("processed", 1000, 600, 2)
    assert (one.saved, one.injected) == (0.1, None)
    assert one.find(ClassifiedEvent) is not None
    assert find_sessions(old_log)["s"].tokens_out == 600
    assert "rewritten" in line(events[2])
    old_log.close()
