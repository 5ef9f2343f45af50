"""`guess`: guesses the properties of a model that has no row from its family, else from the largest of the rows given;
never a price. `maker_of`: finds a model's maker by its name; `has_unlisted_maker`: the name is that of a model whose
maker has no section."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from penstock.models.names import key_of
from penstock.models.row import Row, Section

__all__ = ["guess", "has_unlisted_maker", "maker_of"]

_OPEN = re.compile(
    r"gpt-oss|llama|gemma|phi\d?|nemotron|command|nova|titan|jamba|granite|starcoder|yi-|falcon|olmo|smollm|hermes|mai-|"
    r"mixtral|nous|vicuna|zephyr|dolphin|cogito|seed|hunyuan|ernie|step|ling|longcat|mimo|solar|sonar|palmyra|lfm|aya"
)
"""Names of models whose makers have no section: none of them binds thinking."""
_VERSIONED = re.compile(r"([a-z]+(?:-[a-z]+)*?)-?(\d+(?:-\d+)*)")


def maker_of(name: str, sections: Iterable[Section]) -> Section | None:
    """The section of the maker of a model of that name. None: it is not in the table."""
    key = key_of(name)
    if _OPEN.match(key):
        return None
    for section in sections:
        if any(re.match(pattern, key) for pattern in section.makes):
            return section
    return None


def has_unlisted_maker(name: str) -> bool:
    """Whether a name is that of a model whose maker has no section."""
    return bool(_OPEN.match(key_of(name)))


def guess(name: str, rows: Iterable[Row], *, is_relative: bool = True) -> Mapping[str, Any]:
    """Figures of a model without a row, by those of its maker's models: no price; the largest window of its family; the
    cache of the family's newest; and thinking bound unless an equally new or newer relative does not bind it.
    `is_relative`: False if `rows` are of another maker, and say nothing about thinking."""
    rows = list(rows)
    if not rows:
        return {}
    stem, version = _split(name)
    relatives = [(row, _split(row.name)[1]) for row in rows if _split(row.name)[0] == stem]
    largest = max((row for row, _ in relatives), key=_window, default=max(rows, key=_window))
    newest = max(relatives, key=lambda pair: pair[1])[0] if relatives else largest
    binds = is_relative and any(row.figures.get("binds_thinking") for row in rows)
    is_older = any(version <= known for row, known in relatives if not row.figures.get("binds_thinking"))
    figures = {key: value for key, value in newest.figures.items() if key not in _OF_ONE}
    size = {key: largest.figures[key] for key in ("window", "max_input") if key in largest.figures}
    return {**figures, **size, "binds_thinking": binds and not is_older}


def _window(row: Row) -> int:
    return int(row.figures["window"])


_OF_ONE = frozenset({"input", "output", "tiers", "fast", "batch", "geo_us", "regional", "note", "max_input", "window"})
"""Figures that are those of one model alone, and are not guessed from others."""


def _split(name: str) -> tuple[str, tuple[int, ...]]:
    """The family of a name, and its version without trailing zeros, so that `gpt-6.0-sol` has the version of
    `gpt-6`."""
    found = _VERSIONED.match(key_of(name))
    if found is None:
        return key_of(name), ()
    version = list(map(int, found[2].split("-")))
    while version and not version[-1]:
        version.pop()
    return found[1], tuple(version)
