"""What changed from one text to another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.base.diff import LONG, changed_lines

lines = st.lists(st.sampled_from(["a", "b", "", "- x", "@@ -1 +1 @@"]), max_size=12)


@given(lines, lines)
def test_nothing_is_lost(old: list[str], new: list[str]) -> None:
    """With enough lines around, both texts are in the difference."""
    found = [line for line in changed_lines(old, new, 100) if line[:1] != "@"]
    if old != new:
        assert [line[1:] for line in found if line[0] != "+"] == old
        assert [line[1:] for line in found if line[0] != "-"] == new
    else:
        assert found == []


def test_long_texts_are_not_compared() -> None:
    """One goes, the other comes: to find what they share would take minutes."""
    found = changed_lines(["same"] * LONG, ["same", "new"])
    assert found == ["-same"] * LONG + ["+same", "+new"]
