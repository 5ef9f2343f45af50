"""`project_of_folder`: the name of the project that a folder belongs to, which is the path of the repository around it.
`Projects`: the project of a request, by the working directory that its client names (`folder_of`) in the system prompt
or in an envelope before the first answer; remembered for the conversation and its session. Without a named folder: that
of the account (`ACCOUNT`). `project_in`: a project's name within a gateway's workspace."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from penstock.conversation.conversation import BlockKind, Conversation, Message, Role
from penstock.conversation.exchange import Identity

__all__ = ["ACCOUNT", "Projects", "folder_of", "project_in", "project_of_folder"]

ACCOUNT = "account-"
"""Begins the name of the project of all requests of an account that name no folder."""
_FIELDS = ("system", "instructions")
_OPENING = 8
"""Messages at the head of the history that may say where the client works."""
_LONGEST = 1024
_HEAD = 100
"""Characters of a text in which an envelope begins."""
_MARK = "orking directory: "
_PROMPT = re.compile(r"^[ \t]*(?:- )?(?:Primary w|W)orking directory: ([^\n\"<]+)", re.MULTILINE)
"""Claude Code and opencode, in what the client itself says to the model. The first counts: what a folder's own files
say comes after it."""
_ENVELOPES = (
    ("<environment_context>", re.compile(r"<cwd>([^\n<]+)")),
    ("<session_context>", re.compile(r"\*\*Workspace Directories:\*\*[^\n]*\n  - ([^\n]+)")),
)
"""The envelopes of Codex and Gemini CLI in a user message. Reminders are not read: they contain files of the folder,
which others may have written."""
KEPT = 4000
_MOMENT_S = 1.0
"""Seconds for which what was found on the disk is used again. Each look at it gives the interpreter's lock away, and
waits for it behind the other requests."""
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP)
_WORKTREE = "/.git/worktrees/"


def folder_of(conversation: Conversation) -> str:
    """The working directory that the client names in its system prompt, or in an envelope before the first answer;
    never one from a person's words, from files of the folder or from a tool's result. Empty if it names none."""
    for text in _prompts(conversation):
        # Searched for as a plain string first: this is done for every request.
        found = _PROMPT.search(text) if _MARK in text else None
        if found is not None:
            return found[1][:_LONGEST].strip()
    for message in _opening(conversation):
        for block in message.blocks if message.role is Role.USER else ():
            for opening, rest in _ENVELOPES:
                found = rest.search(block.text) if block.text[:_HEAD].lstrip().startswith(opening) else None
                if found is not None:
                    return found[1][:_LONGEST].strip()
    return ""


def _opening(conversation: Conversation) -> Iterator[Message]:
    """The messages before the first answer, which hold nothing but texts and images: what the client and the person say
    by themselves. From the first tool result on, a message may contain texts of others."""
    for message in conversation.messages[:_OPENING]:
        if message.role not in (Role.USER, Role.SYSTEM):
            return
        if any(block.kind not in (BlockKind.TEXT, BlockKind.MEDIA) for block in message.blocks):
            return
        yield message


def _prompts(conversation: Conversation) -> Iterator[str]:
    """What the client itself says to the model. Gemini CLI's is left out: it holds a folder's files, and the folder
    stands elsewhere."""
    for name in _FIELDS:
        span = conversation.fields.get(name)
        if span is not None and _MARK.encode() in conversation.body[span.start : span.end]:
            yield from _strings(conversation.field(name))
    for message in _opening(conversation):
        if message.role is Role.SYSTEM:
            yield from (block.text for block in message.blocks)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for one in value if isinstance(value, list) else value.values():
            yield from _strings(one)


def project_in(workspace: str, project: str) -> str:
    """The name of `project` within a gateway's workspace, which separates it from others of the same name."""
    return f"{workspace}:{project}"


