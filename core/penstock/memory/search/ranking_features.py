"""`signals_of`: computes the ranking features of a search's candidates, some thirty small, named numbers for each item,
from what the indexes found (`Evidence`).

Every feature comes from the question, the item, its neighbours and its session. The position of an item in the history
is none of them: it would only reflect the data sets on which the weights were fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from penstock.memory.search.item_table import ItemTable
from penstock.memory.search.text_features import NAMES as TRAITS
from penstock.text.dates import When
from penstock.text.question import Question

__all__ = ["Evidence", "WordMatch", "rarity_scale", "signals_of"]

Array = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
_NEAR, _DECAY = 6, 0.7
_SCALE = 3.0
_TOGETHER = 3
"""Items on each side of one that are read together with it: what a question asks is often said in several messages."""
_TOLD, _LEAST_TOLD, _MOST_TOLD = 20.0, 15.0, 40.0
"""The rarity of all words of a usual question, in sum; and the least and the most that count. Half of a question of
eight rare words tells as much as all of one of four, but the only word of a short one is not worth less than what kind
of message it stands in, nor half of a long text more than any other signal."""
_SESSION = 40
"""Items of a session up to which its best item counts for all of it; less in longer sessions."""


@dataclass(frozen=True, slots=True)
class WordMatch:
    """The items that have one word of a question, or a related one."""

    share: float
    """The word's share of the rarity of all words of the question."""
    rows: Ints
    match: Array
    """How well each of `rows` has it: 1 the word itself, less a related one."""


@dataclass(frozen=True)
class Evidence:
    """What the indexes found for each row of an `ItemTable`; 0 where they found nothing."""

    words: Array
    """The rarity of the question's words in the best passage, the best of all being 1."""
    keys: Array
    """Likeness to the words that carry the question."""
    question: Array
    """Likeness to the question as it was asked."""
    meaning: Array
    """The share of the question's words, weighted by rarity, that the item has itself or in a related word."""
    met: Ints
    """The rows where `meaning` is not 0."""
    matches: Sequence[WordMatch]
    """`meaning`, word by word."""
    told: float = 0.0
    """The rarity of all words of the question, in sum; 0 where it is not known."""


def rarity_scale(told: float) -> float:
    """What all words of a question count, by their rarity in sum (0: not known): .75 to 2, and 1 for a usual one."""
    return min(max(told or _TOLD, _LEAST_TOLD), _MOST_TOLD) / _TOLD


def signals_of(question: Question, layout: ItemTable, rows: Ints, evidence: Evidence) -> dict[str, Array]:
    """The value of each signal for the items in `rows`, by name."""
    session = layout.session
    told = np.minimum(1, _SESSION / layout.sizes[session[rows]]).astype(np.float32)
    scale = np.float32(rarity_scale(evidence.told))
    out = {"overlap": evidence.meaning[rows], "words": evidence.words[rows], "meaning": scale * evidence.meaning[rows]}
    out["related"] = scale * _related(evidence.matches, len(session))[rows]
    out["vector_question"] = evidence.question[rows]
    out["session_meaning"] = scale * _best_of(evidence, session, len(layout.sessions))[session[rows]] * told
    out["session_sum"] = scale * _sum_of(evidence, layout)[session[rows]]
    out["session_vector"] = _nearest_of(evidence.question[rows], session[rows], len(layout.sessions)) * told
    out["together_meaning"] = scale * _together(evidence.matches, session, rows)
    out["near_vector"] = _near(evidence.keys, session, rows)
    out["near_meaning"] = scale * _near(evidence.meaning, session, rows)
    out["near_meaning_root"] = np.sqrt(out["near_meaning"])  # some around it tells more than half of twice as much
    out |= _who(question, layout, rows)
    out["month"], out["day"] = _when(question.times, layout, rows)
    out |= _kind(question, layout, rows)
    # A person's answer may share no word with what it answers. An assistant always answers, and repeats words.
    before = layout.previous(rows)
    asked = np.where(before >= 0, layout.traits[before, TRAITS.index("asks")], 0) * (1 - out["assistant"])
    asked = asked.astype(np.float32)
    out["answers_meaning"] = scale * asked * evidence.meaning[before]
    out["answers_vector"] = asked * evidence.question[before]
    return out


def _near(of: Array, session: Ints, rows: Ints) -> Array:
    """The values of an item's neighbours in its session, weighted by distance."""
    out = np.zeros(len(rows), np.float32)
    for distance in range(-_NEAR, _NEAR + 1):
        out += _beside(of, session, rows, distance) * np.float32(_DECAY ** abs(distance))
    return out / np.float32(_SCALE)


