"""The last requests in full: how many, how large, and which are not kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import Draft
from penstock.engine.engine import Engine
from penstock.engine.whole_requests import WholeRequest, WholeRequests
from penstock.testing import Session, conversation, profile_of, user
from tests.engines import Does, ask_from_a_loop, request


def whole(name: str, size: int, *, other: int | None = None, conversation: str = "talk") -> WholeRequest:
    body = bytes(size)
    sent = body if other is None else bytes(other + 1)[1:]
    return WholeRequest(name, conversation, "anthropic", "/v1/messages", "", body, sent, profile_of(""))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), st.integers(0, 60), st.none() | st.integers(0, 60)),
        st.tuples(st.just("resize"), st.integers(0, 6), st.none()),
        st.tuples(st.just("forget"), st.integers(0, 2), st.none()),
    ),
    max_size=60,
)


@given(STEPS, st.integers(0, 6))
def test_neither_bound_is_ever_exceeded(steps: list[tuple[str, int, int | None]], limit: int) -> None:
    """Whatever comes; and the newest that fits is always there."""
    kept = WholeRequests(limit, most=100)
    names: list[str] = []
    for i, (step, size, other) in enumerate(steps):
        if step == "keep":
            one = whole(f"x{i}", size, other=other, conversation=f"talk-{i % 3}")
            kept.keep(one)
            names.append(one.exchange)
            assert (kept.of(one.exchange) is one) is (one.size <= 100 and limit > 0)
        elif step == "resize":
            limit = size
            kept.resize(limit)
        else:
            kept.forget({f"talk-{size}"})
        there = [one for one in map(kept.of, names) if one is not None]
        assert len(there) == len(kept) <= limit
        assert sum(one.size for one in there) == kept.size <= 100


def test_an_untouched_body_counts_once() -> None:
    """It is held once."""
    kept = WholeRequests(5)
    kept.keep(whole("x", 40))
    kept.keep(whole("y", 40, other=30))
    assert kept.size == 40 + 70


def asked(toml: str = "", *, limit: int = 5) -> tuple[Session, WholeRequests]:
    session = Session(Does(_note), profile=profile_of(toml))
    session.engine.whole_requests.resize(limit)
    return session, session.engine.whole_requests


def _note(draft: Draft) -> None:
    draft.note("a note", reason="a test")


def test_the_very_bytes_are_held() -> None:
    """As received and as forwarded; no copy of either."""
    session, kept = asked()
    with session:
        one = request(conversation(user("one")))
        decision = ask_from_a_loop(session, one)
        found = kept.of(one.id)
        assert found is not None
        assert found.received is one.body
        assert found.forwarded is decision.body
        assert decision.body not in (None, one.body)
    assert len(kept) == 0


def test_an_untouched_request_is_one_object() -> None:
    with Session() as session:
        session.engine.whole_requests.resize(5)
        one = request(conversation(user("one")))
        ask_from_a_loop(session, one)
        found = session.engine.whole_requests.of(one.id)
        assert found is not None
        assert found.received is found.forwarded is one.body


async def _bypassed(engine: Engine) -> None:
    await engine.replay(request(conversation(user("one"))), "asked for")


async def test_a_bypassed_request_is_not_kept() -> None:
    session, kept = asked()
    with session:
        await _bypassed(session.engine)
        assert len(kept) == 0


@pytest.mark.parametrize(("toml", "limit"), [("[log]\nwhole = 0", 5), ("", 0)])
def test_none_are_kept_where_the_setting_says_so(toml: str, limit: int) -> None:
    """The proxy's own profile, or the one that the request goes through."""
    session, kept = asked(toml, limit=limit)
    with session:
        ask_from_a_loop(session, request(conversation(user("one"))))
        assert len(kept) == 0


def test_what_cannot_be_read_is_not_kept() -> None:
    session, kept = asked()
    with session:
        ask_from_a_loop(session, request(b"no JSON"))
        assert len(kept) == 0


def test_a_deleted_conversation_goes_at_once() -> None:
    session, kept = asked()
    with session:
        decision = ask_from_a_loop(session, request(conversation(user("one"))))
        with session.engine.forgotten([decision.conversation]):
            assert len(kept) == kept.size == 0


def test_a_profile_that_keeps_none_any_more_loses_those_it_kept() -> None:
    """The other profiles keep theirs."""
    kept = WholeRequests(5)
    other = replace(whole("y", 30), profile=profile_of("").model_copy(update={"name": "other"}))
    kept.keep(whole("x", 40))
    kept.keep(other)
    kept.forget_profile("other")
    assert kept.of("y") is None
    assert (len(kept), kept.size) == (1, 40)
