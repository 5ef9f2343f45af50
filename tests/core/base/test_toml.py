"""What is written as TOML reads back as it was."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from penstock.base.toml import to_toml

SCALARS = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_reads_back_as_it_was(settings: dict[str, object]) -> None:
    """Any tree of tables, lists, texts, numbers and booleans, whatever its keys."""
    assert tomllib.loads(to_toml(settings)) == settings


def test_says_what_is_not_set() -> None:
    """TOML has no None: it stands as a comment, where a person sees that there is such a key."""
    written = to_toml({"cache": {"ttl_s": None, "margin_s": 10}})
    assert "# ttl_s is not set" in written
    assert tomllib.loads(written) == {"cache": {"margin_s": 10}}
