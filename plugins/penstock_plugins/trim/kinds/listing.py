"""`LISTING`, one kind of tool output: file listings by find, ls, tree or glob. How they are recognised and
shortened."""

from __future__ import annotations

import re

from penstock import ToolOutput
from penstock_plugins.trim.output_kind import Kind, Line, Sight
from penstock_plugins.trim.terminal import folded

__all__ = ["LISTING"]

_LONG = re.compile(r"[bcdlps-](?:[r-][w-][xsStT-]){3}[.+@]?\s")
_BRANCH = re.compile(r"[│|\s]{0,120}(?:├──|└──|\|--|`--) ")
_PATH = re.compile(r"(?:[\w.@~+=,\[\]()-]*/)+[\w.@~+=,\[\]() -]*$|[\w@~+=-][\w.@~+=-]*\.\w{1,10}$")
_FOLDER = re.compile(r"[^\s:][^:]{0,800}:$|total \d")
_VENDORED = re.compile(
    r".*?\b(node_modules|\.git|__pycache__|\.venv|site-packages|\.mypy_cache|\.pytest_cache|dist|vendor)/"
)


def _matches(sight: Sight) -> bool:
    most = 0.8 * (1 - sight.share(_FOLDER))
    return any(sight.count(shape) >= 5 and sight.share(shape) > most for shape in (_LONG, _BRANCH, _PATH))


def _repack(output: ToolOutput) -> list[Line]:
    return folded(output)


def _depth(line: str) -> int | None:
    return 0 if line.endswith(":") else None


LISTING = Kind("listing", _matches, _repack, depth=_depth, noise=_VENDORED, least=4_000, again=True, loud=False)
"""Short listings stay whole: the agent reads them name by name."""
