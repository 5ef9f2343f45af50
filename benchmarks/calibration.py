"""How far Penstock's token counts are from the provider's, on recorded sessions.

    python benchmarks/calibration.py --data FOLDER

FOLDER holds sessions as `*.jsonl`, one record a line: `type` (`user`, `assistant`, `compact_boundary`), `content` (the
blocks of Anthropic's format), `model` and `usage`. Each request is built again from its records, read by the dialect,
estimated and counted by the product's own classes, and held against the prompt that its usage names.

The recordings lack system prompt and tools. Each is given a head of as many tokens as its first usage holds beyond its
messages, by our own estimate: an error of the estimate on a head, and that of a session's first request, can not be
seen here. Where a history was compacted, the rest counts as another recording, with a head of its own: what a client
puts in beside the summary is not in the recording. `--whole` leaves these seams in.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

from penstock.conversation.reply import Usage
from penstock.dialects.anthropic import Anthropic
from penstock.tokens.calibration import Calibration
from penstock.tokens.estimate import estimated

Record = dict[str, Any]
PROVIDER = "anthropic"
AFTER = (1, 2, 5)
SEAM = 0.5
"""A history that shrinks to less than so much of itself was compacted."""
COLUMNS = ("alone", "others", *(f"next {n}" for n in AFTER), *(f"rest {n}" for n in AFTER), "later")
LEGEND = """\
alone    our estimate, before any answer, times what is known of the model by its name
others   before any answer, by the ratio of the model learned from the other sessions
next N   the next request after N answers in a conversation never seen, nothing learned elsewhere
rest N   all later requests by N answers alone: what learning stops after
later    each request after the fifth, learning from every answer before it, as the engine does
Mean of |counted - recorded| / recorded in %, in parentheses the median."""


@dataclass
class Part:
    """A session, or what of it lies between two compactions."""

    session: str
    model: str
    points: list[tuple[int, int]] = field(default_factory=list)
    """Of each request, our estimate with the head, and the recorded count."""


def main() -> None:
    """Print the errors by model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder of recorded sessions, *.jsonl")
    parser.add_argument("--whole", action="store_true", help="do not part sessions where their history was compacted")
    args = parser.parse_args()
    parts = [part for path in sorted(args.data.glob("*.jsonl")) for part in _parts(path, whole=args.whole)]
    errors: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    every: dict[str, list[float]] = defaultdict(list)
    for part in parts:
        for column, error in _errors(part, parts):
            errors[part.model][column].append(error)
            every[column].append(error)
    print(f"{len(parts)} conversations, {sum(len(part.points) for part in parts)} requests\n")
    print("".join([f"{'':28}", *(f"{column:>15}" for column in COLUMNS)]))
    for model, found in [*errors.items(), ("all", every)]:
        cells = (f"{100 * mean(e):.2f} ({100 * median(e):.2f})" if (e := found[c]) else "-" for c in COLUMNS)
        print("".join([f"{model:28}", *(f"{cell:>15}" for cell in cells)]))
    print(f"\n{LEGEND}")


def _errors(part: Part, parts: list[Part]) -> Iterator[tuple[str, float]]:
    model, points = part.model, part.points
    others, live = Calibration(), Calibration()
    for other in parts:
        if other.session != part.session:
            for estimate, count in other.points:
                others.learn(PROVIDER, other.model, "", estimate, count)
    for i, (estimate, count) in enumerate(points):
        yield "alone", _error(Calibration(), part, estimate, count)
        yield "others", _error(others, part, estimate, count)
        if i >= AFTER[-1]:
            yield "later", _error(live, part, estimate, count)
        live.learn(PROVIDER, model, part.session, estimate, count)
    for n in AFTER:
        few = Calibration()
        for estimate, count in points[:n]:
            few.learn(PROVIDER, model, part.session, estimate, count)
        for i, (estimate, count) in enumerate(points[n:]):
            error = _error(few, part, estimate, count)
            yield f"rest {n}", error
            if not i:
                yield f"next {n}", error


def _error(known: Calibration, part: Part, estimate: int, count: int) -> float:
    return abs(known.count(PROVIDER, part.model, part.session, estimate).tokens - count) / count


def _parts(path: Path, *, whole: bool) -> Iterator[Part]:
    """The requests of a session, with the head they lack."""
    part, head, last = Part(path.stem, ""), 0, 0
    for model, words, count in _requests(path):
        if not part.model or (not whole and words < SEAM * last):
            if part.points:
                yield part
            part, head = Part(path.stem, model), max(0, count - words)
        if model == part.model:
            part.points.append((words + head, count))
        last = words
    if part.points:
        yield part


def _requests(path: Path) -> Iterator[tuple[str, int, int]]:
    """Model, our estimate of the messages, and the recorded prompt of each request."""
    dialect, history = Anthropic(), list[Record]()
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["type"] == "compact_boundary":
            history = []
            continue
        usage = record.get("usage") or {}
        prompt = Usage(
            input=usage.get("input_tokens"),
            cache_read=usage.get("cache_read_input_tokens"),
            cache_write=usage.get("cache_creation_input_tokens"),
        ).prompt
        if record["type"] == "assistant" and history and prompt:
            value = {"model": record["model"], "messages": history}
            body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
            yield record["model"], estimated(dialect.read(body, "/v1/messages")), prompt
        _add(history, record)


def _add(history: list[Record], record: Record) -> None:
    """The record's blocks, in one message with those before of the same role."""
    if history and history[-1]["role"] == record["type"]:
        history[-1] = {**history[-1], "content": [*history[-1]["content"], *record["content"]]}
    else:
        history.append({"role": record["type"], "content": record["content"]})


if __name__ == "__main__":
    main()
