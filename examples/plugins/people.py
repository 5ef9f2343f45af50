"""Redacts the names of people for workspaces of the gateway with `redact = true`: those of a list, here. An analyser
that looks for names by itself, as Presidio's does, takes its place in three lines; see below.

    from presidio_analyzer import AnalyzerEngine
    engine = AnalyzerEngine()
    find = lambda text: [(r.start, r.end, "person") for r in engine.analyze(text, language="en", entities=["PERSON"])]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from penstock import hookimpl

NAMES = re.compile(r"\b(?:Ada Lovelace|Charles Babbage)\b")


def find(text: str) -> Iterable[tuple[int, int, str]]:
    """Start, end and kind of each place."""
    return [(*match.span(), "person") for match in NAMES.finditer(text)]


@hookimpl
def analysers() -> list[Callable[[str], Iterable[tuple[int, int, str]]]]:
    """What finds personal data."""
    return [find]
