"""Settings without a credential."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import paths
from penstock.snapshot.settings import WITHHELD, cleaned, settings_in_use

SECRET = "correct-horse-battery"


@pytest.mark.parametrize(
    "name",
    ["api_key", "key", "token", "x-api-key", "client_secret", "password", "Authorization", "auth", "headers", "cookie"],
)
def test_what_is_called_a_secret_is_withheld(name: str) -> None:
    """P6: whatever it looks like, and however deep it stands."""
    shapes: list[Any] = [SECRET, [SECRET], {"deep": SECRET}]
    for value in shapes:
        assert SECRET not in json.dumps(cleaned({"stage": [{"mine": {name: value}}]}))


def test_what_only_sounds_like_one_stays() -> None:
    """Numbers of tokens, and the name of the variable that holds a key, are what an analysis wants."""
    settings = {"recall_tokens": 1000, "api_key_env": "MY_KEY", "tokens": 5, "key": 3, "secret": False, "token": ""}
    assert cleaned(settings) == settings


def test_addresses_lose_their_passwords_and_queries() -> None:
    """Both may let somebody in."""
    assert cleaned("https://ada:lovelace@host:81/v1?key=abc#x") == "https://host:81/v1"
    assert cleaned(["http://[::1]:8000/"]) == ["http://[::1]:8000/"]
    assert cleaned("https://host:notaport/v1") == WITHHELD


def test_what_looks_like_a_key_goes_wherever_it_stands() -> None:
    """A person may have put it into any text."""
    assert "sk-ant" not in json.dumps(cleaned({"about": "uses sk-ant-api03-abcdefghijklmnop"}))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(), lambda x: st.lists(x), max_leaves=5
    )
)
def test_any_value_can_be_cleaned(value: object) -> None:
    """A plugin's settings are its own."""
    json.dumps(cleaned({"a": value}))


def test_the_profile_in_use(penstock_home: Path) -> None:
    """As it is now, with what it extends; one that is gone is named, with what is wrong."""
    folder = paths.profiles_dir()
    folder.mkdir(parents=True)
    text = f'extends = "default"\n[memory.embedder_settings]\napi_key = "{SECRET}"\nmodel = "small"\n'
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    mine, gone = settings_in_use(["mine", "", "gone", "mine"])
    assert mine["settings"]["memory"]["embedder_settings"] == {"api_key": WITHHELD, "model": "small"}
    assert mine["settings"]["stages"][0] == "envelope"
    assert "no profile is called 'gone'" in gone["error"]
