"""Texts that hold the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.exchange.lossless import LONGEST, same_content

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, min_size=1, max_size=3))
def test_json_is_the_same_however_it_is_written(value: object) -> None:
    """With spaces or without."""
    assert "the same JSON" in same_content(json.dumps(value, indent=4), json.dumps(value, separators=(",", ":")))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": 1}', '{"a": 2}'),
        ('{"a": 1}', '{"a": "1"}'),
        ('{"a": 1, "a": 2}', '{"a": 2}'),
        ("[1, 2]", "[1]"),
        ("a text", "another"),
        ("[" * 9000, "[" * 9001),
        ("same", "same"),
        ("a " * LONGEST, "a" * LONGEST),
    ],
)
def test_what_differs_is_not_the_same(before: str, after: str) -> None:
    """Nor is anything said where nothing changed, or where it would take too long to look."""
    assert same_content(before, after) == ""


def test_other_repacks() -> None:
    """Letters that are escaped, the padding of line numbers, colours."""
    assert same_content('{"a": "\\u00fc"}', '{"a":"ü"}') == "it is the same JSON, written in another way"
    assert same_content("    1→a\n    2→b", "1→a\n2→b") == "only spaces and codes for a terminal differ"
    assert same_content("\x1b[32mok\x1b[0m  \n\n\n", "ok") == "only spaces and codes for a terminal differ"
