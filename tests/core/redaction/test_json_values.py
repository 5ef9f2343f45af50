"""Secrets in a whole JSON document."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.redaction.json_values import redact_json
from penstock.redaction.redact_settings import WITHHELD
from penstock.redaction.redaction import redact

TOKEN = "ghp_" + "a1B2" * 9
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "value",
    [
        {"text": f"it is {TOKEN}"},
        [{"deep": [TOKEN]}],
        {"input": {"password": "correct-horse-9"}},
        {"text": "x" * 500 + " password=correct-horse-9"},
    ],
)
def test_a_secret_is_taken_out_wherever_it_stands(value: Any) -> None:
    """By its form, or by the name before it."""
    found = str(redact_json(value, redact))
    assert TOKEN not in found
    assert "correct-horse-9" not in found
    assert "[redacted" in found


@given(JSON)
def test_the_shape_stays(value: Any) -> None:
    """Names, lists and numbers."""

    def shape(one: Any) -> Any:
        if isinstance(one, dict):
            return {name: shape(inner) for name, inner in one.items()}
        return [shape(inner) for inner in one] if isinstance(one, list) else type(one) if isinstance(one, str) else one

    assert shape(redact_json(value, redact)) == shape(value)


@given(JSON)
def test_nothing_changes_without_a_secret(value: Any) -> None:
    assert redact_json(value, lambda text: text) == value


def test_a_redactor_that_breaks_json_leaves_nothing() -> None:
    assert redact_json({"a": "b"}, lambda text: text if text == "a" else "gone") == {"a": WITHHELD}


@pytest.mark.parametrize("value", ["q9-" * 200, ["q9-horse-battery"], [["q9-horse-battery"]]])
def test_the_name_shows_a_secret_in_a_long_value_and_in_a_list(value: Any) -> None:
    assert "q9-" not in str(redact_json({"password": value}, redact))


def test_a_long_text_with_a_telling_name_stays_a_text() -> None:
    """`token` and `key` are names of other things as well; what is said about a password is no password."""
    text = "The word is read by the parser, and then the next one is. " * 20
    assert redact_json({"key": text, "password_hint": text}, redact) == {"key": text, "password_hint": text}


def test_a_secret_in_a_name_is_taken_out() -> None:
    found = redact_json({TOKEN: 1, TOKEN[:-1] + "x": 2}, redact)
    assert TOKEN not in str(found)
    assert sorted(found.values()) == [1, 2]


def test_a_file_in_base64_is_not_searched() -> None:
    """Megabytes of it would hold the interpreter that the wire shares."""
    searched: list[int] = []

    def redactor(text: str) -> str:
        searched.append(len(text))
        return text

    image = "iVBORw0KGgo" * 100_000 + "AA=="
    value = {"source": {"type": "base64", "data": image}, "parts": [image]}
    assert "iVBOR" not in str(redact_json({"password": image}, redact))
    assert redact_json(value, redactor) == value
    assert sum(searched) < 3_000
