"""Fit the weights of memory's ranking, and say how well they do on conversations they were not fitted on.

    python benchmarks/memory_fit.py --data FOLDER [--what cv ablate fit] [--embedder minilm-l6-v2]

Four folds; whole conversations are held out. Needs scipy. The folder is laid out as `memory_data` reads it.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from memory_adapter import Remembered
from memory_data import History, load
from scipy.optimize import minimize
from scipy.special import logsumexp

from penstock.memory import chosen
from penstock.memory.embedders.wordllama import WordLlama256
from penstock.memory.search.search import place_in_session
from penstock.memory.search.weights import WEIGHTS

FOLDS = 4
L2 = 0.01
HARD, DRAWN = 60, 240
"""Candidates that are no evidence, for each question: the hardest, and so many at random of the rest. With 60 drawn the
figures of BEAM differ by .02 from draw to draw."""
BY_HAND = "session_place"
"""The signal that is computed from the score of the others, so that its weight cannot be fitted with theirs."""
ROUGH = ("words", "overlap", "vector_question", "near_meaning")
MEASURES = ("turn R@10", "session R@10", "in 1,000 tokens", "turn R@20")
GROUPS = {
    "all context": "near_vector near_meaning near_meaning_root session_meaning answers_meaning answers_vector",
    "the message that it answers": "answers_meaning answers_vector",
    "related words": "meaning near_meaning near_meaning_root session_meaning answers_meaning",
    "words": "words meaning near_meaning near_meaning_root session_meaning answers_meaning",
    "vectors": "vector_question near_vector answers_vector",
    "the speaker named": "speaker",
    "month and day": "month day",
    "length and role": "length length2 assistant",
    "thin messages, own words": "thin_question thin_ack own_words",
    "kind of question": "you_assistant summary_assistant when_time many_digit request_rule request_preference",
    "standing instructions": "request_rule",
    "preferences": "request_preference",
}


@dataclass
class Case:
    """One question: its candidates' signals and which of them are evidence."""

    history: History
    fold: int
    kind: str
    docs: list[list[str]]
    signals: np.ndarray[Any, np.dtype[np.float32]]
    evidence: frozenset[str]
    rough: np.ndarray[Any, np.dtype[np.float32]]
    """A score that does not depend on the weights in use: it chooses the candidates to fit against."""
    session: np.ndarray[Any, np.dtype[np.int64]] | None
    """The candidates' sessions, if the question asks for what several sessions say."""

    @property
    def right(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.array([bool(self.evidence.intersection(d)) for d in self.docs])


def cases_of(folder: Path, embedder: str) -> tuple[list[Case], list[str]]:
    """Every question of every conversation, through the product's own index."""
    model, out, names = chosen(embedder), [], list[str]()
    seen: dict[str, int] = defaultdict(int)
    for history in load(folder):
        fold = seen[history.family] % FOLDS
        seen[history.family] += 1
        memory = Remembered(history.docs, model, WordLlama256())
        for query in history.queries:
            docs, found = memory.ranked(query.text)
            names = names or [name for name in found.signals if name in WEIGHTS and name != BY_HAND]
            matrix = np.stack([found.signals[name] for name in names], 1)
            rough = sum(found.signals[name] for name in ROUGH)
            session = memory.sessions(found) if BY_HAND in found.signals else None
            out.append(Case(history, fold, query.kind, docs, matrix, query.evidence, np.asarray(rough), session))
        memory.memory.close()
    return out, names


class Fit:
    """Each piece of evidence against all candidates that are none; the families weigh the same."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = cases
        rng = np.random.default_rng(0)
        self.scale = np.concatenate([case.signals[::5] for case in cases]).std(0) + 1e-6
        rows = [self._row(case, rng) for case in cases]
        length = max(len(x) for x, _, _ in rows)
        self.x = np.zeros((len(rows), length, len(self.scale)), np.float32)
        self.offset = np.full((len(rows), length), -1e9, np.float32)
        self.y = np.zeros((len(rows), length), np.float32)
        for i, (x, offset, right) in enumerate(rows):
            self.x[i, : len(x)], self.offset[i, : len(x)], self.y[i, :right] = x, offset, 1 / max(right, 1)
        self.family = np.array([case.history.family for case in cases])
        self.fold = np.array([case.fold for case in cases])

    def _row(self, case: Case, rng: np.random.Generator) -> tuple[Any, Any, int]:
        right = np.flatnonzero(case.right)
        rest = np.flatnonzero(~case.right)
        rest = rest[np.argsort(-case.rough[rest], kind="stable")]
        hard, easy = rest[:HARD], rest[HARD:]
        drawn = rng.choice(easy, min(DRAWN, len(easy)), replace=False) if len(easy) else easy
        more = np.log(max(1, len(easy)) / max(1, len(drawn)))
        take = np.concatenate([right, hard, drawn])
        offset = np.concatenate([np.zeros(len(right) + len(hard)), np.full(len(drawn), more)])
        return case.signals[take] / self.scale, offset, len(right)

    def weights(self, keep: Any, columns: Sequence[int], l2: float = L2) -> Any:
        x = np.ascontiguousarray(self.x[keep][:, :, columns])
        offset, y, family = self.offset[keep], self.y[keep], self.family[keep]
        flat = x.reshape(-1, len(columns))
        each = np.array([1 / (family == f).sum() for f in family], np.float32)
        others = np.where(y > 0, -1e9, 0).astype(np.float32)

        def loss(w: Any) -> tuple[float, Any]:
            w32 = w.astype(np.float32)
            score = (flat @ w32).reshape(offset.shape) + offset
            rest = logsumexp(score + others, axis=1, keepdims=True)
            total = np.logaddexp(score, rest)
            share = np.exp(np.minimum(score - total, 0))
            slope = y * (share - 1)
            slope = slope + (y * np.exp(rest - total)).sum(1, keepdims=True) * np.exp(
                np.minimum(score + others - rest, 0)
            )
            value = (each * (y * (total - score)).sum(1)).sum() + l2 * (w**2).sum()
            return float(value), (flat.T @ (slope * each[:, None]).ravel().astype(np.float32)).astype(
                float
            ) + 2 * l2 * w

        found = minimize(loss, np.zeros(len(columns)), jac=True, method="L-BFGS-B", options={"maxiter": 100})
        return found.x / self.scale[columns]


def measured(cases: Sequence[Case], weights: Any, columns: Sequence[int]) -> dict[str, list[list[float]]]:
    """The measures of every question, by family and by kind."""
    out: dict[str, list[list[float]]] = defaultdict(list)
    for case in cases:
        session = {doc["id"]: doc["session"] for doc in case.history.docs}
        tokens = {doc["id"]: max(1, round(len(doc["text"]) / 4.2)) for doc in case.history.docs}
        scores = case.signals[:, columns] @ weights
        if case.session is not None:
            scores = scores + WEIGHTS[BY_HAND] * place_in_session(scores, case.session)
        order = np.argsort(-scores, kind="stable")
        docs = list(dict.fromkeys(d for row in order for d in case.docs[row]))[:100]
        used, inside = 0, set()
        for doc in docs:
            if used + tokens[doc] <= 1000:
                used += tokens[doc]
                inside.add(doc)
        found = list(dict.fromkeys(session[doc] for doc in docs))[:10]
        wanted = {session[doc] for doc in case.evidence}
        n = len(case.evidence)
        row = [
            len(case.evidence.intersection(docs[:10])) / n,
            len(wanted.intersection(found)) / len(wanted),
            len(case.evidence & inside) / n,
            len(case.evidence.intersection(docs[:20])) / n,
        ]
        out[case.history.family].append(row)
        out[f"{case.history.family} {case.kind}"].append(row)
    return out


def cross_validated(fit: Fit, columns: Sequence[int]) -> dict[str, list[list[float]]]:
    out: dict[str, list[list[float]]] = defaultdict(list)
    for fold in range(FOLDS):
        weights = fit.weights(fit.fold != fold, columns)
        for name, rows in measured([c for c in fit.cases if c.fold == fold], weights, columns).items():
            out[name] += rows
    return out


def show(name: str, rows: list[list[float]]) -> None:
    figures = "  ".join(f"{m} {v:.3f}" for m, v in zip(MEASURES, np.mean(rows, 0), strict=True))
    print(f"{name:44s} n {len(rows):4d}  {figures}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--what", nargs="+", choices=["cv", "ablate", "transfer", "fit"], default=["cv"])
    parser.add_argument("--embedder", default="")
    args = parser.parse_args()
    cases, names = cases_of(args.data, args.embedder)
    fit, every = Fit(cases), list(range(len(names)))
    if "cv" in args.what:
        for name, rows in sorted(cross_validated(fit, every).items(), key=lambda kv: (" " in kv[0], kv[0])):
            show(name, rows)
    if "ablate" in args.what:
        for group, listed in {"nothing": "", **GROUPS}.items():
            rest = [i for i in every if names[i] not in listed.split()]
            found = cross_validated(fit, rest)
            for family in ("locomo", "beam"):
                show(f"{family} without {group}", found[family])
    if "transfer" in args.what:
        for family in ("locomo", "beam"):
            weights = fit.weights(fit.family == family, every)
            other = [case for case in cases if case.history.family != family]
            for name, rows in measured(other, weights, every).items():
                if " " not in name:
                    show(f"fitted on {family}, measured on {name}", rows)
    if "fit" in args.what:
        weights = fit.weights(np.ones(len(cases), bool), every)
        print("\n".join(f'    "{name}": {value:.2f},' for name, value in zip(names, weights, strict=True)))


if __name__ == "__main__":
    main()
