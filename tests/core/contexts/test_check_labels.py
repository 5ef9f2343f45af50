"""What may stand beside a value, whoever puts it."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import InvalidContext
from penstock.contexts.records import NewContext


@pytest.mark.parametrize(
    ("marks", "param"),
    [
        ({"tags": ("\ud800",)}, "tags"),
        ({"tags": ("a\nb",)}, "tags"),
        ({"tags": ("",)}, "tags"),
        ({"tags": ("x" * 101,)}, "tags"),
        ({"tags": tuple(map(str, range(51)))}, "tags"),
        ({"session": "\x00"}, "session"),
        ({"agent": "x" * 201}, "agent"),
        ({"change": "\udfff"}, "change"),
    ],
)
def test_what_no_answer_could_hold_is_refused(contexts: Contexts, marks: dict[str, Any], param: str) -> None:
    with contexts.write("w", "a") as writer, pytest.raises(InvalidContext) as refused:
        writer.put("a", NewContext(1, **marks))
    assert refused.value.param == param
    assert contexts.page("w").items == []


def test_who_puts_it_is_looked_at_too(contexts: Contexts) -> None:
    with contexts.write("w", "\ud800") as writer, pytest.raises(InvalidContext, match="by: "):
        writer.put("a", NewContext(1))


def test_what_fits_is_kept(contexts: Contexts) -> None:
    marks = {"tags": tuple(map(str, range(50))), "session": "s" * 200, "agent": "naïve ☃", "change": "c" * 80}
    with contexts.write("w", "a") as writer:
        writer.put("a", NewContext(1, **marks))  # type: ignore[arg-type]
    assert contexts.head("w", "a").tags == marks["tags"]
