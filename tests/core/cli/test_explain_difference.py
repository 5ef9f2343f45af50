"""Two texts, before and after."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from penstock.base.diff import LONG
from penstock.cli.explain import difference

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def shown(before: str, after: str, limit: int = 0, handle: str = "abcd1234") -> list[str]:
    found = difference(before, after, title="trim at 3.0", handle=handle, limit=limit)
    return [_STYLE.sub("", line) for line in found]


def test_is_what_went_and_what_came() -> None:
    """With its name, its handle, and a line around."""
    assert shown("one\ntwo\nthree\n", "one\nthree\n") == [
        "--- trim at 3.0 (abcd1234), as received: 3 lines",
        "+++ trim at 3.0, as sent: 2 lines",
        "@@ -1,3 +1,2 @@",
        " one",
        "-two",
        " three",
    ]


def test_is_bounded_and_says_how_to_see_more() -> None:
    """What came in the stead of much is shown as well. A note took nothing away: it has no original."""
    many = "".join(f"line {n}\n" for n in range(100))
    assert shown(many, "short", limit=8)[2:] == [
        "@@ -1,100 +1 @@",
        "-line 0",
        "-line 1",
        "… 98 more like it",
        "+short",
        "98 lines of the difference left out: --lines 0 shows them; the whole original: penstock expand abcd1234",
    ]
    assert shown("", many, limit=5, handle="")[-1] == "98 lines of the difference left out: --lines 0 shows them"


@given(st.lists(st.sampled_from(["a", "b", "c"])), st.lists(st.sampled_from(["a", "b", "c"])), st.integers(1, 9))
def test_what_is_left_out_is_counted(before: list[str], after: list[str], limit: int) -> None:
    """Shown and left out are all of it."""
    whole = shown("\n".join(before), "\n".join(after))[2:]
    lines = shown("\n".join(before), "\n".join(after), limit=limit)[2:]
    if len(whole) <= limit:
        assert lines == whole
        return
    told = [line for line in lines[:-1] if not line.startswith("…")]
    assert len(told) <= limit
    assert len(told) + int(lines[-1].split()[0]) == len(whole)


def test_long_texts_are_not_compared_for_minutes() -> None:
    """One after the other instead."""
    many = "".join(f"line {n}\n" for n in range(LONG))
    assert len(shown(many, "short")) == 2 + LONG + 1


def test_nothing_in_a_text_steers_the_terminal() -> None:
    """Not even what a tool printed."""
    assert shown("\x1b[2Jgone\n", "\tin\n")[-2:] == ["- [2Jgone", "+   in"]
