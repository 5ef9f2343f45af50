"""`BUILD`, one kind of tool output: builds and installs by compilers, linters, package managers, container builds. How
they are recognised and shortened."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight
from penstock_plugins.trim.terminal import folded

__all__ = ["BUILD"]

_STEP = re.compile(
    r"\s*+(?:(?:Compiling|Checking|Downloading|Downloaded|Fetching|Updating|Building|Installing|Collecting|Using cached"
    r"|Requirement already satisfied|Resolving|Preparing|Unpacking|Setting up|Get:\d+|Hit:\d+|Selecting|Adding|Locking"
    r"|Copying|Linking|Generating|Extracting|Pulling|Verifying|Created wheel|Stored in)\b.{0,400}"
    r"|\[ *\d+(?:/\d+|%)\].{0,400}|go: (?:downloading|extracting) .{0,400}"
    r"|#\d+ (?:\d+\.\d+|sha256|CACHED|DONE|extracting).{0,400}"
    r"|(?:CC|CXX|LD|AR|GEN|cc|gcc|g\+\+|clang)\s+\S.{0,400}|npm (?:http|timing|sill|verb) .{0,400}"
    r"|\S+: (?:Pulling fs layer|Download complete|Pull complete|Waiting|Verifying Checksum))$"
)
_PLACE = re.compile(r"(?:\s*-->\s+)?(?:\.{0,2}/)?[\w.@~+/\\-]{1,300}\.[A-Za-z]\w{0,4}[:(]\d+[:,)]")
_NPM = re.compile(r"npm (?:warn|notice|error|WARN|ERR!) ")
_TOTAL = re.compile(
    r"(?i)\s*+(?:--> |BUILD |Finished|Successfully|added \d+|Compiled|make: \*\*\*"
    r"|error|warning|\d+ (?:errors?|warnings?|issues?))"
)


def _matches(sight: Sight) -> bool:
    return any(
        sight.count(shape) >= least and sight.share(shape) > share
        for shape, least, share in ((_STEP, 4, 0.3), (_PLACE, 3, 0.2), (_NPM, 4, 0.3))
    )


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


BUILD = Kind("build log", _matches, _repack, keep=_TOTAL, noise=_STEP, addresses=True, log=True)
