"""What a tool call is about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.conversation.call_subject import LONGEST, call_subject
from penstock.redaction.redaction import Redactor, redact

PATCH = "*** Begin Patch\n*** Update File: shop/cart.py\n@@\n-a\n+b\n*** End Patch"


@pytest.mark.parametrize(
    ("given", "subject"),
    [
        ({"file_path": "/home/ines/shop/cart.py"}, "cart.py"),
        ({"path": "C:\\shop\\cart.py"}, "cart.py"),
        ({"path": "shop/"}, "shop"),
        ({"path": "/"}, "/"),
        ({"command": "pytest -q tests/cart", "description": "Run the tests"}, "pytest -q tests/cart"),
        ({"command": "cd /home/ines/shop && make test"}, "make test"),
        ({"command": "cd /home/ines/shop"}, "cd /home/ines/shop"),
        ({"command": ["bash", "-lc", "make test"]}, "make test"),
        ({"command": ["git", "status"]}, "git status"),
        ({"command": "for f in *\ndo\n  wc $f\ndone"}, "for f in * do wc $f done"),
        ({"pattern": "def total", "path": "/home/ines/shop"}, "def total"),
        ({"url": "https://example.com/a"}, "https://example.com/a"),
        ({"description": "find the bug", "prompt": "a long one"}, "find the bug"),
        ({"file_path": 5, "password": "hunter2"}, ""),
        ({}, ""),
    ],
)
def test_a_call_is_named_by_what_it_is_about(given: dict[str, Any], subject: str) -> None:
    """A file by its name, a command without the folder that it enters, a search by its pattern; no other field."""
    assert call_subject(json.dumps(given), redact) == subject


@pytest.mark.parametrize("given", ["", "no JSON", "[1, 2]", '{"path": ', "[" * 100_000])
def test_what_cannot_be_read_has_none(given: str) -> None:
    """Clients may send anything."""
    assert call_subject(given, redact) == ""


def test_a_patch_is_named_by_its_first_file() -> None:
    """It is a text, and no JSON."""
    assert call_subject(PATCH, redact) == "cart.py"


def test_it_is_short_and_holds_no_secret() -> None:
    """Redacted as all texts of the log, and left out where a profile keeps no texts."""
    given = json.dumps({"command": "login password=hunter2hunter2 " + "x" * 200})
    found = call_subject(given, Redactor(400))
    assert found.startswith("login password=[redacted value] xxx")
    assert len(found) == LONGEST
    assert call_subject(given, Redactor(0)) == ""
