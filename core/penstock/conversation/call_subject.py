"""`call_subject`: what a tool call is about, in at most 80 characters on one line: the file it names, the command it
runs, the pattern it looks for. Empty if there is none of these. Never raises for a malformed input."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

__all__ = ["LONGEST", "call_subject"]

LONGEST = 80
"""Characters of a subject."""
_COMMANDS = ("command", "cmd", "script")
_WORDS = ("pattern", "query", "regex", "Query")
_PATHS = (
    *("file_path", "filePath", "filepath", "notebook_path", "notebookPath", "path", "target_file", "targetFile"),
    *("absolute_path", "absolutePath", "AbsolutePath", "TargetFile", "filename", "fileName", "file", "relative_path"),
    *("relativePath", "relative_workspace_path", "uri", "target_notebook"),
)
_MORE = ("url", "description", "subject")
_FIELDS = (*_COMMANDS, *_WORDS, *_PATHS, *_MORE)
"""In order: a search in a file is about its pattern. No other field is read, since its name may be the only sign that
its value is a secret."""
_PATCHED = re.compile(r"^\*\*\* (?:Update|Add|Delete) File: (.{1,400})$", re.MULTILINE)
_ENTERS = re.compile(r"cd\s+[^\s;&|]+\s*(?:&&|;)\s*(?=\S)")
"""`cd FOLDER &&` before a command, which is left out."""


def call_subject(given: str, redacted: Callable[[str], str]) -> str:
    """From a call's input: the name of its file without the folders, or its command, pattern or address; at most
    `LONGEST` characters, on one line. `redacted` removes secrets from a text. Empty if there is none of these."""
    name, value = _found(given)
    if not value:
        return ""
    if name in _PATHS:  # first: redacted texts may be cut
        value = re.split(r"[/\\]", value.rstrip("/\\"))[-1] or value
    elif name in _COMMANDS and (entered := _ENTERS.match(value)):
        value = value[entered.end() :]
    text = " ".join(redacted(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _found(given: str) -> tuple[str, str]:
    """The first of `_FIELDS` in the input, and its value."""
    try:
        fields = msgspec.json.decode(given, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):  # a call whose input is a text: a patch, as a rule
        patched = _PATCHED.search(given)
        return (_PATHS[0], patched[1].strip()) if patched else ("", "")
    said = ((name, _text(fields[name])) for name in _FIELDS if name in fields)
    return next((one for one in said if one[1]), ("", ""))


def _text(raw: msgspec.Raw) -> str:
    """A text, or the words of a command that is a list of them: of `bash -lc "make test"` the last."""
    try:
        value: Any = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return ""
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return _script(value)
    return value.strip() if isinstance(value, str) else ""


def _script(words: Sequence[str]) -> str:
    is_shell = len(words) == 3 and words[1].startswith("-") and words[1].endswith("c")
    return words[-1] if is_shell else " ".join(words)
