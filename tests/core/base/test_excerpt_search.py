"""Regular expressions in lines: and the search always ends."""

from __future__ import annotations

import sys

import pytest

from penstock.base.errors import PenstockError
from penstock.base.excerpt import search

ENDLESS = "(a+)+$"


def test_finds_the_first_match_of_each_line() -> None:
    """With where it stands; also in lines of characters that have no bytes."""
    found = search("b+|\U0001f600", ["abbab", "none", "half \ud800 b", "x\U0001f600"])
    assert [tuple(match) for match in found] == [(0, 1, 3), (2, 7, 8), (3, 1, 2)]


def test_a_bad_pattern_is_named() -> None:
    """And what is wrong with it."""
    with pytest.raises(PenstockError, match=r"'\(' is no regular expression: missing \)"):
        search("(", ["("])


def test_a_search_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is, and the error says what to do."""
    monkeypatch.setattr("penstock.base.excerpt.SECONDS", 0.3)
    with pytest.raises(PenstockError, match=r"not done after 0\.3 s: give a simpler expression"):
        search(ENDLESS, ["a" * 60 + "!"])


def test_a_process_that_breaks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an error like any other; so is one that does not start."""
    monkeypatch.setattr("penstock.base.excerpt._CHILD", "raise SystemExit(3)")
    with pytest.raises(PenstockError, match="can not be searched for"):
        search("a", ["a"])
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(PenstockError, match="can be started"):
        search("a", ["a"])
