"""Whether tags are what a person would choose: LoCoMo's and BEAM's conversations, and recorded coding sessions.

    python benchmarks/tags.py --data FOLDER [--half fit|held|all] [--show N]

FOLDER holds `locomo`, `beam` and `claude_code_sessions`. Turns are tagged in order, as the product does it. What a turn
is about is known from elsewhere: from the words of the questions whose evidence it is (those in a tenth of a family's
questions or more left out), or from the names of the files that the agent read and changed in it. Columns:

- right@3: of a turn's first three tags, the share whose words are, for the greater part, such words.
- request: the same for the tags of the prompt alone.
- stop-like: of all tags, the share that are words that occur in over 2 % of the turns of each of the three families.
- stable: of a turn's tags, the share that it has again when the project's vocabulary knows all of its turns.
- found: of the turns that are related to a question (its evidence; the turns that changed a file that this turn
  changed), the share that have a tag of the question's. of found: how many of the turns found are related; and in
  brackets, of all turns.

Every other conversation is `fit`, on which constants are chosen; the others are `held`.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memory_data import History, load

from penstock.text import STOP_WORDS, stem, words
from penstock_plugins.tags.tagging import Tagging

FAMILIES = ("locomo", "beam", "code")
TOP = 3
COMMON, IN_QUESTIONS = 0.02, 0.1
CHANGES = ("Edit", "MultiEdit", "Write", "NotebookEdit")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def parts_of(name: str) -> set[str]:
    """The stems of the words in a tag or a path."""
    return {stem(part) for part in words(_CAMEL.sub(" ", name).replace("_", " ")) if part not in STOP_WORDS}


@dataclass
class Turn:
    """A prompt with its answer, and what it is about."""

    prompt: str
    answer: str
    ids: set[str] = field(default_factory=set)
    """The documents it is made of; of a coding session, the files that it changed."""
    about: set[str] = field(default_factory=set)
    """Stems; empty where nothing says what the turn is about."""


@dataclass
class Project:
    """The turns that share a vocabulary."""

    family: str
    turns: list[Turn]
    queries: list[tuple[str, set[str], Turn | None]]
    """A question, the ids that are related to it, and the turn that is left out for it is the question's own."""


def said(doc: dict[str, str]) -> str:
    """A document without the name of its speaker, which no client sends."""
    return doc["text"].removeprefix(f"{doc['role']}: ")


def of_history(history: History) -> Project:
    """A conversation with questions."""
    docs, turns, n = history.docs, list[Turn](), 0
    while n < len(docs):
        is_pair = n + 1 < len(docs) and docs[n + 1]["role"] != docs[n]["role"]
        answer = docs[n + 1] if is_pair else None
        ids = {doc["id"] for doc in (docs[n], answer) if doc is not None}
        turns.append(Turn(said(docs[n]), said(answer) if answer else "", ids))
        n += 1 + is_pair
    asked = [(query, parts_of(query.text)) for query in history.queries]
    in_questions = Counter(part for _, parts in asked for part in parts)
    for turn in turns:
        for query, parts in asked:
            if query.evidence & turn.ids:
                turn.about |= {part for part in parts if in_questions[part] < max(2, IN_QUESTIONS * len(asked))}
    return Project(history.family, turns, [(query.text, set(query.evidence), None) for query, _ in asked])


def sessions(folder: Path) -> Iterator[list[Turn]]:
    """The turns of each recorded session."""
    for file in sorted(folder.glob("claude_code_sessions/*.jsonl")):
        turns: list[Turn] = []
        for line in file.read_text(encoding="utf-8").splitlines():
            message = json.loads(line)
            content = message.get("content") or []
            blocks: list[dict[str, Any]] = content
            if isinstance(content, str):
                blocks = [{"type": "text", "text": content}]
            text = "\n".join(block["text"] for block in blocks if block.get("type") == "text")
            text = re.sub(r"<(system-reminder|command-\w+|local-command-\w+)>.*?</\1>", "", text, flags=re.S).strip()
            if message["type"] == "user" and text:
                turns.append(Turn(text, ""))
            elif message["type"] == "assistant" and turns:
                turns[-1].answer += text + "\n"
                for block in blocks:
                    if block.get("type") == "tool_use" and (path := block["input"].get("file_path")):
                        last = "/".join(str(path).split("/")[-2:])
                        turns[-1].about |= parts_of(last)
                        turns[-1].ids |= {last} if block["name"] in CHANGES else set()
        yield [turn for turn in turns if turn.answer]


