"""Builds and installs: compilers, linters, package managers, container builds."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.page import Kind, Line, Sight
from penstock_plugins.trim.terminal import folded

__all__ = ["BUILD"]

_STEP = re.compile(
    r"\s*(?:(?:Compiling|Checking|Downloading|Downloaded|Fetching|Updating|Building|Installing|Collecting|Using cached"
    r"|Requirement already satisfied|Resolving|Preparing|Unpacking|Setting up|Get:\d+|Hit:\d+|Selecting|Adding|Locking"
    r"|Copying|Linking|Generating|Extracting|Pulling|Verifying|Created wheel|Stored in)\b.{0,400}"
    r"|\[ *\d+(?:/\d+|%)\].{0,400}|go: (?:downloading|extracting) .{0,400}"
    r"|#\d+ (?:\d+\.\d+|sha256|CACHED|DONE|extracting).{0,400}"
    r"|(?:CC|CXX|LD|AR|GEN|cc|gcc|g\+\+|clang)\s+\S.{0,400}|npm (?:http|timing|sill|verb) .{0,400}"
    r"|\S+: (?:Pulling fs layer|Download complete|Pull complete|Waiting|Verifying Checksum))$"
)
_PLACE = re.compile(r"(?:\s*-->\s+)?(?:\.{0,2}/)?[\w.@~+/\\-]{1,300}\.\w{1,5}[:(]\d+[:,)]")
_TOTAL = re.compile(
    r"(?i)\s*(?:--> |BUILD |Finished|Successfully|added \d+|Compiled|make: \*\*\*"
    r"|error|warning|\d+ (?:errors?|warnings?|issues?))"
)


def _matches(sight: Sight) -> bool:
    steps = sight.count(_STEP)
    return (steps >= 4 and sight.share(_STEP) > 0.3) or (sight.count(_PLACE) >= 3 and sight.share(_PLACE) > 0.2)


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


BUILD = Kind("build log", _matches, _repack, keep=_TOTAL, noise=_STEP, log=True)