def project_of_folder(folder: str | Path, moment: object = None) -> str:
    """The name of the project that work in `folder` belongs to: the path of the repository around it, of the main one
    for a worktree, or of the folder itself. A folder that is not on this machine is the name itself; an empty folder
    gives an empty name. `moment`: what was found for the same moment is not looked up again."""
    if not str(folder).strip():
        return ""
    return _project(str(folder), object() if moment is None else moment)


@lru_cache(KEPT)
def _project(folder: str, moment: object) -> str:
    try:
        # As text: with `Path` it takes three times as long, at each new conversation.
        place = _expanded(folder)
        above, name = os.path.split(place)
        if os.path.isabs(place) and name not in ("", os.curdir, os.pardir):  # noqa: PTH117
            place = f"{_real(above, moment).rstrip('/')}/{name}"
            kind = _kind_of(place, follows=False)
            if not kind:
                return _repository_around(os.path.dirname(place), _expanded("~"), moment) or place  # noqa: PTH120
            place = os.path.realpath(place) if stat.S_ISLNK(kind) else place
        else:
            place = os.path.realpath(place)
        return _repository_around(place, _expanded("~"), moment) or place
    except (OSError, ValueError, RuntimeError):
        return folder  # too long, a zero byte, no such home: a name all the same


@lru_cache(KEPT)
def _real(folder: str, _moment: object) -> str:
    return os.path.realpath(folder)


def _repository_around(place: str, home: str, moment: object) -> str:
    """The repository that `place` is in, or is; empty: in none. Settings kept under version control do not make one
    project of all that is in a home."""
    while place != home:
        if found := _repository_at(place, moment):
            return found
        above = os.path.dirname(place)  # noqa: PTH120
        if above == place:
            break
        place = above
    return ""


@lru_cache(KEPT)
def _repository_at(place: str, _moment: object) -> str:
    git = f"{place}/.git"
    kind = _kind_of(git)
    if stat.S_ISDIR(kind):
        return place
    return (_main_of(git) or place) if stat.S_ISREG(kind) else ""


def _expanded(folder: str) -> str:
    """`folder` with the home that it begins with. Raises `RuntimeError` where there is no such home."""
    if not folder.startswith("~"):
        return folder
    found = os.path.expanduser(folder)  # noqa: PTH111
    if found.startswith("~"):
        raise RuntimeError(f"there is no home {folder!r}")
    return found


def _kind_of(file: str, *, follows: bool = True) -> int:
    """The mode of a file, or of what it links to, with one look at the disk; 0 where there is none."""
    try:
        return os.stat(file, follow_symlinks=follows).st_mode  # noqa: PTH116
    except OSError as e:
        if e.errno not in _NOT_THERE:
            raise
        return 0


def _main_of(git: str) -> str:
    """The repository that a worktree belongs to; a submodule is a project of its own."""
    target = Path(git).read_text(encoding="utf-8", errors="replace").removeprefix("gitdir:").strip().replace("\\", "/")
    main, is_worktree, _ = target.partition(_WORKTREE)
    return main if is_worktree else ""


class Projects:
    """Remembers the projects of conversations, since a history may lose its beginning, and a subagent may not name its
    folder."""

    def __init__(
        self,
        of_folder: Callable[[str, object], str] = project_of_folder,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        """`tick`: seconds on a clock that never goes back."""
        self._of_folder, self._tick = of_folder, tick
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, conversation: Conversation, identity: Identity) -> str:
        """The project of a request; empty if it is not known."""
        session = f"{identity.provider}/{identity.owner}/{identity.session}" if identity.session else ""
        for key in (identity.conversation, session):
            if key and key in self._known:
                return self._known[key]
        try:
            folder = folder_of(conversation)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return ""
        if not folder:
            return ""
        project = self._of_folder(folder, int(self._tick() / _MOMENT_S))
        with self._lock:
            for key in filter(None, (identity.conversation, session)):
                self._known[key] = project
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return project
