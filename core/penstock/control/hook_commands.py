"""`HookCommands`: what the running proxy answers to a hook of Claude Code: `pre-tool-use` warns when a budget runs low
and refuses a tool call when it is used up, `post-tool-use` keeps and indexes an output that the client will cut,
`subagent-start` names `batch_execute`. `do` gives the hook's output in the client's form; empty: nothing to say."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from penstock.base.errors import PenstockError
from penstock.budget.settings import Level
from penstock.engine.admission import AdmissionControl, Sender
from penstock.outputs.output import Output
from penstock.plugins.compressor import handle_of
from penstock.profiles.profile import Profile
from penstock.redaction.redaction import redact

__all__ = ["HookCommands"]

Answer = dict[str, Any]
_SESSIONS = 1000
_FILES = frozenset({"Read", "Edit", "MultiEdit", "Write", "NotebookEdit", "NotebookRead"})
"""Their output is a file, which can be read again."""
_READ, _SOURCE = 2_000, 200
"""Characters of a call that are looked at for secrets, and that are kept of it."""
_WARNINGS = {
    Level.REDUCED: "Most of what may be spent here is spent: start nothing new.",
    Level.MINIMAL: "Nearly all of what may be spent here is spent: come to an end with what is open.",
}
_HINT = "Several commands, and searches in what they print, can be had in one call: batch_execute."


class HookCommands:
    """Answers hooks. Any thread may call; `post-tool-use` writes to the store."""

    def __init__(
        self,
        admission: AdmissionControl,
        keep: Callable[[str, str, str], object],
        index: Callable[[Output], object],
        offers: Callable[[Profile, str], bool],
    ) -> None:
        """`keep` stores a text of a conversation as an original, with the reason; `index` makes an output searchable;
        `offers` says whether agents under a profile have a tool."""
        self._admission, self._keep, self._index, self._offers = admission, keep, index, offers
        self._warned: OrderedDict[tuple[str, str], Level] = OrderedDict()
        """The level that each agent of a session was last warned of."""

    def do(self, event: str, given: Mapping[str, Any]) -> Answer:
        """The output of a hook for its input `given`. Raises `PenstockError` for an unknown event."""
        known = {"pre-tool-use": self._gate, "post-tool-use": self._kept, "subagent-start": self._hinted}
        if event not in known:
            raise PenstockError(f"there is no hook {event!r}: there are {', '.join(known)}")
        sender = self._admission.sender(_text(given, "session_id"), _text(given, "agent_id") or "main")
        if sender is None or sender.profile.mode != "edit":
            return {}
        return known[event](given, sender)

    def _gate(self, given: Mapping[str, Any], sender: Sender) -> Answer:
        if not sender.profile.hooks.gate:
            return {}
        status = self._admission.standing_of(sender)
        if status.level is Level.BLOCKED:
            return _said("PreToolUse", permissionDecision="deny", permissionDecisionReason=status.why)
        who = _text(given, "session_id"), _text(given, "agent_id")
        before, self._warned[who] = self._warned.pop(who, Level.NORMAL), status.level
        while len(self._warned) > _SESSIONS:
            self._warned.popitem(last=False)
        if status.level <= before:  # once for each level: a warning at every call would cost what it is to save
            return {}
        return _said("PreToolUse", additionalContext=f"[Budget: {_WARNINGS[status.level]} ({status.why})]")

    def _kept(self, given: Mapping[str, Any], sender: Sender) -> Answer:
        text, tool = _output_of(given.get("tool_response")), _text(given, "tool_name")
        if tool in _FILES or len(text) < sender.profile.hooks.index_chars or not _is_whole(given, text):
            return {}
        who, source = sender.identity, redact(f"{tool} {_input_of(given)}"[:_READ])[:_SOURCE]
        self._keep(who.conversation, text, f"the client may have cut it: {source}")
        owner = "" if sender.profile.memory.project else who.owner
        self._index(Output(text, who.project, source, self._admission.clock.now(), who.conversation, owner))
        return _said("PostToolUse", additionalContext=f"[The whole output is kept: penstock expand {handle_of(text)}]")

    def _hinted(self, _: Mapping[str, Any], sender: Sender) -> Answer:
        if not sender.profile.hooks.hint or not self._offers(sender.profile, "batch_execute"):
            return {}
        return _said("SubagentStart", additionalContext=f"[{_HINT}]")


def _said(event: str, **fields: str) -> Answer:
    return {"hookSpecificOutput": {"hookEventName": event, **fields}}


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _output_of(response: Any) -> str:
    """The text of a tool's response: a text, a command's output, or the texts of an MCP tool."""
    if isinstance(response, str):
        return response
    if isinstance(response, list):
        return "\n".join(part for one in response if (part := _output_of(one)))
    if not isinstance(response, Mapping):
        return ""
    parts = [_text(response, name) for name in ("stdout", "stderr", "text", "content")]
    return "\n".join(part for part in parts if part)


def _is_whole(given: Mapping[str, Any], text: str) -> bool:
    """Whether `text` is the whole output; of one that is too long to be passed, the client says the size."""
    response = given.get("tool_response")
    size = response.get("persistedOutputSize") if isinstance(response, Mapping) else None
    return not isinstance(size, int) or len(text.encode("utf-8", "replace")) >= size


def _input_of(given: Mapping[str, Any]) -> str:
    asked = given.get("tool_input")
    if not isinstance(asked, Mapping):
        return ""
    return next((value for value in asked.values() if isinstance(value, str)), "")
