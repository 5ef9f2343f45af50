"""Whatever a client puts into a request: it is read, or it is `Unreadable` and goes as it came."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import EventKind
from penstock.base.errors import Unreadable
from penstock.conversation.conversation import Conversation
from penstock.testing import Session, dialect_of, path_of
from tests.core.jsontext import Number
from tests.oddities import REQUESTS, bent_text, numbered, written

NUMBERS = {
    "6,000 digits": "1" + "0" * 6000,
    "infinite": "1e400",
    "negative": "-1",
    "a fraction": "1.5",
    "a string": '"1000"',
    "null": "null",
    "a list": "[1e400]",
    "an object": '{"n": 1e400}',
    "nested deep": "[" * 400 + "]" * 400,
}
COUNTS = {
    "anthropic": ("max_tokens", "temperature", "thinking", "system", "metadata", "cache_control", "tools"),
    "openai-chat": ("max_completion_tokens", "prompt_cache_key", "prompt_cache_options", "tools"),
    "openai-responses": ("max_output_tokens", "store", "previous_response_id", "conversation", "instructions"),
    "ollama-chat": ("options", "keep_alive", "stream"),
    "ollama-generate": ("options", "system", "raw", "suffix"),
    "gemini": ("generationConfig", "systemInstruction", "session_id", "project"),
}
tags = itertools.count()


class Log(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(scope="module", params=REQUESTS)
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with Session(dialect=request.param) as session:
        yield session


@pytest.fixture(scope="module", autouse=True)
def log() -> Iterator[Log]:
    log = Log()
    logging.getLogger("penstock").addHandler(log)
    yield log
    logging.getLogger("penstock").removeHandler(log)


def read(dialect: str, body: bytes) -> Conversation | None:
    """Everything that is asked of a request. None: it cannot be read."""
    found = dialect_of(dialect)
    try:
        said = found.read(body, path_of(dialect))
    except Unreadable:
        return None
    assert found.splice(said, []) == body
    assert all(isinstance(fault, str) for fault in found.violations(said))
    assert found.may_strip(said) in (True, False)
    assert said.size <= len(body) + 1_000_000
    for name in said.fields:
        said.field(name)
    return said


def goes_through(session: Session, log: Log, body: bytes) -> bool:
    """Send it, see that it leaves as it came, with one event if it was not read. Gives whether it was."""
    before, log.records[:] = session.store.end(), []
    said = read(session.dialect.name, body)
    assert session.send(body, {"x-session-id": f"session {next(tags)} of a test"}) == body
    session.log.drain()
    kinds = [e.kind for e in session.store.events_after(before)]
    assert kinds.count(EventKind.BYPASSED) == (said is None)
    assert kinds.count(EventKind.CLASSIFIED) == (said is not None)
    assert EventKind.FAULT not in kinds
    assert log.records == []
    return said is not None


@pytest.mark.parametrize("dialect", REQUESTS)
@given(data=st.data())
def test_a_request_is_read_or_unreadable(dialect: str, data: st.DataObject) -> None:
    """Numbers out of range, other types, other shapes, deep nesting, pieces that are no JSON."""
    read(dialect, data.draw(bent_text(REQUESTS[dialect])))


@given(data=st.data())
def test_a_request_goes_through(session: Session, log: Log, data: st.DataObject) -> None:
    """P1: not a word in the log, and at most one event, which says why it was not read."""
    goes_through(session, log, data.draw(bent_text(REQUESTS[session.dialect.name])))


@pytest.mark.parametrize("what", NUMBERS)
def test_an_odd_field_costs_nothing(session: Session, log: Log, what: str) -> None:
    """A field that we ask for, and that holds anything: the request is read as ever."""
    dialect = session.dialect.name
    for field in COUNTS[dialect]:
        assert field in REQUESTS[dialect]
        body = written(numbered(REQUESTS[dialect] | {field: None}) | {field: Number(NUMBERS[what])})
        is_mark = field in ("cache_control", "prompt_cache_options")  # the edge of the cache hangs on it
        assert goes_through(session, log, body) or is_mark


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-Infinity", "01", "+1", "1.", ".5", "0x10", "True", "'1'"])
def test_a_bare_word_that_is_no_json(session: Session, log: Log, odd: str) -> None:
    """Some libraries write it; providers refuse it, in their own words."""
    dialect = session.dialect.name
    body = written(numbered(REQUESTS[dialect]) | {"max_tokens": Number(odd)})
    assert not goes_through(session, log, body)
