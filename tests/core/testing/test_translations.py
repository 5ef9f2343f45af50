"""What `check_translation` finds wrong with a translator."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

import pytest

from penstock import NotTranslatable, Translation, Translator
from penstock.testing import PromiseBroken, check_translation, conversation, user

BODY = conversation(user("hi"))
NUMBERS = count()


class Sends(Translation):
    """Has a given body leave."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        return body

    def feed(self, event: dict[str, Any]) -> Iterable[dict[str, Any]]:
        return [event]

    def close(self) -> Iterable[dict[str, Any]]:
        return []


def sending(**fields: Any) -> Translator:
    return Translator("messages", "chat", lambda _body: Sends(fields))


def test_a_translator_that_keeps_its_promises_gives_its_translation() -> None:
    messages = [{"role": "user", "content": "hi"}]
    assert check_translation(sending(model="m", messages=messages), BODY).body["messages"] == messages


def test_what_breaks_a_promise_is_named() -> None:
    with pytest.raises(PromiseBroken, match="P10"):
        check_translation(Translator("messages", "chat", lambda _body: Sends({"seed": next(NUMBERS)})), BODY)
    with pytest.raises(PromiseBroken, match="P5: the translated request cannot be read"):
        check_translation(sending(messages=7), BODY)
    with pytest.raises(PromiseBroken, match="P5: the translated request breaks a rule"):
        check_translation(sending(messages=[{"role": "tool", "tool_call_id": "a", "content": "x"}]), BODY)


def test_what_cannot_be_translated_is_said_as_it_is() -> None:
    def refuse(_body: dict[str, Any]) -> Translation:
        raise NotTranslatable("no")

    with pytest.raises(NotTranslatable, match="no"):
        check_translation(Translator("messages", "chat", refuse), BODY)
