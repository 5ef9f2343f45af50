"""`TESTS`, one kind of tool output: test runs of go test, pytest, jest and its kin, cargo. How they are recognised and
shortened. (Not tests of this project.)"""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight
from penstock_plugins.trim.terminal import fold, shown

__all__ = ["TESTS"]

_SIGN = re.compile(
    r"=== (?:RUN|PAUSE|CONT)|\s*+--- (?:PASS|FAIL|SKIP)|ok  \t|FAIL\t|={3,} .*(?:passed|failed|test session)|\[test"
    r"|={3,} (?:FAILURES|ERRORS|short test summary info) =|(?:FAILED|ERROR) \S{1,300}\.py::"
    r"|[.FEsxX]{8,}\s+\[ *\d+%\]|\d+ (?:passed|failed)\b.{0,200} in [\d.]+ ?s"
    r"|\S{1,300}\.py::\S{1,300} (?:PASSED|FAILED|ERROR|SKIPPED)"
    r"|\S+\.py [.FEsx]{3,}|test \S+ \.\.\. (?:ok|FAILED|ignored)"
    r"|(?:PASS|FAIL) \S+\.[jt]sx?|\s*+[✓✔✕✗×] |running \d+ tests?$|Tests?:? +\d+ (?:passed|failed)"
)
_PASSING = re.compile(
    r"\s*+(?:--- (?:PASS|SKIP)|=== |ok  \t|\?   \t|PASS\b|\S+ PASSED|✓|✔|\.+(?:\s+\[ *\d+%\])?$"
    r"|test \S+ \.\.\. (?:ok|ignored))"
    r"|\S+\.py [.sx]+(?:\s+\[ *\d+%\])?$"
)
_STARTED = re.compile(r"\s*+=== (?:RUN|PAUSE|CONT|NAME)\s+(\S+)$")
_ENDED = re.compile(r"\s*+--- (?:PASS|FAIL|SKIP): (\S+)")
_TOTAL = re.compile(
    r"(?i)\s*+(?:--- FAIL|FAIL|.*\b\d+ (?:passed|failed|errors?|skipped|ignored)\b"
    r"|E  |>  |not ok\b|exit (?:code|status))"
)


def _matches(sight: Sight) -> bool:
    return sight.count(_SIGN) >= 2


def _repack(output: ToolOutput) -> list[Line]:
    """`=== RUN x` is dropped where `--- PASS: x` follows."""
    lines = shown(output)
    ended = {found[1] for line in lines if (found := _ENDED.match(line))}
    started = [(line, _STARTED.match(line)) for line in lines]
    return fold([line for line, found in started if not (found and found[1] in ended)])


TESTS = Kind(
    "test run",
    _matches,
    _repack,
    keep=_TOTAL,
    noise=_PASSING,
    log=True,
)
