"""`session`: the requests of a coding session for `latency.py`, in the shape that Claude Code sends, with generated
texts."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

__all__ = ["MODELS", "REQUESTS", "Request", "session"]

REQUESTS = 6
"""Requests of one session: the first, with all of its history at once, and five more."""
MODELS = ("claude-sonnet-5", "claude-opus-5-5")
"""One that takes any thinking, and one that binds it to what stands before. Both hold a million tokens."""
TOOLS = ("Read", "Bash", "Grep", "Edit", "Write", "Glob", "Task", "WebFetch")
_MARK = {"cache_control": {"type": "ephemeral"}}
_SYLLABLES = "ba co di fu ga he li mo nu pa ra se ti vo wa ze ster ning tion pro con per"
_PIECES = _SYLLABLES.split()
_WORDS = 10_000
"""Of a language. As in others, the nth most frequent is said n times less often than the first."""
_LARGE = 20_000
"""From so many bytes on a request has the tools and instructions of a coding agent, about 24 KB."""
Json = dict[str, Any]


class Request(NamedTuple):
    """One request: what is sent, and the headers that say who sends it and what is to be answered."""

    body: bytes
    headers: dict[str, str]


def session(number: int, size: int) -> Iterator[Request]:
    """A session whose history has about `size` bytes at its first request. It grows by a few results, an answer and
    another question. Every text is new, and the breakpoints move with the end."""
    return _Session(number, size).requests()


class _Session:
    def __init__(self, number: int, size: int) -> None:
        self._chance = random.Random(f"{number}/{size}")
        self._id = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        self._model = MODELS[number % len(MODELS)]
        self._folder = f"/srv/project-{number % 5}"
        self._size, self._step = size, max(300, min(4000, size // 20))
        self._messages: list[Json] = []
        self._calls = 0
        self._sent = 0

    def requests(self) -> Iterator[Request]:
        length = len(json.dumps(self._head()))
        while length + self._step + 600 < self._size:
            before = len(self._messages)
            if self._calls % 4 == 0:
                self._say()
            self._call()
            if self._calls % 4 == 0:
                self._answer()
            length += len(json.dumps(self._messages[before:]))
        if self._messages and self._calls % 4:
            self._answer()
        self._say()
        yield self._request(is_done=False)
        for left in (2, 1, 0):
            self._call()
            yield self._request(is_done=not left)
        self._answer()
        self._say()
        yield self._request(is_done=False)
        self._call()
        yield self._request(is_done=False)

    def _request(self, *, is_done: bool) -> Request:
        head = self._head()
        body = {**head, "messages": self._marked()}
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        answer = {"tool": "" if is_done else self._tool_id(self._calls + 1), "read": self._sent, "model": self._model}
        self._sent = len(data)
        headers = {
            "user-agent": "claude-cli/2.1.0 (external, cli)",
            "x-claude-code-session-id": self._id,
            "x-bench-answer": json.dumps(answer),
        }
        return Request(data, headers)

    def _head(self) -> Json:
        billing = f"x-anthropic-billing-header: cc_version=2.1.0; cch={self._chance.getrandbits(20):05x};"
        is_large = self._size >= _LARGE
        told = f"You are an agent.\n# Environment\n - Primary working directory: {self._folder}\n - Platform: linux\n"
        told += "Be careful with what you change. " * (300 if is_large else 3)
        tools = [
            {
                "name": name,
                "description": f"{name} does what its name says. " * (60 if is_large else 2),
                "input_schema": {"type": "object", "properties": {"file_path": {"type": "string"}}},
            }
            for name in (TOOLS if is_large else TOOLS[:2])
        ]
        return {
            "model": self._model,
            "stream": True,
            "max_tokens": 32000,
            "system": [
                {"type": "text", "text": billing},
                {
                    "type": "text",
                    "text": told + "Be careful with what you change. " * (300 if is_large else 3),
                    **_MARK,
                },
            ],
            "tools": tools,
            "thinking": {"type": "enabled", "budget_tokens": 10_000},
            "metadata": {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": self._id})},
        }

    def _marked(self) -> list[Json]:
        """The history with a breakpoint at its end and one at the end of the user's message before."""
        out = list(self._messages)
        for at in [i for i, message in enumerate(out) if message["role"] == "user"][-2:]:
            content = out[at]["content"]
            out[at] = {"role": "user", "content": [*content[:-1], content[-1] | _MARK]}
        return out

    def _say(self) -> None:
        reminder = f"<system-reminder>\nThe list of tasks has {self._chance.randint(1, 9)} entries.\n</system-reminder>"
        words = (
            f"{self._words(min(40, self._step // 30))}. What is it that {self._name()} does there, and can you mend it?"
        )
        self._messages.append({"role": "user", "content": [_text(reminder), _text(words)]})

    def _answer(self) -> None:
        self._messages.append({"role": "assistant", "content": [self._thought(), _text(self._words(self._step // 12))]})

    def _call(self) -> None:
        self._calls += 1
        tool, given, output = self._chance.choice(_KINDS)(self)
        call = {"type": "tool_use", "id": self._tool_id(self._calls), "name": tool, "input": given}
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": output}
        said = [self._thought(), _text(self._words(12)), call]
        self._messages += [{"role": "assistant", "content": said}, {"role": "user", "content": [result]}]

    def _thought(self) -> Json:
        signature = f"{self._chance.getrandbits(1200):0300x}"
        return {"type": "thinking", "thinking": self._words(max(10, self._step // 60)), "signature": signature}

    def _tool_id(self, number: int) -> str:
        return f"toolu_{self._id[:8]}{number:06d}"

    # ---------------------------------------------------------------- what tools give

    def _read(self) -> tuple[str, Json, str]:
        line = "    {} = measure({}, unit={!r})  # {}"
        lines = [
            f"{n:>6}\t" + line.format(self._name(), self._name(), self._word(), self._words(2))
            for n in range(1, self._step // 70 + 2)
        ]
        return "Read", {"file_path": f"{self._folder}/{self._word()}/{self._name()}.py"}, "\n".join(lines)

    def _log(self) -> tuple[str, Json, str]:
        told = self._words(6)
        lines = [f"12:00:{n % 60:02d} INFO {told} {n}" for n in range(self._step // 50)]
        lines += [f"12:01:00 ERROR {self._name()}: {self._words(5)}", "exit status 1"]
        return "Bash", {"command": f"make {self._word()}", "description": self._words(4)}, "\n".join(lines)

    def _search(self) -> tuple[str, Json, str]:
        name = self._name()
        lines = [
            f"{self._folder}/{self._word()}/{self._name()}.py:{self._chance.randint(1, 900)}:    return {name}({n})"
            for n in range(self._step // 80 + 1)
        ]
        return "Grep", {"pattern": name, "path": self._folder}, "\n".join(lines)

    def _short(self) -> tuple[str, Json, str]:
        path = f"{self._folder}/{self._name()}.py"
        given = {"file_path": path, "old_string": self._words(8), "new_string": self._words(9)}
        return "Edit", given, f"The file {path} has been updated."

    def _name(self) -> str:
        return f"{self._word()}_{self._word()}"

    def _words(self, count: int) -> str:
        return " ".join(self._word() for _ in range(count))

    def _word(self) -> str:
        return _LANGUAGE[int(_WORDS ** self._chance.random()) - 1]


def _language() -> list[str]:
    """The words, the most frequent first; each is the same in every session."""
    chance = random.Random(0)
    words = {"".join(chance.choices(_PIECES, k=1 + len(str(n)) // 2)): None for n in range(4 * _WORDS)}
    return list(words)[:_WORDS]


_LANGUAGE = _language()
_KINDS: tuple[Callable[[_Session], tuple[str, Json, str]], ...] = (
    _Session._read,
    _Session._read,
    _Session._log,
    _Session._search,
    _Session._short,
)


def _text(text: str) -> Json:
    return {"type": "text", "text": text}