def projects(folder: Path, half: str) -> list[Project]:
    """What is tagged."""
    histories = load(folder)
    found = [of_history(history) for history in histories]
    for turns in sessions(folder):
        queries = [(turn.prompt, turn.ids, turn) for turn in turns if turn.ids]
        found.append(Project("code", turns, list(queries)))
    if half == "all":
        return found
    return [
        project
        for family in FAMILIES
        for n, project in enumerate(p for p in found if p.family == family)
        if n % 2 == (half == "held")
    ]


def common_words(found: list[Project]) -> set[str]:
    """Words that occur in over 2 % of the turns of each family."""
    shared: list[set[str]] = []
    for family in FAMILIES:
        turns = [turn for project in found if project.family == family for turn in project.turns]
        seen = Counter(word for turn in turns for word in set(words(f"{turn.prompt} {turn.answer}")))
        shared.append({word for word, count in seen.items() if count > COMMON * len(turns)})
    return set.intersection(*shared)


class Measured:
    """The sums of one family."""

    def __init__(self) -> None:
        self.right = self.request = self.stop = self.stable = self.found = 0.0
        self.labelled = self.tags = self.turns = self.related = self.hits = self.pairs = self.requests = 0

    def add(self, project: Project, common: set[str], show: int) -> None:
        """Tags one project, and compares."""
        tagging, tagged = Tagging(turns=0), list[list[str]]()
        for turn in project.turns:
            asked = tagging.of_request(turn.prompt, "p").names
            names = list(tagging.of_turn(turn.prompt, turn.answer, "p", "c").names)
            tagged.append(names)
            self.tags += len(names)
            self.stop += sum(name.lower() in common for name in names)
            if turn.about:
                self.labelled += len(names[:TOP])
                self.right += sum(is_right(name, turn.about) for name in names[:TOP])
                self.requests += len(asked[:TOP])
                self.request += sum(is_right(name, turn.about) for name in asked[:TOP])
            if show:
                show -= 1
                print(f"  {turn.prompt[:100]!r}\n    {names}")
        for turn, names in zip(project.turns, tagged, strict=True):
            again = set(tagging.of_turn(turn.prompt, turn.answer, "p", "d").names)
            self.turns += len(names)
            self.stable += len(again.intersection(names))
        keys = [{tag_key(name) for name in names} for names in tagged]
        for text, ids, own in project.queries:
            asked_keys = {tag_key(name) for name in tagging.of_request(text, "p").names}
            others = [n for n, turn in enumerate(project.turns) if turn is not own]
            related = [n for n in others if project.turns[n].ids & ids]
            hits = [n for n in others if keys[n] & asked_keys]
            self.related += len(related)
            self.found += len(set(related).intersection(hits))
            self.hits += len(hits)
            self.pairs += len(others)

    def row(self, family: str) -> str:
        """One line of the table."""
        of = [
            self.right / max(1, self.labelled),
            self.request / max(1, self.requests),
            self.stop / max(1, self.tags),
            self.stable / max(1, self.turns),
            self.found / max(1, self.related),
            self.found / max(1, self.hits),
        ]
        return f"{family:<8}" + "".join(f"{value:>11.3f}" for value in of) + f" ({self.related / self.pairs:.3f})"


def tag_key(name: str) -> str:
    """Tags are the same where their words are."""
    return " ".join(stem(part) for part in name.lower().split())


def is_right(name: str, about: set[str]) -> bool:
    """Whether most words of a tag are what the turn is about."""
    parts = parts_of(name)
    return bool(parts) and 2 * len(parts & about) >= len(parts)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the data")
    parser.add_argument("--half", choices=("fit", "held", "all"), default="held", help="default: held")
    parser.add_argument("--show", type=int, default=0, help="print the tags of so many turns of each conversation")
    args = parser.parse_args()
    common = common_words(projects(args.data, "all"))
    measured = {family: Measured() for family in FAMILIES}
    for project in projects(args.data, args.half):
        measured[project.family].add(project, common, args.show)
    columns = ("right@3", "request", "stop-like", "stable", "found", "of found")
    print(f"{args.half:<8}" + "".join(f"{name:>11}" for name in columns) + " (of all)")
    for family in FAMILIES:
        print(measured[family].row(family))


if __name__ == "__main__":
    main()
