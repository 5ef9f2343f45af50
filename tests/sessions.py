"""`Client`: a coding agent's client that plays random sessions (`plays`): its requests, with the gaps, mishaps and
detours of real ones.

Bodies have the shape of Claude Code's; the words are our own. Nothing here knows how Penstock works.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.shapes import REMINDER, claude_code_headers

__all__ = ["COUNT", "FAULTS", "MESSAGES", "Asked", "Client", "Step", "plays"]

_Json = dict[str, Any]
MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"
COMPACT = "Your task is to create a detailed summary of the conversation so far."
TOOLS = ("Read", "Bash", "Grep", "Edit")
FILES = ("shop/cart.py", "shop/till.py", "shop/tests/test_cart.py", "README.md")
WORDS = [
    "cart",
    "total",
    "refund",
    "basket",
    "till",
    "price",
    "item",
    "count",
    "order",
    "customer",
    "discount",
    "state",
    "session",
    "index",
    "queue",
]
WINDOW = 90_000
"""Tokens, about, at which the client begins anew with a summary."""


@dataclass(frozen=True)
class Step:
    """One thing that happens, `gap` seconds after the last."""

    what: str
    gap: float
    seed: int


@dataclass(frozen=True)
class Asked:
    """One request of the client."""

    body: bytes
    headers: dict[str, str]
    path: str = MESSAGES
    what: str = "turn"
    """`turn`, `retry`, `count`, `side` or `compaction`."""
    agent: str = "main"


_THINGS = ["work"] * 12 + ["ask"] * 4 + ["retry", "count", "side", "restart", "agent", "agent", "rewind", "compact"]
_GAPS = [0.0, 2.0, 2.0, 5.0, 20.0, 60.0, 200.0, 290.0, 305.0, 320.0, 900.0, 3500.0, 3700.0, 7200.0]


FAULTS = ("raise", "locked", "pause", "observe", "pass by", "break", "lose")
"""What may go wrong at a request: a stage raises, the store is locked, a person pauses, the profile observes, the
client asks for no edits, the engine itself fails; and a store that is lost at a restart."""


def plays(max_size: int = 25, *, faults: bool = False) -> st.SearchStrategy[list[Step]]:
    """The steps of one session; with `faults`, things go wrong in between."""
    one = st.builds(
        Step,
        st.sampled_from([*_THINGS, *(FAULTS * 2 if faults else ())]),
        st.sampled_from(_GAPS),
        st.integers(0, 1 << 16),
    )
    return st.lists(one, min_size=max_size // 2, max_size=max_size)


@dataclass
class Client:
    """A coding agent's client, which sends its whole history with each request."""

    ttl: str = ""
    can_expand: bool = True
    all_marks: bool = False
    """It uses all four breakpoints, so that there is no room for another."""
    automatic: bool = False
    """It leaves the breakpoints to the provider: automatic caching."""
    head: int = 6000
    """Characters of the system prompt."""
    histories: dict[str, list[_Json]] = field(default_factory=dict)
    """By agent. A message is a role and its blocks."""
    last: dict[str, Asked] = field(default_factory=dict)
    mint: Callable[[str], str] | None = None
    """Signs the thinking that answers an agent's last request, for a provider that binds it. None: no such provider."""
    count: int = 0

    def play(self, step: Step) -> Iterator[Asked]:
        """The requests of one step."""
        rng = Random(step.seed)
        agent = "main"
        if step.what == "agent":
            agent, what = rng.choice(["agent-1", "agent-2"]), "work"
        else:
            what = step.what
        history = self.histories.setdefault(agent, [])
        if not history:
            history.append(_user(_text(REMINDER), _text(_sentence(rng))))
            yield self._turn(agent)
        elif what == "work":
            self._work(history, rng)
            yield self._turn(agent)
        elif what == "ask":
            said = self._thinking(history, rng) if self.mint is not None else []
            history += [_assistant(*said, _text(_prose(rng))), _user(_text(_sentence(rng)))]
            yield self._turn(agent)
        elif what == "retry":
            yield Asked(**{**vars(self.last[agent]), "what": "retry"})
        elif what == "count":
            asked = self.last[agent]
            yield Asked(asked.body, asked.headers, COUNT, "count", agent)
        elif what == "side":
            said = [{"role": "user", "content": f"Warmup {step.seed}"}]
            body = {"model": "claude-sonnet-4-5", "max_tokens": 1, "messages": said}
            yield Asked(_dump(body), claude_code_headers("auxiliary"), what="side", agent="side")
        elif what == "rewind":
            self._rewind(history, rng)
            yield self._turn(agent)
        elif what == "compact":
            yield from self._compact(agent, rng)
        if len(_dump(history)) / 2.9 > WINDOW:
            yield from self._compact(agent, rng)

    def _work(self, history: list[_Json], rng: Random) -> None:
        """The agent calls tools, and the client answers with what they gave."""
        calls, results = [], []
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            self.count += 1
            name = rng.choice(TOOLS)
            given, output, failed = _OUTPUTS[name](rng)
            ident = f"toolu_{self.count:06}"
            calls.append({"type": "tool_use", "id": ident, "name": name, "input": given})
            content = [{"type": "text", "text": output}] if rng.random() < 0.2 else output
            result = {"tool_use_id": ident, "type": "tool_result", "content": content}
            results.append(result | ({"is_error": True} if failed else {}))
        said: list[_Json] = []
        if self.mint is not None:
            said += self._thinking(history, rng)
        elif rng.random() < 0.3:
            said.append({"type": "thinking", "thinking": _sentence(rng), "signature": f"c2ln{rng.randrange(10**6)}"})
        if rng.random() < 0.6:
            said.append(_text(_sentence(rng)))
        if rng.random() < 0.1:
            results.append(_text(REMINDER))
        history += [_assistant(*said, *calls), _user(*results)]

    def _thinking(self, history: list[_Json], rng: Random) -> list[_Json]:
        """Most messages of the model's begin with thinking."""
        if self.mint is None or rng.random() < 0.15:
            return []
        agent = next(name for name, known in self.histories.items() if known is history)
        return [{"type": "thinking", "thinking": _sentence(rng), "signature": self.mint(agent)}]

    def _rewind(self, history: list[_Json], rng: Random) -> None:
        """The person goes back to something said earlier, and says something else."""
        turns = [i for i, m in enumerate(history) if m["role"] == "user" and m["content"][0]["type"] == "text"]
        del history[rng.choice(turns[-4:]) :]
        opening = [_text(REMINDER)] if not history else []
        history.append(_user(*opening, _text(_sentence(rng))))

    def _compact(self, agent: str, rng: Random) -> Iterator[Asked]:
        """The client has its history summarised, and goes on with the summary."""
        history = self.histories[agent]
        asks = [*history, _assistant(_text("Done.")), _user(_text(COMPACT))]
        yield Asked(self._body(asks), self._headers(agent, "compaction"), what="compaction", agent=agent)
        summary = f"This session goes on from an earlier one. {_prose(rng)}"
        history[:] = [_user(_text(REMINDER), _text(summary), _text(_sentence(rng)))]
        yield self._turn(agent)

    def _turn(self, agent: str) -> Asked:
        kind = "main" if agent == "main" else "subagent"
        asked = Asked(self._body(self.histories[agent]), self._headers(agent, kind), agent=agent)
        self.last[agent] = asked
        return asked

    def _headers(self, agent: str, kind: str) -> dict[str, str]:
        return claude_code_headers(kind, agent="" if agent == "main" else agent)

    def _body(self, history: list[_Json]) -> bytes:
        """With a breakpoint behind the system prompt, and one on each of the last two messages of the user's; or with
        the provider's own alone."""
        control: _Json = {"cache_control": {"type": "ephemeral"} | ({"ttl": self.ttl} if self.ttl else {})}
        mark: _Json = {} if self.automatic else control
        messages = [{"role": m["role"], "content": list(m["content"])} for m in history]
        for message in [m for m in messages if m["role"] == "user"][-2:]:
            message["content"][-1] = message["content"][-1] | mark
        first = mark if self.all_marks else {}
        names = [*TOOLS, "mcp__penstock__expand"] if self.can_expand else TOOLS
        tools = [{"name": n, "description": f"{n}s.", "input_schema": {"type": "object"}} for n in names]
        rules = "Work with care, and answer in few words. " * (self.head // 41)
        return _dump(
            {
                "model": "claude-sonnet-4-5",
                "messages": messages,
                "system": [{"type": "text", "text": "You are a coding agent of our own."}, _text(rules) | mark],
                "tools": [{**tools[0], **first}, *tools[1:]],
                "max_tokens": 32000,
                "stream": True,
                **(control if self.automatic else {}),
            }
        )


def _user(*blocks: _Json) -> _Json:
    return {"role": "user", "content": list(blocks)}


def _assistant(*blocks: _Json) -> _Json:
    return {"role": "assistant", "content": list(blocks)}


def _text(text: str) -> _Json:
    return {"type": "text", "text": text}


def _sentence(rng: Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(3, 12))).capitalize() + f" {rng.randrange(1000)}?"


