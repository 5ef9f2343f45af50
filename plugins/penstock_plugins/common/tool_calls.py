"""Classifies tool calls across clients: the kind of a tool by its name (`ToolKind`, `kind_of`: read, search, edit, run,
...), the files that a call touches (`path_of`, `files_of`), what it is about (`target_of`), the texts in its input, and
whether its result shows files (`shows_text`) or is a report (`reports`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from penstock_plugins.common.commands import OF_FILES, Shown, command_of, files_shown, shown_by

__all__ = [
    "ToolKind",
    "decode",
    "files_of",
    "kind_of",
    "path_of",
    "reports",
    "shows_text",
    "target_of",
    "words_of_input",
]


class ToolKind(StrEnum):
    """What a tool does, as far as its name says."""

    READ = "read"
    SEARCH = "search"
    EDIT = "edit"
    RUN = "run"
    AGENT = "agent"
    WEB = "web"
    OTHER = "other"


_NAMES = {
    ToolKind.READ: (
        *("read", "readfile", "readfiles", "readmanyfiles", "view", "viewfile", "openfile", "cat", "notebookread"),
        *("readnotebook", "getfilecontents", "readtextfile", "readmultiplefiles", "viewfileoutline", "fileread"),
    ),
    ToolKind.SEARCH: (
        *("grep", "glob", "search", "find", "ls", "list", "listfiles", "searchfiles", "grepsearch", "listdir"),
        *("listdirectory", "filesearch", "searchfilecontent", "searchtext", "findfiles", "codebasesearch", "ripgrep"),
        *("globfilesearch", "findbyname", "grepfiles", "searchcode", "textsearch", "listcodedefinitionnames"),
    ),
    ToolKind.EDIT: (
        *("edit", "write", "multiedit", "notebookedit", "writefile", "editfile", "createfile", "replace"),
        *("applypatch", "strreplaceeditor", "strreplacebasededittool", "patch", "todowrite", "writetofile"),
        *("replaceinfile", "applydiff", "insertcontent", "searchreplace", "strreplace", "replacestringinfile"),
        *("inserteditintofile", "editexistingfile", "createnewfile", "replacefilecontent", "multireplacestringinfile"),
    ),
    ToolKind.RUN: (
        *("bash", "shell", "exec", "execute", "run", "terminal", "runshellcommand", "localshell", "execcommand"),
        *("shellcommand", "containerexec", "executecommand", "executebash", "runterminalcmd", "runterminalcommand"),
        *("runcommand", "runinterminal", "localshellcall", "powershell", "wait", "writestdin", "bashoutput"),
        *("getterminaloutput", "readterminal", "commandstatus", "cmdrun"),
    ),
    ToolKind.AGENT: (
        *("task", "agent", "taskoutput", "agentoutput", "subagent", "dispatchagent", "spawnagent", "waitagent"),
        *("newtask", "runsubagent", "explore", "oracle", "delegate"),
    ),
    ToolKind.WEB: ("webfetch", "websearch", "fetch", "fetchurl", "readurl", "readurlcontent", "searchweb", "browse"),
}
_KIND_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names}
_SIGNS = re.compile(r"[^a-z]")
_PATH_KEYS = (
    *("file_path", "filePath", "filepath", "notebook_path", "notebookPath", "path", "target_file", "targetFile"),
    *("absolute_path", "absolutePath", "AbsolutePath", "TargetFile", "filename", "fileName", "file", "relative_path"),
    *("relativePath", "relative_workspace_path", "uri", "target_notebook"),
)
_PATTERN_KEYS = ("pattern", "query", "regex", "Query")
_TARGET_KEYS = ("command", "cmd", *_PATTERN_KEYS, *_PATH_KEYS, "url", "description", "subject")
_PATCHED = re.compile(r"^\*\*\* (?:Update|Add|Delete) File: (.{1,400})$", re.MULTILINE)


@lru_cache(1000)
def kind_of(tool: str) -> ToolKind:
    """The kind of a tool by its name, however it is written, without a server's prefix (`mcp__files__read_file`)."""
    return _KIND_BY_NAME.get(_SIGNS.sub("", tool[:200].rpartition("__")[2].lower()), ToolKind.OTHER)


def decode(text: str) -> dict[str, Any]:
    """The input of a call as a dict; empty when it is no JSON object."""
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


def files_of(tool: ToolKind, given: Mapping[str, Any]) -> tuple[str, ...]:
    """The files that a call reads or writes, by their own argument, through a command or in a patch."""
    path = path_of(tool, given)
    if path:
        return (path,)
    if tool is ToolKind.EDIT or (tool is ToolKind.RUN and "input" in given):
        patched = dict.fromkeys(
            found[1].strip()
            for value in given.values()
            if isinstance(value, str)
            for found in _PATCHED.finditer(value.replace("\\n", "\n"))
        )
        if patched:
            return tuple(patched)
    return files_shown(command_of(given)) if tool is ToolKind.RUN else ()


def target_of(given: Mapping[str, Any]) -> str:
    """What a call is about: its command, pattern, file or address. Empty when nothing tells."""
    if isinstance(given.get("input"), str) and (command := command_of(given)):
        return command
    found = [value for key in _TARGET_KEYS if key in given and (value := _said(given[key]))]
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
        return not OF_FILES.isdisjoint(shown_by(command_of(given)))
    return kind in (ToolKind.READ, ToolKind.SEARCH, ToolKind.EDIT)


def reports(kind: ToolKind, given: Mapping[str, Any]) -> bool:
    """Whether a call gives a program's own words, alone or among those of files."""
    if kind is ToolKind.RUN and Shown.OTHER in shown_by(command_of(given)):
        return True
    return not shows_text(kind, given)


def words_of_input(given: Any) -> str:
    """All texts in a call's input, one a line."""
    if isinstance(given, str):
        return given
    if isinstance(given, Mapping):
        return "\n".join(words_of_input(value) for value in given.values())
    if isinstance(given, list):
        return "\n".join(words_of_input(value) for value in given)
    return "" if given is None else str(given)
