"""`shapes_of`: the shapes of the programs that a shell command runs, such as `go test` or `mise run lint`: what stays
the same from one call to the next, without arguments, paths, redirections and filters behind a pipe. `command_line`:
the command on one line, without here-documents, a leading `cd` and filters that only shorten its output."""

from __future__ import annotations

import re
import shlex
from functools import lru_cache

__all__ = ["command_line", "shapes_of"]

_PARTS = re.compile(r"&&|\|\||[;\n]")
_HERE = re.compile(r"<<-?[ \t]{0,9}['\"]?(\w{1,40})['\"]?.*?^[ \t]{0,9}\1$", re.DOTALL | re.MULTILINE)
_SET = re.compile(r"[A-Za-z_]\w*=")
_BEFORE = frozenset({"sudo", "env", "time", "nice", "nohup", "command", "exec", "timeout", "then", "do", "!"})
_SILENT = frozenset(
    {"cd", "echo", "export", "pwd", "set", "sleep", "source", ".", "true", "mkdir", "rm", "touch", "for", "done", "fi"}
    | {"if", "else", "printf", "kill", "wait", "cp", "mv", "chmod", "test", "["}
)
"""They are not what a person means by the command that failed."""
_WORD = re.compile(r"[A-Za-z][\w:-]{0,30}")
_OF_TWO = frozenset({"run", "exec", "x", "-m", "tool"})
"""Their next word names what is run."""
_SINGLE = frozenset(
    {"python", "python3", "node", "ruby", "cat", "head", "tail", "sed", "awk", "grep", "rg", "find", "ls", "wc", "diff"}
    | {"jq", "curl", "wget", "sort", "which", "tree", "stat", "file", "du", "pytest", "ruff", "mypy", "eslint", "jest"}
)
"""Their first word is an argument, not a command of theirs."""
_LONGEST = 4_000


def command_line(command: str) -> str:
    """The command on one line, without here-documents, a leading `cd` and filters that only shorten what it prints."""
    text = " ".join(_HERE.sub("", command[:_LONGEST]).partition("<<")[0].split())
    text = re.sub(r"^cd [^&;]{1,300}(?:&&|;) ?", "", text)
    text = re.sub(r" ?(?:2>&1 ?)?(?:\| ?(?:head|tail|cat|less)\b[^|&;]{0,200})$", "", text)
    return text.removesuffix(" 2>&1")


@lru_cache(2048)
def shapes_of(command: str) -> tuple[str, ...]:
    """The shape of each program in `command`, in order; none for those that only set something up."""
    text = _HERE.sub("", command[:_LONGEST]).partition("<<")[0]
    return tuple(dict.fromkeys(shape for part in _PARTS.split(text) if (shape := _shape(part.partition("|")[0]))))


def _shape(part: str) -> str:
    try:
        words = shlex.split(part, comments=True)
    except ValueError:  # a quotation mark that is not closed
        words = part.split()
    while words and (words[0] in _BEFORE or _SET.match(words[0]) or words[0].isdigit()):
        words = words[1:]
    if not words or words[0] in _SILENT:
        return ""
    name, rest = words[0].rpartition("/")[2], words[1:]
    if not _WORD.fullmatch(name.replace(".", "-").replace("+", "-")):
        return ""
    if name.startswith("python") and rest[:1] == ["-m"]:
        return " ".join([name, *rest[:2]])
    if name in _SINGLE:
        return name
    shape = [name]
    for word in rest:
        if len(shape) > 2 or not _WORD.fullmatch(word) or (len(shape) == 2 and shape[1] not in _OF_TWO):
            break
        shape.append(word)
    return " ".join(shape)
