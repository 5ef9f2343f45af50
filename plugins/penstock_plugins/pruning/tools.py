"""What a tool call is about, whatever the client calls its tools."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

__all__ = ["ToolKind", "decode", "kind_of", "path_of", "shows_text", "target_of", "words_of_input"]


class ToolKind(StrEnum):
    """What a tool does, as far as its name tells."""

    READ = "read"
    SEARCH = "search"
    EDIT = "edit"
    RUN = "run"
    AGENT = "agent"
    OTHER = "other"


_NAMES = {
    ToolKind.READ: ("read", "read_file", "readfile", "view", "view_file", "open_file", "cat", "notebookread"),
    ToolKind.SEARCH: ("grep", "glob", "search", "find", "ls", "list", "list_files", "search_files", "grep_search"),
    ToolKind.EDIT: (
        *("edit", "write", "multiedit", "notebookedit", "write_file", "edit_file", "create_file", "replace"),
        *("apply_patch", "str_replace_editor", "str_replace_based_edit_tool", "patch", "todowrite"),
    ),
    ToolKind.RUN: ("bash", "shell", "exec", "execute", "run", "terminal", "run_shell_command", "local_shell"),
    ToolKind.AGENT: ("task", "agent", "taskoutput", "subagent", "dispatch_agent"),
}
_KIND_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names}
_PATH_KEYS = ("file_path", "notebook_path", "path", "filename", "file", "absolute_path")
_PATTERN_KEYS = ("pattern", "query")
_TARGET_KEYS = ("command", "cmd", *_PATTERN_KEYS, *_PATH_KEYS, "url", "description", "subject")

_SHOWS = re.compile(
    r"\s*+(?:cd [^&;\n]*(?:&&|;)\s*)?"
    r"(?:cat|head|tail|less|nl|sed -n|awk|grep|rg|find|ls|git (?:diff|show|log|grep|blame)|gh \w+ diff)\b"
)


def kind_of(tool: str) -> ToolKind:
    """The kind of a tool by its name; a server's prefix (`mcp__files__read_file`) is left out."""
    return _KIND_BY_NAME.get(tool.rpartition("__")[2].lower(), ToolKind.OTHER)


def decode(text: str) -> dict[str, Any]:
    """A call's input; empty when it is no JSON object."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def path_of(tool: ToolKind, given: Mapping[str, Any]) -> str:
    """The file a call reads or writes; empty for searches and everything else."""
    if tool not in (ToolKind.READ, ToolKind.EDIT):
        return ""
    return next((given[key] for key in _PATH_KEYS if isinstance(given.get(key), str)), "")


def target_of(given: Mapping[str, Any]) -> str:
    """What a call is about: its command, pattern, file or address. Empty when nothing tells."""
    found = [str(value) for key in _TARGET_KEYS if (value := _said(given.get(key)))]
    if len(found) > 1 and any(given.get(key) for key in _PATTERN_KEYS):
        return f"{found[0]} in {found[1]}"
    return found[0] if found else ""


def _said(value: object) -> str:
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    return value if isinstance(value, str) else ""


def shows_text(kind: ToolKind, given: Mapping[str, Any]) -> bool:
    """Whether a call shows what stands in files, where a line about an error is a line like any other."""
    if kind is ToolKind.RUN:
        return _SHOWS.match(target_of(given)[:400]) is not None
    return kind in (ToolKind.READ, ToolKind.SEARCH, ToolKind.EDIT)


def words_of_input(given: Any) -> str:
    """All texts in a call's input, one a line."""
    if isinstance(given, str):
        return given
    if isinstance(given, Mapping):
        return "\n".join(words_of_input(value) for value in given.values())
    if isinstance(given, list):
        return "\n".join(words_of_input(value) for value in given)
    return "" if given is None else str(given)
