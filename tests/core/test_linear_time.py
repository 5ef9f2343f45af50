"""P11: what a stranger writes can not hold the interpreter: every text function of the core takes linear time.

Tool results, web pages and files are read on the road. A pattern that reads the rest of the text again at each place
turns 100 KB of them into seconds in which no other request is served.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from penstock import ToolOutput
from penstock.base.delimited import Enclosed
from penstock.base.errors import Unreadable
from penstock.base.excerpt import excerpt
from penstock.conversation.conversation import Block, BlockKind, Conversation, Role, is_envelope, prompt_of
from penstock.conversation.json_spans import Span
from penstock.cost.prices import Prices
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.sse import SseSplitter
from penstock.identify.classify import searcher
from penstock.identify.identity import client_of
from penstock.identify.working_directory import folder_of
from penstock.memory import chunks, clean, text_kind
from penstock.memory.search import text_features
from penstock.models import names as models
from penstock.profiles.chat_header import ChatHeaders
from penstock.profiles.envelope_rules import envelope_settings
from penstock.redaction.by_name import without_named
from penstock.redaction.by_place import without_placed
from penstock.redaction.by_shape import without_shapes
from penstock.redaction.personal import without_personal
from penstock.redaction.redaction import Redactor, redact
from penstock.replay import retention
from penstock.testing import profile_of
from penstock.text import dates, question, stems
from penstock.tokens.estimate import estimate
from tests.growth import assert_linear

pytestmark = pytest.mark.slow

PROFILE = profile_of()


def whole(text: str) -> str:
    """Without half characters, which no JSON has."""
    return text.encode("utf-8", "replace").decode()


def read(request: dict[str, object]) -> Conversation | None:
    try:
        return Anthropic().read(msgspec.json.encode(request), "/v1/messages")
    except Unreadable:
        return None


def message(text: str) -> Conversation | None:
    return read({"model": "m", "messages": [{"role": "user", "content": whole(text)}]})


def system(text: str) -> str:
    found = read({"system": f"Working directory: \nWorking directory: {whole(text)}", "messages": []})
    return folder_of(found) if found is not None else ""


def raw(text: str) -> Conversation | None:
    """A value that is no JSON, or one of many brackets."""
    try:
        return Anthropic().read(b'{"messages":[],"x":' + text.encode("utf-8", "replace"), "/v1/messages")
    except Unreadable:
        return None


def stream(text: str) -> int:
    """A provider's stream, in small pieces."""
    splitter, data = SseSplitter(), text.encode("utf-8", "replace")
    return sum(1 for at in range(0, len(data), 500) for _ in splitter.feed(data[at : at + 500]))


def words(text: str) -> str:
    return prompt_of(Role.USER, [Block(BlockKind.TEXT, Role.USER, text, b"", Span(0, 0))] * 3)


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "is_envelope": is_envelope,
    "is_envelope, with a tag": lambda text: is_envelope(f"<a-b>{text}</a-b>"),
    "prompt_of": words,
    "envelopes of the profile": envelope_settings(PROFILE).stripper(),
    "tags": Enclosed.tags(("system-reminder", "a-b", "c-d"), keep=False),
    "chat headers": ChatHeaders(("WhatsApp",)),
    "redact": redact,
    "redact, by form": without_shapes,
    "redact, by place": without_placed,
    "redact, by name": without_named,
    "redactor": Redactor(400),
    "personal data": without_personal,
    "notes": clean.without_notes,
    "cleaned": clean.sanitize,
    "request": message,
    "request with a long key": lambda text: read({whole(text): 1, "messages": []}),
    "request that is damaged": raw,
    "folder": system,
    "kinds": searcher(PROFILE.kinds.side + PROFILE.kinds.compaction),
    "client": lambda text: client_of({"user-agent": text}),
    "model": models.parse,
    "price": lambda text: Prices([]).of("anthropic", text),
    "chunks": chunks.chunks,
    "passages": chunks.passages,
    "terms": stems.terms,
    "identifiers": stems.identifiers,
    "traits": text_features.traits_of,
    "kind of text": text_kind.kind_of,
    "worth keeping": text_kind.is_worth_keeping,
    "times": lambda text: dates.times_in(text, 1e9),
    "date": dates.parse_date,
    "question": lambda text: question.read_question(text, ("Ann", "Bob"), 1e9),
    "tokens": estimate,
    "original": lambda text: ToolOutput(text, tool=text, input={"command": text}).is_original,
    "names left": lambda text: list(retention.names_in(text)),
    "lines left": lambda text: list(retention.lines_in(text)),
    "excerpt": lambda text: excerpt(text, lines="1-1"),
    "stream": stream,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_with_the_length_alone(name: str) -> None:
    """Unclosed tags, nested ones, long runs of one sign, deep brackets: compared with a plain scan of the same text."""
    assert_linear(FUNCTIONS[name])
