"""Fit the weights of memory's ranking, and say how well they do on conversations they were not fitted on.

    python benchmarks/memory_fit.py --data FOLDER [--what cv shipped ablate fit] [--draws 5] [--embedder minilm-l6-v2]

Four folds; whole conversations are held out. Needs scipy. The folder is laid out as `memory_data` reads it.

`shipped` is `cv` with those weights halved that `weights.py` has halved; `fit` prints them so, too.

`--draws N`: N times, each with other folds and other candidates that are no evidence, since the figures of one draw
differ by chance; shown are the means, and their standard errors over the draws. `fit` gives the mean weights. These
errors say nothing of other questions: one more of BEAM's 124 moves a figure by .008.
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
HALVED = ("assistant", "own_words", "together_meaning")
"""Of the fitted weights half is shipped, see `weights.py`."""
ROUGH = ("words", "overlap", "vector_question", "near_meaning")
MEASURES = ("turn R@10", "session R@10", "in 1,000 tokens", "turn R@20")
RELATED_WORDS = (
    "meaning related near_meaning near_meaning_root together_meaning session_meaning session_sum answers_meaning"
)
GROUPS = {
    "all context": "near_vector near_meaning near_meaning_root together_meaning session_meaning session_sum "
    "session_vector answers_meaning answers_vector",
    "what neighbours say together": "together_meaning",
    "the session": "session_meaning session_sum session_vector",
    "the message that it answers": "answers_meaning answers_vector",
    "related words": RELATED_WORDS,
    "words": f"words {RELATED_WORDS}",
    "vectors": "vector_question near_vector session_vector answers_vector",
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
    for history in load(folder):
        memory = Remembered(history.docs, model, WordLlama256())
        for query in history.queries:
            docs, found = memory.ranked(query.text)
            names = names or [name for name in found.signals if name in WEIGHTS and name != BY_HAND]
            matrix = np.stack([found.signals[name] for name in names], 1)
            rough = sum(found.signals[name] for name in ROUGH)
            session = memory.sessions(found) if BY_HAND in found.signals else None
            out.append(Case(history, query.kind, docs, matrix, query.evidence, np.asarray(rough), session))
        memory.memory.close()
    return out, names


class Fit:
    """Each piece of evidence against all candidates that are none; the families weigh the same."""

    def __init__(self, cases: Sequence[Case], draw: int = 0) -> None:
        """`draw`: the folds, and the candidates that are no evidence; 0 has the conversations in their order."""
        self.cases = cases
        rng = np.random.default_rng(draw)
        self.scale = np.concatenate([case.signals[::5] for case in cases]).std(0) + 1e-6
        rows = [self._row(case, rng) for case in cases]
        length = max(len(x) for x, _, _ in rows)
        self.x = np.zeros((len(rows), length, len(self.scale)), np.float32)
        self.offset = np.full((len(rows), length), -1e9, np.float32)
        self.y = np.zeros((len(rows), length), np.float32)
        for i, (x, offset, right) in enumerate(rows):
            self.x[i, : len(x)], self.offset[i, : len(x)], self.y[i, :right] = x, offset, 1 / max(right, 1)
        self.family = np.array([case.history.family for case in cases])
        self.fold = _folds(cases, draw)

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


def _folds(cases: Sequence[Case], draw: int) -> Any:
    """The fold of each case: conversations of a family in turn."""
    fold: dict[tuple[str, str], int] = {}
    for family in dict.fromkeys(case.history.family for case in cases):
        names = list(dict.fromkeys(case.history.name for case in cases if case.history.family == family))
        order = np.random.default_rng(draw).permutation(len(names)) if draw else range(len(names))
        fold |= {(family, names[at]): n % FOLDS for n, at in enumerate(order)}
    return np.array([fold[case.history.family, case.history.name] for case in cases])


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


def cross_validated(fit: Fit, columns: Sequence[int], worth: Any = 1.0) -> dict[str, list[list[float]]]:
    """The measures of every question, by weights that were fitted without its conversation. `worth`: a factor on
    each weight."""
    out: dict[str, list[list[float]]] = defaultdict(list)
    for fold in range(FOLDS):
        weights = worth * fit.weights(fit.fold != fold, columns)
        for name, rows in measured(
            [c for c, its in zip(fit.cases, fit.fold, strict=True) if its == fold], weights, columns
        ).items():
            out[name] += rows
    return out


def show(name: str, draws: Sequence[list[list[float]]]) -> None:
    means = np.array([np.mean(rows, 0) for rows in draws])
    values = [f"{value:.3f}" for value in means.mean(0)]
    if len(draws) > 1:
        errors = means.std(0, ddof=1) / len(draws) ** 0.5
        values = [f"{value} ±{error:.3f}" for value, error in zip(values, errors, strict=True)]
    figures = "  ".join(f"{m} {v}" for m, v in zip(MEASURES, values, strict=True))
    print(f"{name:44s} n {len(draws[0]):4d}  {figures}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--what", nargs="+", choices=["cv", "shipped", "ablate", "transfer", "fit"], default=["cv"])
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--embedder", default="")
    args = parser.parse_args()
    cases, names = cases_of(args.data, args.embedder)
    fits, every = [Fit(cases, draw) for draw in range(max(1, args.draws))], list(range(len(names)))
    shipped = np.array([0.5 if name in HALVED else 1.0 for name in names])
    for worth in [worth for what, worth in (("cv", 1.0), ("shipped", shipped)) if what in args.what]:
        found = [cross_validated(fit, every, worth) for fit in fits]
        for name in sorted(found[0], key=lambda name: (" " in name, name)):
            show(name, [one[name] for one in found])
    if "ablate" in args.what:
        for group, listed in {"nothing": "", **GROUPS}.items():
            rest = [i for i in every if names[i] not in listed.split()]
            found = [cross_validated(fit, rest) for fit in fits]
            for family in ("locomo", "beam"):
                show(f"{family} without {group}", [one[family] for one in found])
    if "transfer" in args.what:
        for family in ("locomo", "beam"):
            others = [case for case in cases if case.history.family != family]
            (other,) = {case.history.family for case in others}
            found = [measured(others, fit.weights(fit.family == family, every), every) for fit in fits]
            show(f"fitted on {family}, measured on {other}", [one[other] for one in found])
    if "fit" in args.what:
        weights = shipped * np.mean([fit.weights(np.ones(len(cases), bool), every) for fit in fits], axis=0)
        print("\n".join(f'    "{name}": {value:.2f},' for name, value in zip(names, weights, strict=True)))


if __name__ == "__main__":
    main()
