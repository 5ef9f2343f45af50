"""How well memory finds what an agent needs again: recorded coding sessions, where nobody wrote the questions.

    python benchmarks/memory_sessions.py --data FOLDER [--few 5] [--embedder minilm-l6-v2] [--signals]

FOLDER holds Claude Code's session files, of one repository. Turns are played in the order of time through the product's
stages; before a turn is remembered, memory is asked what the person said in it. Evidence are the earlier turns of which
memory keeps a rare identifier that the agent then wrote in this turn: a path, or a name of six characters or more in
snake_case or CamelCase, that occurs in `--few` turns at most. The turn right before does not count, for its text still
stands in the request. Evidence of this kind is what happened to be used again, and a long answer names more than a
short request: compare ways of searching by it, and do not fit anything to it. (That three of the weights are halved was
decided after looking at it.)

`--signals` ranks anew without each signal and each group of them. Needs scipy.
"""

from __future__ import annotations

import argparse
import logging
import re
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from memory_fit import GROUPS
from memory_recorded import PROJECT, Turn, play, recordings

from penstock.memory import Embedder, Memory, chosen
from penstock.memory.chunks import passages
from penstock.memory.embedders import vectors_of
from penstock.memory.embedders.wordllama import WordLlama256
from penstock.memory.search.search import Ranked, rank
from penstock.memory.search.weights import WEIGHTS
from penstock.memory.service import MemoryService

LOOKED_UP = 1_500
"""Characters of a person's words that are asked for, by halves from both ends: as the stage does it."""
DEPTH = 100
_PATH = re.compile(r"(?:[\w.@~+-]*/)+[\w.@+-]*\w\.[A-Za-z]\w{0,7}\b")
_NAME = re.compile(r"\b(?:[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+|[a-z]+[A-Z][A-Za-z0-9]*|(?:[A-Z][a-z0-9]+){2,})\b")
_SHORTEST = 6


def identifiers(text: str) -> set[str]:
    """Paths, by their last two parts, for one is absolute and another is not; and names of code."""
    paths = _PATH.findall(text)
    names = _NAME.findall(_PATH.sub(" ", text))
    return {"/".join(p.split("/")[-2:]).lower() for p in paths} | {n for n in names if len(n) >= _SHORTEST}


@dataclass
class Asked:
    """One turn's question, and what each way of searching gave: turns, the best first."""

    turn: Turn
    previous: Turn | None
    ranked: Ranked
    owners: list[Turn | None]
    """The turns that the rows of `ranked` belong to."""
    found: dict[str, list[Turn]]


