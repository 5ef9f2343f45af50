"""`error_of`: the line of a tool's result that says what went wrong, without places, numbers and times, so that the
same error is known again; empty for a result that is no error. `is_refused`: the call was not allowed to run."""

from __future__ import annotations

import re

__all__ = ["NOT_SAID", "error_of", "is_refused"]

NOT_SAID = "exit code"
"""Begins the signature of an error that has no telling line."""
_TAIL, _LINE = 16_000, 500
"""Characters of a result, and of one line, that are read."""
_LONGEST = 160
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_REFUSED = re.compile(
    r"doesn't want to (?:proceed|take this action)|Request interrupted by user|tool use was rejected|"
    r"Sibling tool call errored|requires approval|Permission to use|requested permissions? to",
)
"""Nothing went wrong: a person, or the client, did not let the call run."""
_FAILED = re.compile(
    r"^(?:FAIL\b|FAILED\b|.*\bERROR task failed|Traceback \(most recent|panic: |fatal: |error(?:\[\w+\])?: |"
    r"=+ .*\b\d+ (?:failed|errors?)\b|npm ERR!|make: \*\*\*|\*\* \(\w+Error\)|Exit code [1-9])",
    re.MULTILINE,
)
"""What stands in the output of a command that failed, also where a pipe hides its exit code."""
_TELLING = (
    re.compile(r"^(?:E\s+)?[\w.]*(?:Error|Exception|Failure)\b(?:\s*\(\w+\))?: .+"),
    re.compile(r"^(?:\S+:\d+(?::\d+)?:? )\s*\S.+"),
    re.compile(r"(?i)^(?:npm ERR!|fatal:|panic:|error(?:\[\w+\])?:|.{1,60}: (?:command )?not found|\*\* \().*"),
    re.compile(
        r"(?i)\b(?:unknown|no such|permission denied|cannot|can't|not found|does not exist|undefined|"
        r"unrecognized|invalid|unable to|refused|missing|has not been|already exists|failed to)\b.*"
    ),
    re.compile(r"^\s*--- FAIL: .+|^FAILED .+"),
    re.compile(r"(?i)\b(?:error|failed|failure|denied|exception)\b.*"),
)
"""Lines that say what is wrong, the best first."""
_DULL = re.compile(r"^(?:FAIL|exit status \d+|Exit code \d+|Error: Exit code \d+|.*ERROR task failed.*|FAIL\s+\S+.*)$")
_TAGS = re.compile(r"</?tool_use_error>")
_PLACE = re.compile(r"(?:\.{0,2}/)?(?:[\w.@~+-]+/)+[\w.@+-]*(?::\d+)*:?|[\w-]+\.[A-Za-z]{1,5}:\d+(?::\d+)?:?")
_NUMBER = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{7,40}\b|\b\d[\d.,:]*(?:ms|s)?\b")


def is_refused(text: str) -> bool:
    """Whether a person or the client did not let a call run."""
    return _REFUSED.search(text[:2_000]) is not None


def error_of(text: str, *, is_error: bool, reports: bool) -> str:
    """The signature of the error in a result. `is_error`: the client says that it is one. `reports`: it is a program's
    own words, which may tell of an error by themselves."""
    tail = "\n".join(line[:_LINE] for line in _ANSI.sub("", text[-_TAIL:]).splitlines())
    if is_refused(tail) or not (is_error or (reports and _FAILED.search(tail))):
        return ""
    lines = [line for raw in _TAGS.sub("", tail).splitlines() if (line := raw.strip()) and not _DULL.match(line)]
    for telling in _TELLING:
        found = next((line for line in lines if telling.search(line)), "")
        if found and (said := _normal(found)):
            return said
    return f"{NOT_SAID} {lines[-1][:_LONGEST]}" if lines and is_error else ""


def _normal(line: str) -> str:
    """The line without what changes from one time to the next."""
    text = _NUMBER.sub("N", _PLACE.sub("", line)).replace("`", "'")
    text = " ".join(re.sub(r"^(?:E\s+|[\s:*-]+)", "", text).split())
    return text[:_LONGEST].rstrip() if len(re.findall(r"[A-Za-z]{2,}", text)) > 1 else ""
