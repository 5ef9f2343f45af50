"""Which project a request is about: the folder that its client says it works in."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator

import msgspec

from penstock.conversation import BlockKind, Conversation, Role
from penstock.exchange import Identity
from penstock.projects import project_of_folder

__all__ = ["Projects", "folder_of"]

_FIELDS = ("system", "systemInstruction", "system_instruction", "instructions")
_OPENING = 8
"""Messages at the head of the history that may say where the client works."""
_LONGEST = 1024
_MARKS = (
    # Claude Code and opencode; Codex; Gemini CLI. Searched for as plain strings: this is done for every request.
    ("orking directory: ", re.compile(r"[^\n\"<]+")),
    ("<cwd>", re.compile(r"[^\n<]+")),
    ("**Workspace Directories:**", re.compile(r"(?<=\n  - )[^\n]+")),
)
KEPT = 4000


def folder_of(conversation: Conversation) -> str:
    """The folder as the client wrote it: in its system prompt, or in an envelope at the head of the history, never in a
    person's words. Empty where it says none."""
    for text in _places(conversation):
        for mark, rest in _MARKS:
            at = text.find(mark)
            found = rest.search(text, at + len(mark), at + len(mark) + _LONGEST) if at >= 0 else None
            if found is not None:
                return found[0].strip()
    return ""


def _places(conversation: Conversation) -> Iterator[str]:
    for name in _FIELDS:
        span = conversation.fields.get(name)
        if span is not None and any(mark.encode() in conversation.body[span.start : span.end] for mark, _ in _MARKS):
            yield from _strings(conversation.field(name))
    for message in conversation.messages[:_OPENING]:
        for block in message.blocks:
            own = message.role is Role.SYSTEM or (message.role is Role.USER and block.text.lstrip()[:1] == "<")
            if own and block.kind is BlockKind.TEXT:
                yield block.text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for one in value if isinstance(value, list) else value.values():
            yield from _strings(one)


class Projects:
    """Remembers what was found out: a history may lose its head, and a subagent may not say where it works."""

    def __init__(self, of_folder: Callable[[str], str] = project_of_folder) -> None:
        self._of_folder = of_folder
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, conversation: Conversation, identity: Identity) -> str:
        """The project of a request, empty when nothing tells it."""
        session = f"{identity.provider}/{identity.session}" if identity.session else ""
        for key in (identity.conversation, session):
            if key and key in self._known:
                return self._known[key]
        try:
            folder = folder_of(conversation)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return ""
        if not folder:
            return ""
        project = self._of_folder(folder)
        with self._lock:
            for key in filter(None, (identity.conversation, session)):
                self._known[key] = project
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return project
