"""A body that is signed is read, counted and shown, and leaves byte for byte as it came."""

from __future__ import annotations

import json

import pytest

from penstock import Draft
from penstock.dialects.signed_body import SIGNED
from penstock.events.event import EventKind
from penstock.testing import Session, assistant, call, conversation, results, user
from tests.engines import Does, request

SIGV4 = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0"
)
PATH = "/model/us.anthropic.claude-opus-5-5-v1%3A0/invoke"
SAID = [user("read it"), assistant(call("Read", path="a")), results("line\n" * 400)]


def bedrock() -> bytes:
    body = json.loads(conversation(*SAID)) | {"anthropic_version": "bedrock-2023-05-31"}
    del body["model"]
    return json.dumps(body).encode()


def shorten(draft: Draft) -> None:
    for spot in draft.blocks(new=True):
        if spot.block.tool_id:
            draft.replace(spot, "short", reason="a test")


@pytest.mark.parametrize(("authorization", "is_edited"), [(SIGV4, False), ("Bearer bedrock-api-key-x", True)])
def test_a_signed_body_is_never_changed(authorization: str, is_edited: bool) -> None:
    """The provider would refuse it. What a token alone vouches for may be edited."""
    with Session(Does(shorten)) as session:
        headers = {"authorization": authorization}
        outcomes = [session.engine.process_now(request(bedrock(), ident=i, path=PATH, headers=headers)) for i in "ab"]
        assert [one.body is not None for one in outcomes] == [is_edited, is_edited]  # the second is a retry
        assert outcomes[0].exchange is not None
        assert outcomes[0].exchange.model == "us.anthropic.claude-opus-5-5-v1:0"
        edits = [e.payload for e in session.events() if e.kind is EventKind.EDIT]
        assert edits
        assert all((e["state"] == "landed") is is_edited for e in edits)
        assert any(SIGNED in e["reason"] for e in edits) is not is_edited
