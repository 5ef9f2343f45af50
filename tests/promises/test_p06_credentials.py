"""P6: credentials pass through and stay nowhere; the client's attestation is never touched."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from penstock import EventKind
from penstock.app import Suite
from penstock.base.keyfile import installation_key
from penstock.identify.identity import CREDENTIAL_HEADERS
from penstock.plugins.manager import Plugins
from penstock.testing import Session, assistant, call, conversation, profile_of, results, user
from tests.engines import Does, request
from tests.shapes import SECRET, SHAPES, claude_code, claude_code_headers


def notes(draft: object) -> None:
    draft.note("a note", reason="a test")  # type: ignore[attr-defined]


SAID = [user("hello"), assistant("yes", call("Read", path="a.py")), results("a")]


@pytest.mark.parametrize("client", SHAPES)
def test_no_credential_reaches_an_event_an_edit_or_an_id(client: str) -> None:
    """Whatever header a client sends it in, and whether or not it names its session."""
    sent = SHAPES[client](SAID)
    nameless = {k: v for k, v in sent.headers.items() if "session" not in k}
    for headers in (sent.headers, nameless):
        with Session(Does(notes), dialect=sent.dialect, headers={}) as session:
            session.send(sent.body, headers, path=sent.path)
            session.reply("done")
            exchange = session.outcome.exchange
            assert exchange is not None
            kept = repr([session.events(), session.store.edits_of(exchange.identity.conversation), exchange])
    assert SECRET not in kept
    assert SECRET[8:24] not in kept


@pytest.mark.parametrize("header", sorted(CREDENTIAL_HEADERS))
def test_no_file_holds_a_credential(header: str, penstock_home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The store, its write-ahead log, the key and what is logged: not the header, and nothing it could be told from."""
    caplog.set_level(logging.DEBUG)
    suite = Suite.open("default", plugins=bundled())
    for n, (name, value) in enumerate([(header, SECRET), (header, f"Bearer {SECRET}")]):
        asked = request(conversation(user(f"hello {n}")), ident=f"y{n}", headers={name: value, "x-session-id": ""})
        suite.engine.process_now(asked)
    suite.close()
    files = [file for file in penstock_home.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"penstock.db", "key"}
    for file in files:
        assert SECRET.encode() not in file.read_bytes()
    assert SECRET not in caplog.text


def bundled() -> Plugins:
    return Plugins.load(blocked=["all"])


def test_the_credential_tells_conversations_apart() -> None:
    """Two accounts that say the same words, without a session of their own, share nothing."""
    ids = set()
    for secret in ("first-account", "second-account", "first-account"):
        with Session(headers={"x-api-key": secret}) as session:
            session.send(conversation(user("hello")))
            assert session.outcome.exchange is not None
            ids.add(session.outcome.exchange.identity.conversation)
    assert len(ids) == 2


def test_ids_of_another_installation_are_others(tmp_path: Path) -> None:
    """An id is made with a key that stays on this machine: nobody can test a guess against it."""
    keys = [installation_key(tmp_path / name) for name in ("one", "two")]
    assert keys[0] != keys[1]
    assert keys[0] == installation_key(tmp_path / "one")
    assert (tmp_path / "one" / "key").stat().st_mode & 0o777 == 0o600


def test_a_secret_in_the_conversation_is_not_written_to_the_log() -> None:
    """The model gets it, as the client meant it; the log gets its kind. A remark, a reason or an error may quote it."""
    text = f"use {SECRET} please"

    def quotes(draft: object) -> str:
        draft.note(f"said: {text}", reason=f"because of {text}")  # type: ignore[attr-defined]
        return f"saw {text}"

    def fails(_: object) -> None:
        raise ValueError(text)

    with Session(Does(quotes, "quotes"), Does(fails, "fails")) as session:
        left = session.send(conversation(user(text)))
        session.reply(text, call("Bash", command=text))
        kept = repr([e.payload for e in session.events()])
    assert left.count(SECRET.encode()) == 2
    assert "[redacted api key]" in kept
    assert SECRET not in kept


def test_texts_can_be_kept_out_of_the_log_altogether() -> None:
    """`[log] preview = 0`."""
    with Session(Does(notes), profile=profile_of("[log]\npreview = 0")) as session:
        session.send(conversation(user("a sentence of mine")))
        session.reply("a sentence of its own")
        kept = repr([e.payload for e in session.events()])
    assert "sentence" not in kept
    assert "a note" not in kept


def test_the_billing_line_is_never_touched() -> None:
    """It leaves byte for byte where it stood, edits or not, and no event quotes it."""
    body = claude_code([user("hello")])
    with Session(Does(notes), headers=claude_code_headers()) as session:
        left = session.send(body)
        kept = repr([e.payload for e in session.events()])
    assert left != body
    assert json.loads(left)["system"] == json.loads(body)["system"]
    assert left[left.index(b'"system"') :] == body[body.index(b'"system"') :]
    assert "cch=" not in kept


def test_the_billing_line_does_not_make_another_conversation() -> None:
    """It changes with every request; who talks does not."""
    ids, kinds = set(), set()
    with Session(headers=claude_code_headers()) as session:
        for attested in (True, False):
            session.send(claude_code([user("hello")], attested=attested))
            assert session.outcome.exchange is not None
            ids.add(session.outcome.exchange.identity.conversation)
            kinds.add(session.outcome.exchange.kind)
    assert len(ids) == len(kinds) == 1


def test_attested_requests_can_be_left_alone() -> None:
    """`attested = "observe"`: an edited body makes the digest stale, and that is a person's choice."""
    profile = profile_of('attested = "observe"')
    with Session(Does(notes), profile=profile, headers=claude_code_headers()) as session:
        body = claude_code([user("hello")])
        assert session.send(body) == body
        assert "attested" in session.events(EventKind.EDIT)[0].payload["reason"]
        body = claude_code([user("another hello")], attested=False)
        assert b"a note" in session.send(body, claude_code_headers(session="another"))
