"""`Recall`: searches the memory, and asks other sources, for what bears on the user's question and is not in the
request already (`Recalled`). Waits 150 ms, or `wait_ms` of the stage; after that the request goes without.
`is_question` and `is_in_request` decide what a question is, and what is in a request; `owner_of` gives the account
whose memory is searched."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from penstock import (
    Draft,
    Exchange,
    Level,
    Profile,
    RecalledText,
    RecallQuestion,
    RecallSources,
    Tags,
    estimate_tokens,
)
from penstock.memory import Found, Hit, Item, MemoryDown, MemoryService, escape_marks
from penstock.text import read_question, terms
from penstock_plugins.memory.settings import Settings

if TYPE_CHECKING:
    from penstock.memory import Memory

__all__ = ["Recall", "Recalled", "is_question", "owner_of"]

_LOOKED_UP = 1_500
"""Characters of the person's words that are looked up: what a paste is about stands at its beginning or its end."""
_LOOKED_AT = 4
"""So many times the items of a note are looked at: some stand in the request already."""
_FOR_VECTORS, _FOR_VECTORS_S = 0.5, 0.5
"""The share of the wait that the vector index may take, and the most in seconds, however long a profile waits for
memory: the rest is for an answer by words alone."""
_SAME = 80
"""Of 100: what the person asked before, in about the same words, is no answer."""
_DATED = 6.0
"""What was said at the time that is asked for may be less sure by so much: the time is what was asked for."""
_NEWS = 2
"""So much must be new in what the person said before, or it is the same request once more."""
_SHORT = 300
_LINE = 200
"""Characters of a source's name, and of the place that it names."""
_CHARS_A_TOKEN = 16
"""More than any token has: a longer text is over the budget, and is not looked at."""
_UNKNOWN = 2.75
"""The rarity of a word where memory does not say: as of one that nothing has, in a project that has little."""
_APART = "this project's memory is another account's: `penstock memory projects share` lets every account use it"
QUESTION = 2 / 3
"""The factor on `shared` for questions: a user who asks wants to know."""
_QUESTION = re.compile(
    r"\?\s{0,40}(?:\[[^\]]{0,200}\]\s{0,40})?$|^\W*+(?:who|whom|whose|what|which|when|where|why|how|do|does|did|is|are|was|were)\b",
    re.I,
)


@dataclass(frozen=True)
class Recalled:
    """The items to put into the note, and why there are not more."""

    hits: tuple[Hit, ...] = ()
    remark: str = ""
    sources: tuple[str, ...] = ()
    """The sources that some of them are from."""
    is_remembered: bool = True
    """Whether some are from memory."""


@dataclass(frozen=True)
class RecallQuery:
    """A question in the form in which the memory is searched."""

    prompt: str
    tags: Tags = field(default_factory=Tags)
    at_hand: Sequence[str] = field(default=())
    """The files that the agent works on."""
    latest: Sequence[str] = field(default=())
    """The tags by which a prompt is looked up that names nothing."""


class Recall:
    """Searches the memory of this process and asks other sources at the same time, with a short time limit."""

    def __init__(
        self, memory_service: MemoryService, sources: RecallSources, profile: Profile, settings: Settings
    ) -> None:
        self._memory_service, self._sources = memory_service, sources
        self._profile, self._settings = profile, settings

    def __call__(self, draft: Draft, asked: RecallQuery) -> Recalled:
        """What bears on the question and does not stand in the request."""
        if draft.level >= Level.MINIMAL:
            return Recalled(remark="a budget is nearly used up")
        who, text, wait_s = draft.exchange.identity, _query(asked), self._settings.wait_ms / 1000
        question = RecallQuestion(text, who.project, who.conversation, self._budget(draft), wait_s)
        answers = self._sources.ask(question)
        found, remark = self._in_memory(draft, asked, text, wait_s)
        elsewhere = answers()
        source_of, given = self._given(question, elsewhere.texts, found.rarity if found is not None else {})
        asks = is_question(asked.prompt)
        sure, others = (
            [h for h in hits if self._is_sure(h, asked.tags, asks) and not _is_asking(h, asked.prompt)]
            for hits in (found.hits if found is not None else (), given)
        )
        out = self._fitting(_in_turn(sure, others), draft, asked)
        if found is None:
            said = [remark]
        elif out:
            said = list(found.degraded)
        else:
            said = ["what bears on it stands there already" if sure or others else "nothing bears on it", remark]
        remark = "; ".join(filter(None, [*said, *elsewhere.missing]))
        from_where = [source_of[hit.item.hash] for hit in out if hit.item.hash in source_of]
        return Recalled(tuple(out), remark, tuple(dict.fromkeys(from_where)), len(from_where) < len(out))

    def _in_memory(self, draft: Draft, asked: RecallQuery, text: str, wait_s: float) -> tuple[Found | None, str]:
        """What memory has. None: it has no answer, and why. Else a remark for when nothing is found."""
        if self._memory_service.ready is None:
            self._memory_service.begin()
            return None, self._memory_service.fault or f"memory is {self._memory_service.state}"
        project, now = draft.exchange.identity.project, draft.exchange.received_at or None
        limit, owner = self._most(asked.tags) * _LOOKED_AT, owner_of(draft.exchange, self._profile)

        def search(memory: Memory) -> tuple[Found, bool]:
            mine = memory.project_for(project, owner)
            patience_s = min(_FOR_VECTORS_S, wait_s * _FOR_VECTORS)
            return memory.search(text, mine, limit=limit, now=now, patience_s=patience_s), mine != project

        try:
            answer = self._memory_service.ask(search, wait_s)
        except MemoryDown as e:
            return None, str(e)
        if answer is None:
            return None, "memory had no answer in time"
        found, is_apart = answer
        return found, _APART if is_apart else ""

    def _given(
        self, question: RecallQuestion, texts: Iterable[tuple[str, RecalledText]], rarity: Mapping[str, float]
    ) -> tuple[dict[bytes, str], list[Hit]]:
        """What other sources gave, measured by the words of the question as memories are; and the source of each, by
        its hash. How sure it is, is for the source to say."""
        stems = {stem: rarity.get(stem, _UNKNOWN) for stem in read_question(question.text).stems}
        source_of: dict[bytes, str] = {}
        hits: list[Hit] = []
        for name, one in texts:
            if len(one.text) > _CHARS_A_TOKEN * question.tokens or not (text := self._memory_service.clean(one.text)):
                continue
            source, there = _line(name), set(terms(text))
            where = f"source {source}" + (f" ({_line(one.place)})" if one.place else "")
            item = Item(question.project, text, at=one.at, role=where)
            shared = sum(weight for stem, weight in stems.items() if stem in there)
            overlap, tokens = shared / sum(stems.values()), estimate_tokens(text)
            hits.append(Hit(item, shared, tokens=tokens, overlap=overlap, shared=shared, sureness=math.inf))
            source_of.setdefault(item.hash, source)
        return source_of, hits

    def _fitting(self, hits: Iterable[Hit], draft: Draft, asked: RecallQuery) -> list[Hit]:
        budget = self._budget(draft)
        out: list[Hit] = []
        for hit in sorted(hits, key=lambda hit: not _names(hit, asked.at_hand)):
            fits = len(out) < self._most(asked.tags) and hit.tokens <= budget
            is_there = any(hit.item.hash == one.item.hash for one in out) or is_in_request(hit.item, draft)
            if fits and not _is_active(hit, asked.tags.active) and not is_there:
                out.append(hit)
                budget -= hit.tokens
        return out

    def _budget(self, draft: Draft) -> int:
        budget = min(self._profile.memory.recall_tokens, int(self._profile.memory.recall_share * draft.window))
        return budget // 2 if draft.level is Level.REDUCED else budget

    def _most(self, tags: Tags) -> int:
        return self._profile.memory.recall_items * (2 if tags.is_broad else 1)

    def _is_sure(self, hit: Hit, tags: Tags, asks: bool) -> bool:
        if tags.is_temporal and tags.is_broad and hit.parts.get("day", 0) > 0:
            return hit.sureness >= self._settings.sure - _DATED
        settings, least = self._settings, self._settings.shared * (QUESTION if asks else 1)
        return hit.sureness >= settings.sure and hit.overlap >= settings.overlap and hit.shared >= least


