"""Dotted keys and tables."""

from __future__ import annotations

from penstock.settings.nesting import lookup, nested


def test_keys_are_looked_up_in_tables() -> None:
    """A value of None is there."""
    assert lookup({"a": {"b": None}}, "a.b") == (True, None)
    assert lookup({"a": {"b": None}}, "a.c") == (False, None)
    assert lookup({"a": 1}, "a.b") == (False, None)


def test_keys_become_tables() -> None:
    """Those of one table stand together."""
    assert nested({"a.b": 1, "c": 2, "a.d.e": None}) == {"a": {"b": 1, "d": {"e": None}}, "c": 2}
