"""`RequestRedactor`: replaces personal data in a request with placeholders (`Redacted`), and finds it in answers. If a
text cannot be searched, it raises `AnalyserFailed` or `Unreadable`, and the request must not be sent. `conversation_of`
identifies the request's conversation; `is_continued`: its provider keeps the history. `penstock.gateway.restore_answer`
puts the values back.

Clients resend the whole history. Parts that are unchanged since an earlier request are not searched again. A value
found once is replaced in everything after it, too, even where the search alone would miss it.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

from penstock.base.errors import Unreadable
from penstock.base.threads import Workers
from penstock.conversation.json_spans import Span, elements, members
from penstock.conversation.json_strings import Path, Scalar, text_of, units_of
from penstock.gateway.body_texts import texts
from penstock.gateway.errors import AnalyserFailed
from penstock.gateway.placeholder_store import Placeholders
from penstock.redaction.find_personal import Found
from penstock.redaction.placeholders import Analyser, find_all, known_in

__all__ = ["Redacted", "RequestRedactor", "conversation_of", "is_continued"]

logger = logging.getLogger(__name__)
_HISTORY = ("messages", "input", "contents")
"""Members that grow from request to request. They are read after all others, wherever they stand."""
_ELSEWHERE = ("previous_response_id", "conversation", "cachedContent", "cached_content")
"""Members by which a request continues a history that its provider keeps."""
_CACHED = 50_000
"""Parts of requests whose places are kept in memory."""
_KNOWN = 2_000
"""The most values that are replaced wherever they occur, even where they would not be found by themselves; the first
ones found."""
_ANALYSES = 4
_ANALYSIS_S = 10.0
"""Seconds for the analysers of plugins to read all that is new in a request."""
_USER = re.compile(rb'"role"\s*:\s*"user"')


class Redacted(NamedTuple):
    """A request as it may be forwarded."""

    body: bytes
    values: Mapping[str, str]
    """The values by the placeholders in the body."""


class _Part(NamedTuple):
    """A member of the body, or an entry of its history."""

    span: Span
    path: Path


class _Place(NamedTuple):
    """Where a value stands in a part, in bytes from its beginning."""

    start: int
    end: int
    kind: str
    value: str
    is_number: bool


@dataclass(slots=True)
class _Text:
    """A text that is new, and what was found in it."""

    part: int
    scalar: Scalar
    text: str
    found: Sequence[Found]


class RequestRedactor:
    """Any thread may call."""

    def __init__(self, analysers: Sequence[Analyser] = ()) -> None:
        """`analysers`: those of plugins."""
        self._analysers = tuple(analysers)
        self._workers = Workers(_ANALYSES, name="penstock-analysers")
        self._lock = threading.Lock()
        self._cache: OrderedDict[bytes, tuple[_Place, ...]] = OrderedDict()

    def close(self) -> None:
        """End its threads."""
        self._workers.close()

    def redact(self, body: bytes, placeholders: Placeholders) -> Redacted:
        """`body`, a JSON object, with personal data replaced. Raises `Unreadable`, `AnalyserFailed`, `StoreError` and
        `SealingError`: then it must not be forwarded."""
        parts = _parts(body)
        digests = _digests(body, parts, placeholders.conversation)
        places = self._cached(digests)
        known = len(places)
        new = _new_texts(body, parts, known)
        for text, found in zip(new, self._search([text.text for text in new]), strict=True):
            text.found = found
        wanted = [(place.kind, place.value) for part in places for place in part]
        wanted += [(one.kind, text.text[one.start : one.end]) for text in new for one in text.found]
        names = placeholders.resolve(wanted)
        kinds = {place.value: place.kind for part in places for place in part}
        fresh: list[list[_Place]] = [[] for _ in parts[known:]]
        for text in new:
            fresh[text.part - known] += _places(body, text, parts[text.part], names, kinds)
        places += map(tuple, fresh)
        self._keep(digests[known:], places[known:])
        used: dict[str, str] = {}
        edits: list[tuple[int, int, str]] = []
        for part, there in zip(parts, places, strict=True):
            for place in there:
                name = names[place.value] or ""
                used[name] = place.value
                start = part.span.start
                edits.append((start + place.start, start + place.end, f'"{name}"' if place.is_number else name))
        return Redacted(_edited(body, sorted(edits)), used)

    def _cached(self, digests: Sequence[bytes]) -> list[tuple[_Place, ...]]:
        """The places found earlier in the parts at the beginning that are unchanged."""
        found = []
        with self._lock:
            for digest in digests:
                places = self._cache.get(digest)
                if places is None:
                    break
                self._cache.move_to_end(digest)
                found.append(places)
        return found

    def _keep(self, digests: Sequence[bytes], places: Sequence[tuple[_Place, ...]]) -> None:
        with self._lock:
            self._cache.update(zip(digests, places, strict=True))
            while len(self._cache) > _CACHED:
                self._cache.popitem(last=False)

    def values_in(self, texts: Sequence[str]) -> list[str]:
        """The personal data in an answer's texts. Raises `AnalyserFailed`."""
        found = zip(texts, self._search(texts), strict=True)
        return list(dict.fromkeys(text[one.start : one.end] for text, places in found for one in places))

    def _search(self, texts: Sequence[str]) -> list[list[Found]]:
        if not self._analysers:
            return [find_all(text) for text in texts]
        task = None
        try:
            task = self._workers.submit(lambda: [find_all(text, self._analysers) for text in texts])
            return task.future.result(_ANALYSIS_S)
        except Exception as e:  # a stranger's analyser, or one that takes too long
            if task is not None and not task.future.done():
                self._workers.give_up(task)
            logger.warning("personal data cannot be looked for", exc_info=True)
            why = f"no answer in {_ANALYSIS_S:.0f} s" if isinstance(e, TimeoutError) else type(e).__name__
            raise AnalyserFailed(
                f"this workspace redacts personal data, and a plugin's analyser has failed ({why}): the request is not "
                "sent; the proxy's log says more"
            ) from e