def _in_turn(first: Sequence[Hit], second: Sequence[Hit]) -> Iterator[Hit]:
    """One of each in turn, so that neither leaves no room for the other."""
    return (hit for both in zip_longest(first, second) for hit in both if hit is not None)


def _line(name: str) -> str:
    return escape_marks(" ".join(name.split())[:_LINE])


def owner_of(exchange: Exchange, profile: Profile) -> str:
    """The account whose memory is searched. Empty where the user has one project for all traffic."""
    return "" if profile.memory.project else exchange.identity.owner


def is_question(words: str) -> bool:
    """Whether a text ends with a question mark, or begins like a question."""
    return _QUESTION.search(words) is not None


def _query(asked: RecallQuery) -> str:
    """The user's words; where they name nothing, those of the current work."""
    words = asked.prompt
    if len(words) > _LOOKED_UP:
        words = f"{words[: _LOOKED_UP // 2]}\n{words[-_LOOKED_UP // 2 :]}"
    if len(read_question(words).keys) < 2:
        return " ".join([words, *(path.rsplit("/", 1)[-1] for path in asked.at_hand[:2]), *asked.latest])
    return words


def _is_asking(hit: Hit, words: str) -> bool:
    """Whether an item is a question or a request like this one: its outcome may help, the item itself does not."""
    text = hit.item.text
    if hit.item.role != "user":
        return _new_in(text, words) < 1
    asks = len(text) <= _SHORT and "?" in text[-40:]
    return asks or _new_in(text, words) < _NEWS or fuzz.ratio(text, words, score_cutoff=_SAME) > 0


def _new_in(text: str, words: str) -> int:
    """How much `text` adds to `words`: content words count once, names and numbers twice."""
    known = set(terms(words))
    new = [term for term in dict.fromkeys(terms(text[:_SHORT])) if term not in known]
    return sum(2 if any(c.isdigit() or c == "_" for c in term) else 1 for term in new)


def _is_active(hit: Hit, active: Collection[str]) -> bool:
    return bool(hit.item.tags) and all(tag in active for tag in hit.item.tags)


def _names(hit: Hit, paths: Sequence[str]) -> bool:
    return any(path.rsplit("/", 1)[-1] in hit.item.text for path in paths)


_REDACTED = re.compile(r"\[redacted [^\]]*\]|\n")
_PROBES, _LONGEST = 2, 160


def is_in_request(item: Item, draft: Draft) -> bool:
    """Whether the words of `item` are in the request as sent, including our notes. Messages that a record replaces do
    not count."""
    probes, told = _probes(item.text), _probes(escape_marks(item.text))
    if any(all(probe in text for probe in told) for text in draft.additions):
        return True
    return any(
        all(probe in block.text for probe in probes)
        for index, message in enumerate(draft.conversation.messages)
        if not draft.is_compacted(index)
        for block in message.blocks
    )


def _probes(text: str) -> list[str]:
    pieces = sorted((piece.strip() for piece in _REDACTED.split(text)), key=len, reverse=True)
    return [piece[:_LONGEST].rstrip() for piece in pieces[:_PROBES] if piece]
