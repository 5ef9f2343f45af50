"""`outgoing`: the body of a request as its provider is asked, translated by a plugin where that provider speaks another
format than the client; raises `NotTranslatable` or `Unreadable` for the request, `TranslatorFailed` for a plugin's own
error. `Translated`: what is kept of it for the answer. `translations_of`: the formats that plugins translate to."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from penstock.base.errors import PenstockError, Unreadable
from penstock.gateway.provider_kinds import TRANSLATED, Endpoint
from penstock.gateway.request_fields import with_model
from penstock.gateway.routing import Route, Translations
from penstock.plugins.translator import NotTranslatable, Translation, Translator

__all__ = ["Translated", "TranslatorFailed", "outgoing", "translations_of"]

logger = logging.getLogger(__name__)


class TranslatorFailed(PenstockError):
    """A plugin's translator raised what it should not. Its traceback is in the log."""


@dataclass(slots=True)
class Translated:
    """A request that was translated, until its answer is complete."""

    source: Endpoint
    """What the client speaks."""
    target: Endpoint
    """What the provider is asked in."""
    translation: Translation = field(repr=False)
    original: bytes = field(repr=False)
    """The body in the client's format, personal data redacted: a fallback may speak that. Empty, once an answer is
    accepted."""


def translations_of(translators: Sequence[Translator]) -> Translations:
    """The formats that can be translated to, by format of the client, in the order of the translators."""
    found: dict[Endpoint, list[Endpoint]] = {}
    for one in translators:
        found.setdefault(one.source, []).append(one.target)
    return found


def outgoing(
    body: bytes,
    path: str,
    endpoint: Endpoint,
    route: Route,
    translators: Sequence[Translator],
    sent: Translated | None = None,
) -> tuple[bytes, str, Translated | None]:
    """Body and path of a request as `route` is asked. `path` and `endpoint`: the client's; `body`: in the format of
    `sent`, as which it was sent to another provider before; None: in the client's. What was edited in another format
    than the new one is lost: its place is in the other body. What the translator chose for another model is chosen
    again. Raises `Unreadable`, `NotTranslatable` and `TranslatorFailed`."""
    present, wanted = sent.target if sent is not None else endpoint, route.asked_in or endpoint
    original, own_path = with_model(sent.original if sent is not None else body, path, endpoint, route.model)
    if wanted == endpoint:
        return original, own_path, None
    found = next(one for one in translators if (one.source, one.target) == (endpoint, wanted))
    edits = _edits(body, sent) if sent is not None and present == wanted else {}
    translation, encoded = _translated(found, original, edits)
    return encoded, TRANSLATED[wanted], Translated(endpoint, wanted, translation, original)


def _edits(body: bytes, sent: Translated) -> dict[str, Any]:
    """The fields of a request that differ from its translation, since stages edited them."""
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
        raise Unreadable(f"the request cannot be translated for another model: {e}") from e
    before = sent.translation.body

    def is_edited(name: str) -> bool:
        return name not in before or msgspec.json.encode(said[name]) != msgspec.json.encode(before[name])

    return {name: value for name, value in said.items() if name != "model" and is_edited(name)}


def _translated(translator: Translator, body: bytes, edits: Mapping[str, Any]) -> tuple[Translation, bytes]:
    what = f"the request cannot be translated from {translator.source} to {translator.target}"
    try:
        said = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
        raise Unreadable(f"{what}: {e}") from e
    try:
        translation = translator.translate(said)
        return translation, msgspec.json.encode({**translation.body, **edits})
    except NotTranslatable as e:
        raise NotTranslatable(f"{what}: {e}") from e
    except Exception as e:
        logger.exception("the translator from %s to %s failed", translator.source, translator.target)
        raise TranslatorFailed(f"{what}: the translator failed; the gateway's log says why") from e
