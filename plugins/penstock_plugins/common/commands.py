"""Finds the shell commands in a tool call, in each client's form (`command_of`), and classifies what they print
(`shown_by`): contents of files, matching lines, changes, names of files, or something else; `files_shown` names the
files.

A client passes a command as a string, as a list of arguments, or inside a script that calls its tools. Agents read
files by commands as often as by read tools, and then edit what they saw, so a command's output may be shortened only as
far as it does not show files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

__all__ = ["OF_FILES", "Shown", "command_of", "files_shown", "shown_by"]


class Shown(StrEnum):
    """What a command prints."""

    FILES = "files"
    """Files or parts of them: `cat`, `sed -n`, `head`, `git show commit:path`."""
    HITS = "hits"
    """Lines of files that match a pattern: `grep`, `rg`."""
    CHANGES = "changes"
    """Lines of files that changed: `git diff`, `git show`."""
    NAMES = "names"
    """Names of files and commits: `ls`, `find`, `git log`."""
    OTHER = "other"
    """A program's own words: a test run, a build, a query."""


OF_FILES = frozenset({Shown.FILES, Shown.HITS, Shown.CHANGES, Shown.NAMES})
"""What commands print of files and their names: there a line about an error is a line like any other."""

_LIMIT = 8_000
"""Characters of a command that are read."""
_KEYS = ("command", "cmd", "commands", "script", "CommandLine", "command_line", "input", "code")
_IN_SCRIPT = re.compile(
    r"\b(?:cmd|command)[\"']?\s{0,9}[:=]\s{0,9}"
    r"(?:\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)'|`((?:[^`\\]|\\.)*+)`)",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_HERE = re.compile(r"<<-?\s{0,9}['\"]?(\w{1,40})['\"]?[^\n]{0,400}\n")
_TOKEN = re.compile(
    r"'([^']*+)'|\"((?:[^\"\\]|\\.)*+)\"|(\d?>{1,2}\|?&?|<)|(&&|\|\|?|[;&\n()])"
    r"|((?:[^\s;&|()'\"\\<>]|\\.)++)|[\s\\'\"]",
    re.DOTALL,
)
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "fish", "pwsh", "powershell", "cmd"})
_ELSEWHERE = frozenset({"ssh", "docker", "podman", "kubectl", "nerdctl", "wsl", "vagrant", "devcontainer"})
"""They run a command that stands among their own arguments."""
_BEFORE = frozenset(
    (
        *("sudo", "env", "time", "nice", "nohup", "command", "exec", "xargs", "stdbuf", "builtin", "do", "then"),
        *("else", "elif", "if", "while", "until", "!", "{", "}", "timeout"),
    )
)
"""What may stand before the command itself."""
_SILENT = frozenset(
    (
        *("cd", "pushd", "popd", "export", "set", "unset", "source", ".", "true", "false", ":", "test", "[", "[["),
        *("mkdir", "rmdir", "rm", "cp", "mv", "touch", "chmod", "chown", "ln", "sleep", "for", "in", "done", "fi"),
        *("esac", "case", "echo", "printf", "read", "local", "return", "shopt", "umask", "wait", "trap", "kill"),
        *("tee",),
    )
)
"""They print nothing, or what the agent itself wrote: a heading between two files."""
_FILES = frozenset(
    (
        *("cat", "bat", "batcat", "head", "tail", "less", "more", "nl", "sed", "awk", "gawk", "tac", "zcat"),
        *("strings", "hexdump", "xxd", "od", "get-content", "gc", "type"),
    )
)
_HITS = frozenset(("grep", "egrep", "fgrep", "rg", "ag", "ack", "zgrep", "select-string", "sls"))
_NAMES = frozenset(
    (
        *("ls", "find", "fd", "tree", "eza", "exa", "dir", "get-childitem", "gci", "locate", "which", "realpath"),
        *("basename", "dirname", "pwd", "wc", "du"),
    )
)
_FILTERS = _FILES | _HITS | {"sort", "uniq", "cut", "tr", "column", "fold", "expand", "rev", "paste", "tee"}
"""They pass lines on."""
_GIT = {
    **dict.fromkeys(("diff", "show", "stash", "format-patch"), Shown.CHANGES),
    **dict.fromkeys(("blame", "annotate", "cat-file"), Shown.FILES),
    "grep": Shown.HITS,
    **dict.fromkeys(("ls-files", "ls-tree", "status"), Shown.NAMES),
    **dict.fromkeys(("add", "checkout", "switch", "restore", "rm", "mv", "fetch", "init", "config", "rev-parse")),
}
_PATH = re.compile(r"[^\s*?$=:]{0,400}(?:/[^\s*?$=:/]{1,200}|\.\w{1,12})$")


def command_of(given: Mapping[str, Any]) -> str:
    """The shell commands that a tool call with the input `given` runs, one a line; empty where it runs none."""
    for key in _KEYS:
        value = given.get(key)
        if isinstance(value, str) and value:
            return _in_script(value[:_LIMIT]) if key in ("input", "code") else value[:_LIMIT]
        if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
            return _of_list(value)[:_LIMIT]
    return ""


def shown_by(command: str) -> frozenset[Shown]:
    """What each part of the command prints; empty when none prints anything itself."""
    return _read(command)[0]


def files_shown(command: str) -> tuple[str, ...]:
    """The files whose content the command prints, as it names them."""
    return _read(command)[1]


def _of_list(parts: list[str]) -> str:
    name = parts[0].rpartition("/")[2].removesuffix(".exe").lower()
    if name in _SHELLS and len(parts) > 2 and parts[-2].startswith("-"):
        return parts[-1]
    return " ".join(parts)


