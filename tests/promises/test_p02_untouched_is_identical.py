"""P2: no edit, and the very bytes received are sent; an edit, and only its block changes."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from penstock import Draft, Stage
from penstock.testing import Session, Turn, assistant, call, conversation, dialect_of, path_of, results, user
from tests.core.jsontext import randoms, unknown_fields
from tests.shapes import SHAPES
from tests.strategies import messy, turns

DIALECTS = ["anthropic", "openai-chat", "openai-responses", "ollama-chat", "ollama-generate", "gemini"]
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "deflate": zlib.compress,
}
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "deflate": zlib.decompress,
}
NEW = 'replaced "here" \\ é\n'


class ReplaceNth(Stage):
    """Replaces one of the blocks that were never sent."""

    name = "replace-nth"

    def __init__(self, nth: int) -> None:
        self.nth = nth
        self.place: tuple[int, int] | None = None

    def on_request(self, draft: Draft) -> None:
        spots = [s for s in draft.blocks(new=True) if s.block.slot is not None]
        if spots:
            spot = spots[self.nth % len(spots)]
            self.place = spot.message, spot.index
            draft.replace(spot, NEW, reason="a test")


def written(dialect: str, said: list[Turn], rng: Random, more: dict[str, Any]) -> bytes:
    said = said[:1] if dialect == "ollama-generate" else said
    return messy(conversation(*said, dialect=dialect, system="Be brief."), rng, more)


encodings = st.sampled_from(list(ENCODERS))


@pytest.mark.parametrize("dialect", DIALECTS)
@given(encoding=encodings, said=turns(), rng=randoms, more=unknown_fields)
def test_no_edit_sends_the_bytes_that_came(
    dialect: str, encoding: str, said: list[Turn], rng: Random, more: dict[str, Any]
) -> None:
    """However a client writes and packs its JSON: the very bytes, the encoding's own included."""
    body = ENCODERS[encoding](written(dialect, said, rng, more))
    with Session(dialect=dialect) as session:
        assert session.send(body, {"content-encoding": encoding}) == body
        assert session.outcome.body is None
        assert session.outcome.exchange is not None


@pytest.mark.parametrize("dialect", DIALECTS)
@given(encoding=encodings, said=turns(), rng=randoms, more=unknown_fields, nth=st.integers(0, 20))
def test_an_edit_changes_the_bytes_of_its_block_alone(
    dialect: str, encoding: str, said: list[Turn], rng: Random, more: dict[str, Any], nth: int
) -> None:
    """One block reads anew; every byte before it and behind it, unknown fields and number forms included, stays."""
    raw = written(dialect, said, rng, more)
    stage = ReplaceNth(nth)
    with Session(stage, dialect=dialect) as session:
        out = DECODERS[encoding](session.send(ENCODERS[encoding](raw), {"content-encoding": encoding}))
    assert stage.place is not None
    check_one_change(dialect, raw, out, stage.place)


@pytest.mark.parametrize("client", SHAPES)
@given(said=turns(), nth=st.integers(0, 20), encoding=encodings)
def test_the_requests_of_real_clients_keep_every_other_byte(
    client: str, said: list[Turn], nth: int, encoding: str
) -> None:
    """Claude Code, opencode, Codex, the SDKs, Ollama and Gemini CLI: untouched, identical; edited, one block."""
    sent = SHAPES[client](said)
    headers = {**sent.headers, "content-encoding": encoding}
    packed = ENCODERS[encoding](sent.body)
    with Session(dialect=sent.dialect) as session:
        assert session.send(packed, headers, path=sent.path) == packed
    stage = ReplaceNth(nth)
    with Session(stage, dialect=sent.dialect) as session:
        out = DECODERS[encoding](session.send(packed, headers, path=sent.path))
    assert stage.place is not None
    check_one_change(sent.dialect, sent.body, out, stage.place)


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("client", SHAPES)
def test_every_client_in_every_encoding(client: str, encoding: str) -> None:
    """None of the combinations is left to chance."""
    sent = SHAPES[client]([user("one"), assistant("two", call("Read", path="a")), results("three")])
    with Session(ReplaceNth(0), dialect=sent.dialect) as session:
        packed = ENCODERS[encoding](sent.body)
        out = session.send(packed, {**sent.headers, "content-encoding": encoding}, path=sent.path)
    assert json.loads(DECODERS[encoding](out)) != json.loads(sent.body)
    assert NEW in dialect_of(sent.dialect).read(DECODERS[encoding](out), sent.path).messages[-1].blocks[0].text


@pytest.mark.parametrize("encoding", ENCODERS)
def test_the_same_edit_is_packed_into_the_same_bytes(encoding: str) -> None:
    """The rewrite of a packed body does not depend on when it is made."""
    body = ENCODERS[encoding](conversation_of_two())
    outs = set()
    for _ in range(2):
        with Session(ReplaceNth(0)) as session:
            outs.add(session.send(body, {"content-encoding": encoding}))
    assert len(outs) == 1
    assert outs != {body}


def conversation_of_two() -> bytes:
    return json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}).encode()


def check_one_change(dialect: str, before: bytes, after: bytes, place: tuple[int, int]) -> None:
    """The bytes outside the block's slot are those that came, and what is in it reads back as the new text."""
    reader = dialect_of(dialect)
    path = path_of(dialect)
    conversation = reader.read(before, path)
    message, index = place
    block = conversation.messages[message].blocks[index]
    assert block.slot is not None
    start = conversation.spans[message].start + block.slot.start
    rest = len(before) - (conversation.spans[message].start + block.slot.end)
    assert after[:start] == before[:start]
    assert after[len(after) - rest :] == before[len(before) - rest :]
    assert reader.read(after, path).messages[message].blocks[index].text == NEW
