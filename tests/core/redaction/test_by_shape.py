"""Credentials that are known by their own form."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.redaction import by_shape
from penstock.redaction.by_shape import without_shapes

_RELAXED = [(kind, re.sub(r"(?<=[\]+*}])\+", "", pattern)) for kind, pattern in by_shape._KINDS]
"""Hypothesis makes no examples of possessive patterns."""


@pytest.mark.parametrize(("kind", "pattern"), _RELAXED)
@given(data=st.data())
def test_a_text_is_searched_for_each_kind_that_it_may_hold(kind: str, pattern: str, data: st.DataObject) -> None:
    """What is left out of the search for want of a clue would have found nothing."""
    some = st.sampled_from([" ", "key-", "a/2/", ".", "pat", "sk-", "eyJ", "\n", "cch=", "xai-", "x_"])
    text = data.draw(some) + data.draw(st.from_regex(pattern)) + data.draw(some)
    every = by_shape._SECRET.sub(lambda found: f"[redacted {by_shape._KINDS[int(found.lastgroup[1:])][0]}]", text)
    if "$" not in text:
        assert without_shapes(text) == every, kind
