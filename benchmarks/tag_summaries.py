"""Whether summaries of tags help an agent after its client has summarised the history.

    python benchmarks/tag_summaries.py --data FOLDER

FOLDER holds `claude_code_sessions`. At each recorded compaction: the names (paths, identifiers) in the agent's later
tool calls, up to the next compaction, that were said before it by the person or the agent in text, as memory keeps it,
and that the client's own summary lacks. Of these, the share that is in a note of the topics alone, in one with a
summary under each of its tags (`tag_summary`), and in the newest of what was said, cut to as many tokens.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from penstock.memory import Item
from penstock.memory.tag_summaries import tag_summary
from penstock.tokens.estimate import estimate
from penstock_plugins.tags.tagging import KEPT, Tagging

TOPICS = 12
BUDGETS = (200, 400, 800, 1_600)
_NAME = re.compile(r"[A-Za-z0-9_-]*(?:[/._][A-Za-z0-9_-]+)+|[A-Za-z]+[a-z][A-Z]\w*")
_SHORTEST = 6


@dataclass
class Case:
    """One compaction: the turns before it, the client's summary, the names used after it."""

    turns: list[tuple[str, str]]
    summary: str = ""
    used: set[str] = field(default_factory=set)


def names(text: str) -> set[str]:
    """The names in a text; of a path, each part of two steps."""
    found = {one.strip("./") for one in _NAME.findall(text)}
    found |= {path.rsplit("/", 1)[-1] for path in found}
    return {one for one in found if len(one) >= _SHORTEST}


def cases(file: Path) -> Iterator[Case]:
    """The compactions of one session, in order."""
    turns: list[tuple[str, str]] = []
    case: Case | None = None
    is_summary_next = False
    for line in file.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        if message["type"] == "compact_boundary":
            if case is not None:
                yield case
            case, is_summary_next = Case(list(turns)), True
            continue
        content = message.get("content") or []
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        text = "\n".join(block["text"] for block in blocks if block.get("type") == "text")
        text = re.sub(r"<(system-reminder|command-\w+|local-command-\w+)>.*?</\1>", "", text, flags=re.S).strip()
        if message["type"] == "user" and text and is_summary_next and case is not None:
            case.summary, is_summary_next = text, False
        elif message["type"] == "user" and text:
            turns.append((text, ""))
        elif message["type"] == "assistant" and turns:
            turns[-1] = turns[-1][0], f"{turns[-1][1]}\n{text}".strip()
            calls = [json.dumps(block["input"]) for block in blocks if block.get("type") == "tool_use"]
            if case is not None:
                case.used |= names("\n".join(calls))
    if case is not None:
        yield case


def tagged(turns: Sequence[tuple[str, str]]) -> tuple[list[str], list[Item]]:
    """The topics of the turns, as the hint names them, and their items, the newest first."""
    tagging, items = Tagging(turns=6), list[Item]()
    for n, (prompt, answer) in enumerate(turns):
        tags = tagging.of_turn(prompt, answer, "p", "c").names
        items += [Item("p", text, seq=n, tags=tags) for text in (prompt, answer) if text]
    return tagging.reset("c", TOPICS), items[::-1]


def summaries(topics: Sequence[str], items: Sequence[Item], most: int) -> str:
    """A summary under each topic, all together of at most `most` tokens."""
    out: list[str] = []
    left = most
    for n, topic in enumerate(topics):
        share = left // (len(topics) - n)
        found = tag_summary([item for item in items if topic in item.tags], topic, share // 2, share)
        left -= found.tokens
        out += [" ".join(said) for _, said in found.parts]
    return "\n".join(dict.fromkeys(out))


def newest(items: Sequence[Item], most: int) -> str:
    """What was said last, in as many tokens."""
    out: list[str] = []
    for item in items:
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", item.text)[::-1]:
            cost = estimate(sentence)
            if cost > most:
                return "\n".join(out)
            most -= cost
            out.append(sentence)
    return "\n".join(out)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the data")
    args = parser.parse_args()
    needed = known = compactions = 0
    found: dict[str, list[int]] = {}
    for file in sorted(args.data.glob("claude_code_sessions/*.jsonl")):
        for case in cases(file):
            said = set().union(*(names(f"{prompt}\n{answer}") for prompt, answer in case.turns[-KEPT:]))
            later = case.used & said
            missing = later - names(case.summary)
            compactions, needed, known = compactions + 1, needed + len(missing), known + len(later)
            topics, items = tagged(case.turns[-KEPT:])
            topics = [topic for topic in topics if topic.lower() not in case.summary.lower()]
            notes = {"topics": ", ".join(topics)}
            for most in BUDGETS:
                notes[f"summaries {most}"] = f"{notes['topics']}\n{summaries(topics, items, most)}"
                notes[f"newest {most}"] = newest(items, most)
            for name, note in notes.items():
                row = found.setdefault(name, [0, 0])
                row[0] += len(missing & names(note))
                row[1] += estimate(note)
    print(f"{compactions} compactions; {known} names are used again, {needed} of them are not in the client's summary")
    for name, (hits, tokens) in found.items():
        print(f"{name:<16}{hits / max(1, needed):>7.3f}{tokens / max(1, compactions):>8.0f} tokens a compaction")


if __name__ == "__main__":
    main()