class Plain:
    """FTS5 alone and the embedder alone, over the very items that memory keeps."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._words = sqlite3.connect(":memory:")
        self._words.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='porter unicode61')")
        self._owners: list[Turn] = []
        self._vectors = np.zeros((0, embedder.dimension), np.float32)
        self._of: list[Turn] = []

    def add(self, turn: Turn, texts: Sequence[str]) -> None:
        """Index the texts that memory keeps of a turn."""
        for text in texts:
            self._owners.append(turn)
            self._words.execute("INSERT INTO t(rowid, x) VALUES (?, ?)", (len(self._owners), text))
            cut = [text[a:b] for a, b in passages(text)]
            self._vectors = np.concatenate([self._vectors, vectors_of(self._embedder, cut)])
            self._of += [turn] * len(cut)

    def by_words(self, question: str) -> list[Turn]:
        """Turns with any word of the question, by BM25."""
        words = dict.fromkeys(re.findall(r"\w+", question.lower()))
        if not words:
            return []
        match = " OR ".join(f'"{word}"' for word in words)
        rows = self._words.execute("SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?", (match, 10 * DEPTH))
        return [self._owners[row[0] - 1] for row in rows]

    def by_vector(self, question: str) -> list[Turn]:
        """Turns by the nearest passages."""
        likeness = self._vectors @ vectors_of(self._embedder, [question])[0]
        return [self._of[n] for n in np.argsort(-likeness, kind="stable")]


def asked_of(turns: Sequence[Turn], embedder: Embedder, folder: Path) -> list[Asked]:
    """Play the turns, and ask memory at each."""
    memory_service = MemoryService(lambda: Memory(folder, embedder, table=WordLlama256()))
    memory, plain, out = memory_service.open(), Plain(embedder), list[Asked]()
    owner: dict[int, Turn] = {}
    taken: Counter[int] = Counter()

    def ask(turn: Turn, words: str) -> None:
        for one in turns:
            for item in one.kept[taken[id(one)] :]:
                owner[item.id] = one
                plain.add(one, [item.text])
            taken[id(one)] = len(one.kept)
        view = memory.view(PROJECT)
        if view is None:
            return
        question = words if len(words) <= LOOKED_UP else f"{words[: LOOKED_UP // 2]}\n{words[-LOOKED_UP // 2 :]}"
        ranked = rank(view, question, turn.at, WEIGHTS)
        owners = [owner.get(int(view.layout.ids[row])) for row in ranked.rows]
        before = [one for one in turns if one.session == turn.session and one.at < turn.at and one.kept]
        found = {"FTS5 alone": plain.by_words(question), "embedder alone": plain.by_vector(question)}
        out.append(Asked(turn, before[-1] if before else None, ranked, owners, found))

    play(turns, memory_service, ask)
    memory_service.close()
    return out


def evidence_of(turns: Sequence[Turn], few: int) -> Callable[[Asked], set[int]]:
    """For a question its evidence: turns, by their `id`."""
    held = {id(turn): identifiers("\n".join(item.text for item in turn.kept)) for turn in turns}
    used = {id(turn): identifiers(turn.done) for turn in turns}
    spread = Counter(name for turn in turns for name in held[id(turn)] | used[id(turn)])

    def of(asked: Asked) -> set[int]:
        rare = {name for name in used[id(asked.turn)] if spread[name] <= few}
        earlier = [turn for turn in turns if turn.at < asked.turn.at and turn is not asked.previous]
        return {id(turn) for turn in earlier if held[id(turn)] & rare}

    return of


def ordered(asked: Asked, without: Sequence[str] = ()) -> list[Turn]:
    """The turns as the product ranks them; without some of its signals."""
    scores = asked.ranked.scores
    for name in (name for name in without if name in asked.ranked.signals):
        scores = scores - np.float32(WEIGHTS[name]) * asked.ranked.signals[name]
    return [owner for n in np.argsort(-scores, kind="stable") if (owner := asked.owners[n]) is not None]


def measured(found: Sequence[Turn], asked: Asked, evidence: Set[int]) -> tuple[float, float]:
    """Recall among ten turns, and one by the rank of the first."""
    ranks = list(dict.fromkeys(id(turn) for turn in found if turn is not asked.previous))[:DEPTH]
    first = next((1 / n for n, turn in enumerate(ranks, 1) if turn in evidence), 0.0)
    return len(evidence & set(ranks[:10])) / len(evidence), first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--few", type=int, default=5)
    parser.add_argument("--embedder", default="")
    parser.add_argument("--signals", action="store_true")
    args = parser.parse_args()
    logging.disable(logging.INFO)
    turns = recordings(args.data)
    with tempfile.TemporaryDirectory() as folder:
        every = asked_of(turns, chosen(args.embedder), Path(folder))
    of = evidence_of(turns, args.few)
    cases = [(asked, evidence) for asked in every if asked.turn.words and (evidence := of(asked))]
    kept, items = sum(bool(turn.kept) for turn in turns), sum(len(turn.kept) for turn in turns)
    each = np.mean([len(evidence) for _, evidence in cases])
    print(f"{kept} turns of {len(turns)} kept, in {items} items; {len(cases)} questions with {each:.1f} turns each")
    rows: dict[str, list[list[Turn]]] = {
        "FTS5 alone": [asked.found["FTS5 alone"] for asked, _ in cases],
        "embedder alone": [asked.found["embedder alone"] for asked, _ in cases],
        "memory": [ordered(asked) for asked, _ in cases],
    }
    if args.signals:
        for group, listed in {**{name: name for name in WEIGHTS}, **GROUPS}.items():
            rows[f"memory without {group}"] = [ordered(asked, without=listed.split()) for asked, _ in cases]
    home = {id(turn): turn.session for turn in turns}
    for name, found in rows.items():
        figures = []
        for scope in (None, True, False):
            values = [
                measured(one, asked, some)
                for one, (asked, evidence) in zip(found, cases, strict=True)
                if (some := {n for n in evidence if scope in (None, home[n] == asked.turn.session)})
            ]
            recall, first = np.mean(values, 0)
            figures.append(f"n {len(values):3d} R@10 {recall:.3f} MRR {first:.3f}")
        print(f"{name:40s} {'   '.join(figures)}", flush=True)
    print("all evidence; that of the same session; that of other sessions")


if __name__ == "__main__":
    main()
