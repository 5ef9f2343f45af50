"""Settings without a credential."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.redaction.redact_settings import WITHHELD, redact_settings, setting

SECRET = "correct-horse-battery"


@pytest.mark.parametrize(
    "name",
    ["api_key", "key", "token", "x-api-key", "client_secret", "password", "Authorization", "auth", "headers", "cookie"],
)
def test_what_is_called_a_secret_is_withheld(name: str) -> None:
    """P6: whatever it looks like, and however deep it stands."""
    shapes: list[Any] = [SECRET, [SECRET], {"deep": SECRET}]
    for value in shapes:
        assert SECRET not in json.dumps(redact_settings({"stage": [{"mine": {name: value}}]}))


def test_what_only_sounds_like_one_stays() -> None:
    """Numbers of tokens, and the name of the variable that holds a key, are what an analysis wants."""
    settings = {"recall_tokens": 1000, "api_key_env": "MY_KEY", "tokens": 5, "key": 3, "secret": False, "token": ""}
    assert redact_settings(settings) == settings


def test_addresses_lose_their_passwords_and_queries() -> None:
    """Both may let somebody in."""
    assert redact_settings("https://ada:lovelace@host:81/v1?key=abc#x") == "https://host:81/v1"
    assert redact_settings(["http://[::1]:8000/"]) == ["http://[::1]:8000/"]
    assert redact_settings("https://host:notaport/v1") == WITHHELD


def test_what_looks_like_a_key_goes_wherever_it_stands() -> None:
    """A person may have put it into any text."""
    assert "sk-ant" not in json.dumps(redact_settings({"about": "uses sk-ant-api03-abcdefghijklmnop"}))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(), lambda x: st.lists(x), max_leaves=5
    )
)
def test_any_value_can_be_cleaned(value: object) -> None:
    """A plugin's settings are its own."""
    json.dumps(redact_settings({"a": value}))


def test_a_setting_is_judged_by_the_last_part_of_its_key() -> None:
    """Whatever tables it stands in."""
    assert setting("stage.mine.token", SECRET) == WITHHELD
    assert setting("token.mine.about", SECRET) == SECRET
    assert setting("stage.mine.token", None) is None