def _prose(rng: Random) -> str:
    return " ".join(_sentence(rng) for _ in range(rng.randint(1, 12)))


def _read(rng: Random) -> tuple[_Json, str, bool]:
    """The same few files again and again, as they stand or as they were changed."""
    path = rng.choice(FILES)
    if rng.random() < 0.1:
        return {"file_path": path + "x"}, f"File does not exist: {path}x", True
    own = Random(f"{path} {rng.choice([0, 0, 0, 1])}")
    lines = [
        f"{'    ' * own.randint(0, 3)}{own.choice(WORDS)} = {own.choice(WORDS)}({i})"
        for i in range(own.randint(20, 400))
    ]
    return {"file_path": path}, "\n".join(f"{i:6}→{line}" for i, line in enumerate(lines, 1)), False


def _bash(rng: Random) -> tuple[_Json, str, bool]:
    kind = rng.choice(["tests", "log", "json", "short", "blanks"])
    if kind == "tests":
        lines = [f"tests/test_{rng.choice(WORDS)}.py::test_{i} PASSED" for i in range(rng.randint(5, 300))]
        failed = rng.random() < 0.4
        if failed:
            lines += ["FAILED tests/test_cart.py::test_total - assert 1 == 2", "E   assert 1 == 2"]
        return {"command": "make test"}, "\n".join([*lines, f"== {len(lines)} in 0.1s =="]), failed
    if kind == "json":
        rows = [{"id": i, "name": rng.choice(WORDS), "size": rng.randrange(9999)} for i in range(rng.randint(2, 120))]
        return {"command": "shop list --json"}, json.dumps(rows, indent=2), False
    if kind == "log":
        lines = [
            f"2031-02-03 10:{i % 60:02}:00 INFO {rng.choice(WORDS)} took {i} ms" for i in range(rng.randint(10, 500))
        ]
        return {"command": "tail log"}, "\n".join(lines), False
    if kind == "blanks":
        return {"command": "make"}, "\x1b[32mok\x1b[0m\n\n\n\n" * rng.randint(3, 200), False
    return {"command": "ls"}, "\n".join(FILES), False


def _grep(rng: Random) -> tuple[_Json, str, bool]:
    hits = [f"{rng.choice(FILES)}:{i}:{_sentence(rng)}" for i in range(rng.randint(1, 150))]
    return {"pattern": rng.choice(WORDS)}, "\n".join(sorted(hits)), False


def _edit(rng: Random) -> tuple[_Json, str, bool]:
    path = rng.choice(FILES)
    given = {"file_path": path, "old_string": rng.choice(WORDS), "new_string": rng.choice(WORDS)}
    return given, f"The file {path} has been updated.", False


_OUTPUTS = {"Read": _read, "Bash": _bash, "Grep": _grep, "Edit": _edit}


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
