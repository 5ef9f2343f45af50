"""What a person asks of whole requests."""

from __future__ import annotations

import gzip
import json
import sys
from typing import Any

import msgspec
import pytest

from penstock.base.errors import PenstockError
from penstock.control.request_commands import RequestCommands
from penstock.engine.whole_requests import WholeRequest, WholeRequests
from penstock.profiles.profile import Profile
from penstock.redaction.personal import redactors
from penstock.redaction.redaction import Redactor
from penstock.testing import profile_of

TOKEN = "ghp_" + "a1B2" * 9
PERSONAL = "[redact]\npersonal = ['mail']\n"


def redactor_of(profile: Profile) -> Redactor:
    return Redactor(sys.maxsize, redactors(profile.redact.personal))


def ask(kept: WholeRequests, exchange: str = "x", toml: str = "") -> dict[str, Any]:
    commands = RequestCommands(kept, redactor_of, profile_of(toml))
    return commands.do("whole", {"exchange": exchange})


def kept(received: bytes, forwarded: bytes | None = None, encoding: str = "", own: str = "") -> WholeRequests:
    found = WholeRequests(5)
    sent = received if forwarded is None else forwarded
    found.keep(WholeRequest("x", "talk", "anthropic", "/v1/messages", encoding, received, sent, profile_of(own)))
    return found


def test_both_sides_without_secrets() -> None:
    """As JSON, in whatever encoding they were sent."""
    received, forwarded = (gzip.compress(json.dumps({"text": f"{w} {TOKEN}"}).encode()) for w in ("one", "two"))
    found = ask(kept(received, forwarded, "gzip"))
    assert (found["exchange"], found["dialect"], found["path"]) == ("x", "anthropic", "/v1/messages")
    assert msgspec.json.decode(found["received"])["text"].startswith("one [redacted")
    assert msgspec.json.decode(found["forwarded"])["text"].startswith("two [redacted")


@pytest.mark.parametrize(("own", "proxys", "is_hidden"), [(PERSONAL, "", True), ("", PERSONAL, False)])
def test_the_profile_a_request_went_through_says_what_is_hidden(own: str, proxys: str, is_hidden: bool) -> None:
    """Not the proxy's own."""
    found = ask(kept(b'{"text": "mail ines.marlow@example.com"}', own=own), toml=proxys)
    assert (b"ines.marlow" not in bytes(found["received"])) is is_hidden


def test_what_left_as_it_came_is_given_once() -> None:
    assert ask(kept(b'{"a": 1}'))["forwarded"] is None


@pytest.mark.parametrize(("toml", "why"), [("", "the last 50"), ("[log]\nwhole = 0", "`\\[log\\] whole` is 0")])
def test_one_that_is_not_there(toml: str, why: str) -> None:
    """It says why."""
    with pytest.raises(PenstockError, match=why):
        ask(WholeRequests(), toml=toml)
