"""P6: credentials pass through and stay nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import BILLING, ask, body_for, claude, new_session
from tests.road.client import Road
from tests.road.provider import Answer

PLAIN = "tok-3f6c9a1e7d"
"""A credential of no known shape."""
CREDENTIALS = {
    "Authorization": f"Bearer {PLAIN}-bearer",
    "X-Api-Key": f"{PLAIN}-key",
    "x-goog-api-key": f"{PLAIN}-goog",
    "api-key": f"{PLAIN}-azure",
    "Cookie": f"session={PLAIN}-cookie; theme=dark",
}
GEMINI = "/v1beta/models/gemini-2.5-pro:generateContent"


def places_of(secret: str, home: Path) -> list[Path]:
    """The files under `home` in which it stands."""
    return [file for file in home.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]


def test_credentials_arrive_and_are_nowhere_written(counting: Road) -> None:
    """P6: every header that holds a credential arrives as it was sent; no file of ours has a byte of it."""
    call = counting.post("/v1/messages", claude(ask("hello"), session=new_session()), CREDENTIALS)
    assert call.received.body.endswith(b"}")
    assert {name: call.received.head.get(name) for name in CREDENTIALS} == CREDENTIALS
    call.wait(EventKind.PROCESSED)
    assert places_of(PLAIN, counting.proxy.setup.home) == []


def test_a_key_in_the_address_arrives_and_is_nowhere_written(counting: Road) -> None:
    """P6: Gemini's `?key=` arrives as it was sent, and no event has it."""
    call = counting.post(f"{GEMINI}?key={PLAIN}-query&alt=json", body_for(GEMINI, "hello"))
    assert call.received.target == f"/{call.tag}{GEMINI}?key={PLAIN}-query&alt=json"
    call.wait(EventKind.PROCESSED)
    assert places_of(PLAIN, counting.proxy.setup.home) == []


@pytest.mark.parametrize("where", ["whole", "stream"])
def test_a_credential_in_an_error_message_is_not_written(counting: Road, where: str) -> None:
    """P6: a provider repeats the key in its error: the client reads it, the log does not have it."""
    said = f"Incorrect key provided: {PLAIN}-key. Not {PLAIN}-bearer, nor {PLAIN}-cookie, nor {PLAIN}-query."
    error = json.dumps({"type": "error", "error": {"type": "authentication_error", "message": said}}).encode()
    answer = Answer(error, status=401)
    if where == "stream":
        answer = Answer((b"event: error\ndata: " + error + b"\n\n",), headers=(("Content-Type", "text/event-stream"),))
    body = claude(ask("hello"), session=new_session())
    call = counting.send(f"/v1/messages?key={PLAIN}-query", body, CREDENTIALS, answer)
    assert error in call.response().body
    failed = call.wait(EventKind.FAILED)
    assert failed.payload["why"] == "provider"
    assert failed.payload["error"].startswith("Incorrect key provided: ")
    assert places_of(PLAIN, counting.proxy.setup.home) == []


def test_a_credential_is_not_written_when_the_body_can_not_be_read(counting: Road) -> None:
    """P6: a request that passes unread keeps its credentials as well."""
    call = counting.post("/v1/messages", b'{"not json', CREDENTIALS)
    assert {name: call.received.head.get(name) for name in CREDENTIALS} == CREDENTIALS
    call.wait(EventKind.ANSWERED)
    assert places_of(PLAIN, counting.proxy.setup.home) == []


def test_the_attestation_arrives_as_it_was_sent(counting: Road) -> None:
    """P6: in an edited request the client's billing line is the one it sent; its digest is in no file."""
    body = claude(ask("hello"), session=new_session())
    call = counting.post("/v1/messages", body)
    assert call.received.body != body
    assert json.loads(call.received.body)["system"][0] == {"type": "text", "text": BILLING}
    call.wait(EventKind.PROCESSED)
    assert places_of("cch=7f3a9", counting.proxy.setup.home) == []


def test_what_the_log_keeps_only_its_owner_can_read(start: Callable[..., Road]) -> None:
    """P6: the store and the key of this installation are readable by their owner alone."""
    road = start()
    road.post("/v1/messages", body_for("/v1/messages", "hello")).wait(EventKind.PROCESSED)
    files = [file for file in road.proxy.setup.store.parent.iterdir() if file.is_file()]
    assert {"penstock.db", "key"} <= {file.name for file in files}
    assert [file.name for file in files if file.stat().st_mode & 0o077] == []
