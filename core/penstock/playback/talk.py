"""The conversation that the prompts make, as a client would send it."""

from __future__ import annotations

import json
from typing import Any, Literal

from penstock import __version__

__all__ = ["Api", "Talk", "api_of"]

Api = Literal["anthropic", "openai"]
SYSTEM = "You are a helpful assistant. Answer in a few sentences."
MAX_TOKENS = 1024
_MARK = {"cache_control": {"type": "ephemeral"}}


def api_of(model: str) -> Api:
    """How a model of that name is asked."""
    return "anthropic" if model.lower().startswith("claude") else "openai"


class Talk:
    """One conversation under one session id."""

    def __init__(self, model: str, api: Api, session: str) -> None:
        self.model, self.api, self.session = model, api, session
        self._messages: list[tuple[str, str]] = []

    @property
    def path(self) -> str:
        return "/v1/messages" if self.api == "anthropic" else "/v1/chat/completions"

    @property
    def dialect(self) -> str:
        return "anthropic" if self.api == "anthropic" else "openai-chat"

    def headers(self) -> dict[str, str]:
        """Without a credential."""
        more = {"anthropic-version": "2023-06-01"} if self.api == "anthropic" else {}
        return {
            "content-type": "application/json",
            "user-agent": f"penstock-replay/{__version__}",
            "x-session-id": self.session,
            **more,
        }

    def body(self, prompt: str) -> bytes:
        """The request that asks `prompt` behind all that was said."""
        said = [*self._messages, ("user", prompt)]
        return json.dumps(self._anthropic(said) if self.api == "anthropic" else self._openai(said)).encode()

    def note(self, prompt: str, answer: str) -> None:
        """It was asked and answered: from now on it is part of the history."""
        self._messages += [("user", prompt), ("assistant", answer)]

    def forget(self) -> None:
        """Nothing was said: the session goes on with an empty history."""
        self._messages.clear()

    def _anthropic(self, said: list[tuple[str, str]]) -> dict[str, Any]:
        messages = [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in said]
        last: Any = messages[-1]["content"]
        last[-1] |= _MARK
        system = [{"type": "text", "text": SYSTEM, **_MARK}]
        about = {"model": self.model, "max_tokens": MAX_TOKENS, "stream": True}
        return {**about, "system": system, "messages": messages}

    def _openai(self, said: list[tuple[str, str]]) -> dict[str, Any]:
        messages = [{"role": role, "content": text} for role, text in [("system", SYSTEM), *said]]
        return {"model": self.model, "stream": True, "stream_options": {"include_usage": True}, "messages": messages}
