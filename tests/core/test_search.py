"""Regular expressions in lines: both ways find the same, and one of them always ends."""

from __future__ import annotations

import pytest

from penstock import search as module
from penstock.errors import PenstockError
from penstock.search import Search, search, search_apart

ENDLESS = "(a+)+$"


@pytest.mark.parametrize("how", [search, search_apart])
def test_finds_the_first_match_of_each_line(how: Search) -> None:
    """With where it stands; also in lines of characters that have no bytes."""
    found = how("b+|\U0001f600", ["abbab", "none", "half \ud800 b", "x\U0001f600"])
    assert [tuple(match) for match in found] == [(0, 1, 3), (2, 7, 8), (3, 1, 2)]


@pytest.mark.parametrize("how", [search, search_apart])
def test_a_bad_pattern_is_named(how: Search) -> None:
    """And what is wrong with it."""
    with pytest.raises(PenstockError, match=r"'\(' is no regular expression: missing \)"):
        how("(", ["("])


def test_a_search_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is, and the error says what to do."""
    monkeypatch.setattr(module, "SECONDS", 0.3)
    with pytest.raises(PenstockError, match=r"not done after 0\.3 s: give a simpler expression"):
        search_apart(ENDLESS, ["a" * 60 + "!"])


def test_a_process_that_breaks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an error like any other; so is one that does not start."""
    monkeypatch.setattr(module, "_CHILD", "raise SystemExit(3)")
    with pytest.raises(PenstockError, match="can not be searched for"):
        search_apart("a", ["a"])
    monkeypatch.setattr(module.sys, "executable", "/nowhere/python")
    with pytest.raises(PenstockError, match="can be started"):
        search_apart("a", ["a"])