def _in_script(text: str) -> str:
    """The commands in a script that runs them by calling a tool; code without such calls has none."""
    found = (next(filter(None, match.groups()), "") for match in _IN_SCRIPT.finditer(text))
    return "\n".join(_ESCAPED.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), one) for one in found)


@lru_cache(256)
def _read(command: str) -> tuple[frozenset[Shown], tuple[str, ...]]:
    shown, files = _of_all(_pipelines(_without_heredocs(command[:_LIMIT])))
    return frozenset(shown), tuple(dict.fromkeys(files))


def _of_all(pipelines: Iterable[list[list[str]]]) -> tuple[set[Shown], list[str]]:
    shown: set[Shown] = set()
    files: list[str] = []
    for pipeline in pipelines:
        what, names = _of_pipeline(pipeline)
        shown |= what
        files += names
    return shown, files


def _without_heredocs(command: str) -> str:
    out: list[str] = []
    start = 0
    while (found := _HERE.search(command, start)) is not None:
        out.append(command[start : found.end()])
        end = command.find(f"\n{found[1]}", found.end() - 1)
        if end < 0:
            return "".join(out)
        start = end + 1 + len(found[1])
    return "".join([*out, command[start:]])


def _pipelines(command: str) -> Iterator[list[list[str]]]:
    """Each pipeline as the words of its commands. A redirection to a file is the word `>`."""
    pipeline: list[list[str]] = [[]]
    skip = False
    for token in _TOKEN.finditer(command):
        single, double, redirect, operator, bare = token.groups()
        if operator == "|":
            pipeline.append([])
        elif operator is not None:
            yield pipeline
            pipeline = [[]]
        elif redirect is not None:
            skip = True
            if redirect in (">", ">>", ">|", "1>", "1>>", "&>"):
                pipeline[-1].append(">")
        elif (word := next((one for one in (single, double, bare) if one is not None), None)) is not None:
            if not skip:
                pipeline[-1].append(word)
            skip = False
    yield pipeline


def _of_pipeline(pipeline: list[list[str]]) -> tuple[set[Shown], list[str]]:
    first, *others = [_bare(words) for words in pipeline]
    if not first:
        return set(), []
    if ">" in (others[-1] if others else first):
        return set(), []
    fed = next((words for words in pipeline[1:] if words[:1] == ["xargs"] and _bare(words)), None)
    if fed is not None:
        return _of_command(_bare(fed))
    what, files = _of_command(first)
    if Shown.OTHER not in what and not all(not words or _name(words) in _FILTERS for words in others):
        return {Shown.OTHER}, []
    return what, files


def _bare(words: list[str]) -> list[str]:
    """Without what comes before the command itself: assignments, `sudo`, `timeout 30`."""
    for index, word in enumerate(words):
        is_before = word in _BEFORE or word.startswith("-") or word.replace(".", "").rstrip("smh").isdigit()
        if not is_before and not re.match(r"[A-Za-z_]\w{0,80}=", word):
            return words[index:]
    return []


def _name(words: list[str]) -> str:
    return words[0].rpartition("/")[2].lower()


def _of_command(words: list[str]) -> tuple[set[Shown], list[str]]:
    name, rest = _name(words), words[1:]
    if name in _SHELLS or name in _ELSEWHERE:
        return _of_inner(rest)
    if name in _SILENT:
        return set(), []
    if name == "git":
        return _of_git(rest)
    if name == "gh":
        return ({Shown.CHANGES} if "diff" in rest[:2] else {Shown.OTHER}), []
    if name == "sed" and any(word.startswith(("-i", "--in-place")) for word in rest):
        return set(), []
    if name in _FILES:
        return {Shown.FILES}, [word for word in rest if not word.startswith("-") and _PATH.fullmatch(word)]
    if name in _HITS:
        return {Shown.HITS}, []
    if name in _NAMES:
        runs = next((rest[at + 1 :] for at, word in enumerate(rest) if word in ("-exec", "-execdir", "-x")), None)
        return _of_command(runs) if runs and _name(runs) not in _NAMES else ({Shown.NAMES}, [])
    return {Shown.OTHER}, []


def _of_inner(words: list[str]) -> tuple[set[Shown], list[str]]:
    """What a command prints that runs another one: a command in quotes, or the words from the first that names one."""
    quoted = next((word for word in words if " " in word), None)
    if quoted is not None:
        # One level deep: a command that runs another elsewhere in turn is not followed.
        within = [one for one in _pipelines(quoted) if one[0] and _name(one[0]) not in _SHELLS | _ELSEWHERE]
        shown, files = _of_all(within)
        return shown or {Shown.OTHER}, files
    at = next((at for at, word in enumerate(words) if word.rpartition("/")[2] in _FILES | _HITS | _NAMES), None)
    return ({Shown.OTHER}, []) if at is None else _of_command(words[at:])


def _of_git(words: list[str]) -> tuple[set[Shown], list[str]]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in ("-C", "-c") else rest[1:]
    if not rest:
        return {Shown.OTHER}, []
    if rest[0] in ("show", "cat-file") and (at := next((w for w in rest[1:] if re.match(r"[^\s:-][^\s:]*:\S", w)), "")):
        return {Shown.FILES}, [at.partition(":")[2]]
    if rest[0] == "log":
        return {Shown.CHANGES if {"-p", "-u", "--patch"} & set(rest) else Shown.NAMES}, []
    what = _GIT.get(rest[0], Shown.OTHER)
    return ({what} if what is not None else set()), []
