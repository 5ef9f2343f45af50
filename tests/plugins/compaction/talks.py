"""Plays sessions through the compaction stage (`opened`, `talk`, `play`), and a plugin's summariser that gives what a
test tells it to (`Mine`)."""

from __future__ import annotations

import json
from typing import Any

from penstock import Segment, Summary, hookimpl
from penstock.plugins.manager import Plugins
from penstock.testing import Session, Turn, assistant, call, conversation, profile_of, results, user
from penstock_plugins.compaction import stage as compaction

__all__ = ["COLD", "Mine", "compacted", "opened", "play", "talk"]

COLD = 400.0


class Mine:
    """A summariser of a stranger's: keeps what it was given, and gives what it is told to."""

    name = "mine"

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.seen: list[Segment] = []

    def __call__(self, segment: Segment) -> Summary:
        self.seen.append(segment)
        answer = self.answers.pop(0) if self.answers else Summary(f"Summary {len(self.seen)}.")
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value] # a stranger may give anything

    @hookimpl
    def summarisers(self) -> list[Mine]:
        return [self]


def opened(summariser: str, *others: object, toml: str = "") -> Session:
    """A session with the compaction stage alone; each turn of `talk` fills a segment."""
    plugins = Plugins()
    plugins.add(compaction, "compaction", "penstock_plugins.compaction.stage")
    for n, plugin in enumerate(others):
        plugins.add(plugin, f"other{n}")
    profile = profile_of(
        f'aggressiveness = "balanced"\nstages = ["compaction"]\n[stage.compaction]\nsummariser = "{summariser}"\n'
        f"turns = 3\nleast = 100\nsegment = 400\n{toml}",
    )
    return Session(plugins=plugins, profile=profile)


def talk(count: int) -> list[Turn]:
    """So many questions, each answered after reading a file."""
    out: list[Turn] = []
    for n in range(count):
        out += [
            user(f"Question {n}: why is part {n} slow?"),
            assistant(f"I read part {n}.", call("Read", file_path=f"part_{n}.py")),
            results(f"def part_{n}(): return lookup_{n}()\n" * 60),
            assistant(f"Part {n} is slow for its lookup."),
        ]
    return out


def play(session: Session, count: int) -> list[dict[str, Any]]:
    """Talk and be answered, with one request more for each question; then go on when the cache is cold. Gives the
    messages as they leave then."""
    for n in range(2, count + 1):
        session.send(conversation(*talk(n), user("Well?"), cache="5m"))
        session.reply("Yes.")
    session.wait(COLD)
    body = session.send(conversation(*talk(count), user("Well?"), assistant("Yes."), user("Go on."), cache="5m"))
    return list(json.loads(body)["messages"])


def compacted(messages: list[dict[str, Any]]) -> list[str]:
    """The texts that replace old turns."""
    texts = [b["text"] for m in messages for b in m["content"] if isinstance(b, dict) and b["type"] == "text"]
    return [text for text in texts if text.startswith(("[Record of", "[Summary of"))]
