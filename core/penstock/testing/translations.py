"""`check_translation`: checks what a plugin's translator makes of a request: a valid request of the other format, the
same each time. Raises `PromiseBroken` if it is not."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penstock.base.errors import Unreadable
from penstock.plugins.translator import Format, Translation, Translator
from penstock.testing.bodies import dialect_of, path_of
from penstock.testing.checks import PromiseBroken

__all__ = ["check_translation"]

_DIALECTS: Mapping[Format, str] = {"messages": "anthropic", "chat": "openai-chat", "responses": "openai-responses"}


def check_translation(translator: Translator, body: bytes) -> Translation:
    """The translation of a request, as the gateway has it made. P5: what leaves is a valid request of the provider's
    format; P10: the same request gives the same bytes."""
    first, second = (translator.translate(msgspec.json.decode(body)) for _ in range(2))
    sent = msgspec.json.encode(first.body)
    if sent != msgspec.json.encode(second.body):
        raise PromiseBroken("P10: the same request was translated to two different ones")
    name = _DIALECTS[translator.target]
    dialect = dialect_of(name)
    try:
        broken = dialect.violations(dialect.read(sent, path_of(name)))
    except Unreadable as e:
        raise PromiseBroken(f"P5: the translated request cannot be read: {e}") from e
    if broken:
        raise PromiseBroken(f"P5: the translated request breaks a rule: {broken[0]}")
    return first