def _beside(of: Array, session: Ints, rows: Ints, distance: int) -> Array:
    at = np.clip(rows + distance, 0, len(of) - 1)
    here = (at == rows + distance) & (session[at] == session[rows])
    return np.where(here, of[at], np.float32(0))


def _best_of(evidence: Evidence, session: Ints, count: int) -> Array:
    best = np.zeros(count, np.float32)
    np.maximum.at(best, session[evidence.met], evidence.meaning[evidence.met])
    return best


def _sum_of(evidence: Evidence, layout: ItemTable) -> Array:
    """How much each session says about the question: a longer one has more words of any."""
    met = evidence.met
    total = np.bincount(layout.session[met], evidence.meaning[met], minlength=len(layout.sessions))
    return (total / np.sqrt(np.maximum(layout.sizes, 1))).astype(np.float32)


def _nearest_of(likeness: Array, session: Ints, count: int) -> Array:
    """For each candidate the best likeness among those of its session."""
    best = np.full(count, -np.inf, np.float32)
    np.maximum.at(best, session, likeness)
    return best[session]


def _related(matches: Sequence[WordMatch], count: int) -> Array:
    """The share of the question's words that an item has in a related word alone."""
    out = np.zeros(count, np.float32)
    for one in matches:
        out[one.rows] += np.float32(one.share) * np.where(one.match < 1, one.match, np.float32(0))
    return out


def _together(matches: Sequence[WordMatch], session: Ints, rows: Ints) -> Array:
    """The share of the question's words that an item and its neighbours have together."""
    at = np.clip(np.arange(-_TOGETHER, _TOGETHER + 1)[:, None] + rows, 0, len(session) - 1)
    at = np.where(session[at] == session[rows], at, rows)
    out, held = np.zeros(len(rows), np.float32), np.zeros(len(session), np.float32)
    for one in matches:
        held[one.rows] = one.match
        out += np.float32(one.share) * held[at].max(axis=0)
        held[one.rows] = 0
    return out


def _who(question: Question, layout: ItemTable, rows: Ints) -> dict[str, Array]:
    if question.named not in layout.roles:
        none = np.zeros(len(rows), np.float32)
        return {"speaker": none}
    return {"speaker": (layout.role[rows] == layout.roles.index(question.named)).astype(np.float32)}


def _when(times: tuple[When, ...], layout: ItemTable, rows: Ints) -> tuple[Array, Array]:
    """Said in a month, and on or about a day, that the question names."""
    month, day = np.zeros((2, len(rows)), np.float32)
    on, dated = layout.day[rows], layout.day[rows] > 0
    days = [date.fromordinal(max(1, day)) for day in on.tolist()] if times else []
    of_year, of_month, of_day = np.array([(one.year, one.month, one.day) for one in days], np.int64).reshape(-1, 3).T
    for when in times:
        if when.first:
            inside = dated & (on >= when.first) & (on <= when.last)
            month, day = np.maximum(month, inside), np.maximum(day, inside)
            continue
        same = dated & (of_month == when.month)
        if when.year:
            same &= of_year == when.year
        month = np.maximum(month, same)
        if when.day:
            off = np.abs(of_day - when.day)
            day = np.maximum(day, np.where(same, np.select([off == 0, off <= 3], [1.0, 0.5], 0.0), 0.0))
    return month.astype(np.float32), day.astype(np.float32)


def _kind(question: Question, layout: ItemTable, rows: Ints) -> dict[str, Array]:
    """Signals of an item by itself, and of whether it is of the kind that the question asks for."""
    trait = dict(zip(TRAITS, layout.traits[rows].T, strict=True))
    assistant = np.zeros(len(rows), np.float32)
    if "assistant" in layout.roles:
        assistant = (layout.role[rows] == layout.roles.index("assistant")).astype(np.float32)
    length, person = trait["length"], 1 - assistant
    return {
        "length": length,
        "length2": length**2,
        "assistant": assistant,
        "thin_question": trait["thin_question"],
        "thin_ack": trait["thin_ack"],
        "own_words": trait["me"] * person,
        "you_assistant": assistant * question.wants_assistant,
        "summary_assistant": assistant * question.wants_summary,
        "when_time": trait["time"] * question.wants_time,
        "many_digit": trait["digit"] * question.wants_number,
        "request_rule": trait["rule"] * person * question.is_request,
        "request_preference": trait["prefers"] * person * question.wants_new,
    }
