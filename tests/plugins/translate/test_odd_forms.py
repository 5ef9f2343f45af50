"""Whatever clients and providers send: it is translated, or refused with a sentence."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import NotTranslatable, Translation
from penstock_plugins.translate.chat_to_messages import ChatToMessages
from penstock_plugins.translate.messages_to_chat import MessagesToChat
from tests.oddities import ANSWERS, REQUESTS, bent_text

WAYS: list[tuple[type[Translation], str, str]] = [
    (MessagesToChat, "anthropic", "openai-chat"),
    (ChatToMessages, "openai-chat", "anthropic"),
]
"""What translates, the client's dialect, the provider's."""


def read(text: bytes) -> dict[str, Any] | None:
    """A body or an event, as the gateway reads it. None: it refuses that itself."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


@pytest.mark.parametrize(("way", "client", "_provider"), WAYS)
@given(data=st.data())
def test_an_odd_request_is_translated_or_refused(
    way: type[Translation], client: str, _provider: str, data: st.DataObject
) -> None:
    body = read(data.draw(bent_text(REQUESTS[client])))
    if body is None:
        return
    with suppress(NotTranslatable):
        msgspec.json.encode(way(body).body)  # type: ignore[call-arg]


@pytest.mark.parametrize(("way", "client", "provider"), WAYS)
@given(data=st.data())
def test_an_odd_answer_is_translated_or_an_error(
    way: type[Translation], client: str, provider: str, data: st.DataObject
) -> None:
    events, whole = ANSWERS[provider]
    asked = way(json.loads(json.dumps(REQUESTS[client])))  # type: ignore[call-arg]
    odd = read(data.draw(bent_text(whole)))
    with suppress(NotTranslatable):
        msgspec.json.encode(asked.answer(odd or {}))
    bent = data.draw(st.integers(0, len(events) - 1))
    with suppress(NotTranslatable):
        for at, event in enumerate(events):
            one = read(data.draw(bent_text(event))) if at == bent else json.loads(json.dumps(event))
            msgspec.json.encode(list(asked.feed(one or {})))
        msgspec.json.encode(list(asked.close()))


@pytest.mark.parametrize(("way", "client", "provider"), WAYS)
def test_what_is_not_odd_is_translated(way: type[Translation], client: str, provider: str) -> None:
    events, whole = ANSWERS[provider]
    asked = way(json.loads(json.dumps(REQUESTS[client])))  # type: ignore[call-arg]
    assert '"hi"' in json.dumps(asked.answer(json.loads(json.dumps(whole))))
    streamed = [one for event in events for one in asked.feed(json.loads(json.dumps(event)))]
    assert "The tests pass." in json.dumps([*streamed, *asked.close()])
