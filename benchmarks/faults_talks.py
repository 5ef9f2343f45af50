"""The conversations of `faults.py` (`Talk`): coding sessions in the formats of Claude, OpenAI Chat and OpenAI
Responses, each request with the whole history."""

from __future__ import annotations

import json
import random
import uuid
from abc import ABC, abstractmethod
from typing import Any

from faults_provider import BINDS, TOOLS

__all__ = ["Talk", "begin"]

PROJECTS = 3
_THINGS = ("staging database", "build server", "message queue", "search index", "print spooler", "image cache")
_SYLLABLES = "ba co di fu ga he li mo nu pa ra se ti vo wa ze ster ning tion pro con per"
_PIECES = _SYLLABLES.split()
Json = dict[str, Any]


class Talk(ABC):
    """One session. `request` gives what to send next; `take` reads its answer, and makes the next message."""

    path: str

    def __init__(self, chance: random.Random, model: str) -> None:
        self.chance, self.model = chance, model
        self.session = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        self.folder = f"/srv/project-{chance.randrange(PROJECTS)}"
        self.turns = 0
        self.history: list[Json] = []
        self._ask()

    @abstractmethod
    def request(self, *, stream: bool) -> bytes:
        """The body of the next request."""

    @abstractmethod
    def _read(self, raw: bytes, *, stream: bool) -> tuple[list[Json], list[str]]:
        """What the history gains by an answer, and the ids of its calls."""

    @abstractmethod
    def _asked(self, text: str) -> None: ...

    @abstractmethod
    def _answered(self, calls: list[tuple[str, str]]) -> None: ...

    def take(self, raw: bytes, *, stream: bool) -> None:
        """Go on after this answer. Raises `ValueError` when it is none."""
        try:
            gained, calls = self._read(raw, stream=stream)
        except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as e:
            raise ValueError(f"no answer: {e!r}") from e
        self.history += gained
        if calls:
            self._answered([(call, self._output()) for call in calls])
        else:
            self._ask()

    def system(self) -> str:
        """The system prompt, as Claude Code says where it works."""
        return f"You are an agent.\n# Environment\n - Primary working directory: {self.folder}\n - Platform: linux"

    def _ask(self) -> None:
        self.turns += 1
        thing, kind = self.chance.choice(_THINGS), self.chance.randrange(3)
        port = 1000 + _THINGS.index(thing)
        asked = [
            f"Remember: in {self.folder} the {thing} listens on port {port} and its user is {self._word()}.",
            f"On which port does the {thing} listen?",
            f"Find out why {self._words(12)}, and mend it.",
        ]
        self._asked(asked[kind])

    def _output(self) -> str:
        """What a tool gave: a log that repeats itself, source code, matches, or the same file once more."""
        kind, count = self.chance.randrange(4), self.chance.randrange(5, 200)
        if kind == 0:
            line = f"2026-11-20 10:00:00 INFO worker: {self._words(6)}"
            return "\n".join([*[line] * count, f"ERROR {self._words(8)}"])
        if kind == 1:
            rows = (f"    total_{n} = measure(part_{n}, unit={self._word()!r})" for n in range(count))
            return "\n".join(f"{n:>6}\t{row}" for n, row in enumerate(rows))
        if kind == 2:
            return "\n".join(f"src/{self._word()}.py:{n * 7}: {self._words(5)}" for n in range(count))
        return "".join(f"{n:>6}\tdef part_{n}(): return {n * 17 % 23}\n" for n in range(150))

    def _words(self, count: int) -> str:
        return " ".join(self._word() for _ in range(count))

    def _word(self) -> str:
        return "".join(self.chance.choices(_PIECES, k=self.chance.randint(1, 3)))


