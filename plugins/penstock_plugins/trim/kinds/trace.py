"""`TRACE`, one kind of tool output: stack traces. How they are recognised and shortened: the exception is kept, and
frames in the user's own code before those of libraries."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight
from penstock_plugins.trim.terminal import folded

__all__ = ["TRACE"]

_SIGN = re.compile(
    r"Traceback \(most recent|goroutine \d+ \[|panic: |\s+at [^(]{1,300}\([^()]{1,300}:\d+"
    r"|\s+at [^\s:]{1,300}:\d+:\d+|  File \".+\", line \d+"
    r"|thread '.*' panicked|Exception in thread|Caused by: "
)
_LIBRARY = re.compile(
    r"\s+(?:at .*(?:node_modules/|\(node:|internal/|java\.base/|sun\.|org\.springframework)"
    r"|File \".*(?:site-packages|lib/python3)"
    r"|.*/(?:go/src|pkg/mod|rustc)/)|runtime\.|created by testing"
)
_RAISED = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit)\b|panic: |Caused by: |thread '.*' panicked")
_FRAME = re.compile(r"  File |\s+at |\t/")


def _matches(sight: Sight) -> bool:
    return sight.count(_SIGN) >= 3 or sight.output.text.startswith(("Traceback (most", "panic: "))


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


TRACE = Kind("stack trace", _matches, _repack, keep=_RAISED, answer=_FRAME, noise=_LIBRARY, log=True)