def conversation_of(body: bytes, session: str) -> str:
    """A text that identifies the conversation of a request within its workspace: the client's session id, else the
    first words of a user. Raises `Unreadable` if neither would be the same in the next request."""
    if session:
        return f"session {session}"
    fields = members(body)
    kept = next((name for name in _ELSEWHERE if name in fields and fields[name].of(body) != b"null"), "")
    if kept:
        raise Unreadable(
            f"{kept}: this workspace redacts personal data, and needs to know the session of a history that is kept "
            "elsewhere: send an `x-session-id`, or the whole history"
        )
    parts = [part for part in _parts(body) if not part.path]
    user = next((one for one in parts if _USER.search(body, *one.span)), parts[0] if parts else None)
    if user is None:
        return "first " + blake2b(body, digest_size=16).hexdigest()
    said = [text_of(body[one.start : one.end]) for one in texts(body, *user.span) if b"cache_control" not in one.path]
    return "first " + blake2b("\n".join(said).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def is_continued(body: bytes) -> bool:
    """Whether a request continues a history that its provider keeps, so that the answer may contain placeholders that
    are not in the request."""
    fields = members(body)
    return any(name in fields for name in _ELSEWHERE)


def _parts(body: bytes) -> list[_Part]:
    fields = members(body)
    parts = [_Part(span, (name.encode(),)) for name, span in fields.items() if name not in _HISTORY]
    for name in _HISTORY:
        span = fields.get(name)
        if span is not None and body.startswith(b"[", span.start):
            parts += [_Part(one, ()) for one in elements(body, span)]
        elif span is not None:
            parts.append(_Part(span, (name.encode(),)))
    return parts


def _digests(body: bytes, parts: Sequence[_Part], conversation: str) -> list[bytes]:
    """A digest for each part, of it and all parts before it."""
    chain, out = blake2b(conversation.encode(), digest_size=20), []
    for part in parts:
        chain.update(repr((part.path, part.span.end - part.span.start)).encode())
        chain.update(part.span.of(body))
        out.append(chain.digest())
    return out


def _new_texts(body: bytes, parts: Sequence[_Part], known: int) -> list[_Text]:
    return [
        _Text(number, one, text_of(body[one.start : one.end]), ())
        for number, part in enumerate(parts[known:], known)
        for one in texts(body, *part.span, part.path)
    ]


def _places(
    body: bytes, text: _Text, part: _Part, names: Mapping[str, str | None], kinds: dict[str, str]
) -> list[_Place]:
    """The places of values in `text` that have a placeholder. New values are added to `kinds`, and known from here
    on."""
    start, end, _, what = text.scalar
    found = []
    for one in text.found:
        value = text.text[one.start : one.end]
        if names[value] is not None:
            found.append((one.start, one.end))
            kinds.setdefault(value, one.kind)
    if what == "number":
        is_whole = found == [(0, len(text.text))]
        return [_Place(*_from(part, start, end), kinds[text.text], text.text, True)] if is_whole else []
    spans = sorted([*found, *known_in(text.text, list(islice(kinds, _KNOWN)), found)])
    if not spans:
        return []
    units = units_of(body[start:end])
    places, at, done = [], start, 0
    for first, last in spans:
        value = text.text[first:last]
        at += len("".join(units[done:first]).encode())
        until = at + len("".join(units[first:last]).encode())
        places.append(_Place(*_from(part, at, until), kinds[value], value, False))
        at, done = until, last
    return places


def _from(part: _Part, start: int, end: int) -> tuple[int, int]:
    return start - part.span.start, end - part.span.start


def _edited(body: bytes, edits: Sequence[tuple[int, int, str]]) -> bytes:
    if not edits:
        return body
    out, at = [], 0
    for start, end, new in edits:
        out += [body[at:start], new.encode()]
        at = end
    return b"".join([*out, body[at:]])