class Claude(Talk):
    """As Claude Code talks: thinking, tools, two breakpoints."""

    path = "/v1/messages"

    def request(self, *, stream: bool) -> bytes:
        mark = {"cache_control": {"type": "ephemeral"}}
        last = self.history[-1]
        content = [*last["content"][:-1], last["content"][-1] | mark]
        tools = [{"name": n, "description": f"{n}s.", "input_schema": {"type": "object"}} for n in TOOLS]
        body = {
            "model": self.model,
            "stream": stream,
            "max_tokens": 32000,
            "thinking": {"type": "adaptive"},
            "system": [{"type": "text", "text": self.system()} | mark],
            "tools": tools,
            "messages": [*self.history[:-1], last | {"content": content}],
            "metadata": {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": self.session})},
        }
        return json.dumps(body, ensure_ascii=False).encode()

    def _read(self, raw: bytes, *, stream: bool) -> tuple[list[Json], list[str]]:
        content = _blocks(_events(raw)) if stream else json.loads(raw)["content"]
        if not content:
            raise ValueError("it is empty")
        return [{"role": "assistant", "content": content}], [b["id"] for b in content if b["type"] == "tool_use"]

    def _asked(self, text: str) -> None:
        reminder = {"type": "text", "text": "<system-reminder>\nThe date has changed.\n</system-reminder>"}
        self.history.append({"role": "user", "content": [reminder, {"type": "text", "text": text}]})

    def _answered(self, calls: list[tuple[str, str]]) -> None:
        results = [{"type": "tool_result", "tool_use_id": call, "content": text} for call, text in calls]
        self.history.append({"role": "user", "content": results})


class Chat(Talk):
    """OpenAI Chat Completions."""

    path = "/v1/chat/completions"

    def request(self, *, stream: bool) -> bytes:
        tools = [{"type": "function", "function": {"name": n, "parameters": {"type": "object"}}} for n in TOOLS]
        messages = [{"role": "system", "content": self.system()}, *self.history]
        body = {"model": self.model, "stream": stream, "tools": tools, "messages": messages, "user": self.session}
        return json.dumps(body).encode()

    def _read(self, raw: bytes, *, stream: bool) -> tuple[list[Json], list[str]]:
        if not stream:
            message = json.loads(raw)["choices"][0]["message"]
            return [message], [call["id"] for call in message.get("tool_calls", ())]
        if not raw.endswith(b"data: [DONE]\n\n"):
            raise ValueError("the stream has no end")
        text, calls = "", []
        for event in _events(raw.removesuffix(b"data: [DONE]\n\n")):
            for choice in event["choices"]:
                text += choice["delta"].get("content", "")
                given = choice["delta"].get("tool_calls", ())
                calls += [{k: v for k, v in call.items() if k != "index"} for call in given]
        message = {"role": "assistant", "content": text} | ({"tool_calls": calls} if calls else {})
        return [message], [call["id"] for call in calls]

    def _asked(self, text: str) -> None:
        self.history.append({"role": "user", "content": text})

    def _answered(self, calls: list[tuple[str, str]]) -> None:
        self.history += [{"role": "tool", "tool_call_id": call, "content": text} for call, text in calls]


class Responses(Talk):
    """OpenAI Responses, the history sent by the client, as Codex does."""

    path = "/v1/responses"

    def request(self, *, stream: bool) -> bytes:
        tools = [{"type": "function", "name": n, "parameters": {"type": "object"}} for n in TOOLS]
        body = {
            "model": self.model,
            "stream": stream,
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "instructions": self.system(),
            "tools": tools,
            "input": self.history,
            "prompt_cache_key": self.session,
        }
        return json.dumps(body).encode()

    def _read(self, raw: bytes, *, stream: bool) -> tuple[list[Json], list[str]]:
        value = _events(raw)[-1]["response"] if stream else json.loads(raw)
        if value["status"] != "completed":
            raise ValueError("it has no end")
        output = value["output"]
        return output, [item["call_id"] for item in output if item["type"] == "function_call"]

    def _asked(self, text: str) -> None:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        self.history.append(item)

    def _answered(self, calls: list[tuple[str, str]]) -> None:
        self.history += [{"type": "function_call_output", "call_id": call, "output": text} for call, text in calls]


_KINDS: list[tuple[type[Talk], str]] = [
    (Claude, BINDS),
    (Chat, "gpt-5"),
    (Claude, "claude-sonnet-5-5"),
    (Responses, "gpt-6.2-sol"),
]


def begin(client: int, chance: random.Random) -> Talk:
    """A new session; each client has a format of its own."""
    kind, model = _KINDS[client % len(_KINDS)]
    return kind(chance, model)


def _events(raw: bytes) -> list[Json]:
    out = [json.loads(line[6:]) for line in raw.split(b"\n") if line.startswith(b"data: ")]
    if not out or not all(isinstance(one, dict) for one in out):
        raise ValueError("no events")
    return out


def _blocks(events: list[Json]) -> list[Json]:
    """The content of a message that was streamed."""
    if events[-1]["type"] != "message_stop":
        raise ValueError("the stream has no end")
    blocks: list[Json] = []
    given = ""
    for event in events:
        kind = event["type"]
        if kind == "content_block_start":
            blocks.append(event["content_block"])
            given = ""
        elif kind == "content_block_delta":
            delta = event["delta"]
            given += delta.get("partial_json", "")
            for key in ("text", "thinking", "signature"):
                if key in delta:
                    blocks[-1][key] += delta[key]
        elif kind == "content_block_stop" and given:
            blocks[-1]["input"] = json.loads(given)
    return blocks
