"""What kind of request it is, told from the headers and bodies of real clients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from penstock import Identity, Kind
from penstock.conversation.exchange import Request
from penstock.dialects.base import Endpoint
from penstock.identify.classify import Classifier
from penstock.profiles.profile import Kinds, load
from penstock.testing import assistant, call, conversation, dialect_of, path_of, results, user
from tests.shapes import SHAPES, claude_code, claude_code_headers

TOOLS = [user("look"), assistant("yes", call("Read", path="a")), results("text")]


def kind_of(
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    dialect: str = "anthropic",
    path: str = "",
    agent: str = "main",
    kinds: Kinds | None = None,
) -> Kind:
    reader = dialect_of(dialect)
    path = path or path_of(dialect)
    endpoint = reader.endpoint("POST", path) or Endpoint.TURN
    request = Request("x", "POST", "localhost", path, headers or {}, body)
    identity = Identity("c", reader.provider, "", agent, "test")
    classifier = Classifier(load("default").kinds if kinds is None else kinds)
    return classifier.kind(request, endpoint, reader.read(body, path), identity)


@pytest.mark.parametrize("client", SHAPES)
def test_a_persons_message_and_the_results_of_tools(client: str) -> None:
    """Of every client whose shape is known."""
    for said, kind in ((TOOLS[:1], Kind.MAIN), (TOOLS, Kind.TOOL_LOOP)):
        sent = SHAPES[client](said)
        found = kind_of(sent.body, headers=sent.headers, dialect=sent.dialect, path=sent.path)
        assert found is (Kind.MAIN if client == "ollama-prompt" else kind)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("main", Kind.MAIN),
        ("", Kind.MAIN),
        ("subagent", Kind.SUBAGENT),
        ("auxiliary", Kind.SIDE),
        ("compaction", Kind.CLIENT_COMPACTION),
        ("of-tomorrow", Kind.MAIN),
    ],
)
def test_claude_code_says_what_it_wants(said: str, kind: Kind) -> None:
    """In a header of its own; a word nobody knows says nothing."""
    assert kind_of(claude_code(TOOLS[:1]), headers=claude_code_headers(said)) is kind


def test_claude_code_says_when_it_compacts() -> None:
    """In another header, whatever the class."""
    headers = claude_code_headers("main") | {"x-claude-code-compaction": "manual"}
    assert kind_of(claude_code(TOOLS[:1]), headers=headers) is Kind.CLIENT_COMPACTION


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ('{"request_kind":"turn"}', Kind.MAIN),
        ('{"request_kind":"compact"}', Kind.CLIENT_COMPACTION),
        ('{"request_kind":"auto_compaction"}', Kind.CLIENT_COMPACTION),
        ('{"request_kind":"prewarm"}', Kind.SIDE),
        ('{"request_kind":""}', Kind.MAIN),
        ("{}", Kind.MAIN),
        ("[1]", Kind.MAIN),
        ("no JSON", Kind.MAIN),
    ],
)
def test_codex_says_what_it_wants(metadata: str, kind: Kind) -> None:
    """In JSON in a header."""
    body = conversation(user("look"), dialect="openai-responses")
    assert kind_of(body, headers={"x-codex-turn-metadata": metadata}, dialect="openai-responses") is kind


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        ("anthropic", "/v1/messages/count_tokens"),
        ("openai-responses", "/v1/responses/input_tokens"),
        ("gemini", "/v1beta/models/g:countTokens"),
    ],
)
def test_counting_is_told_by_its_path(dialect: str, path: str) -> None:
    """Before anything else: a count may carry any header."""
    body = conversation(user("look"), dialect=dialect)
    assert kind_of(body, dialect=dialect, path=path, headers=claude_code_headers("main")) is Kind.COUNT


SIDE = [
    "You are a title generator. You output ONLY a thread title. Nothing else.",
    "Generate a title for this conversation:",
    "Please generate a short title for what follows",
    "Analyze if this message indicates a new conversation topic. If it does, extract a title.",
    "Summarize this coding conversation in under 50 characters.",
    "Analyze *only* the content and structure of your immediately preceding response",
    "You are an expert software engineer that generates concise, one-line Git commit messages",
]
COMPACTION = [
    "Your task is to create a detailed summary of the conversation so far",
    "You are a helpful AI assistant tasked with summarizing conversations.",
    "You are a specialized system component responsible for distilling chat history into a structured XML.",
    "You are performing a CONTEXT CHECKPOINT COMPACTION. Create a handoff summary",
    "*Briefly* summarize this partial conversation about programming.",
]
PLACES: dict[str, Any] = {
    "anthropic system": lambda text: (conversation(user("hello"), system=text), "anthropic"),
    "anthropic words": lambda text: (conversation(user("hello"), assistant("yes"), user(text)), "anthropic"),
    "openai system": lambda text: (
        conversation(user("hello"), system=text, dialect="openai-chat"),
        "openai-chat",
    ),
    "openai words": lambda text: (conversation(user(text), dialect="openai-chat"), "openai-chat"),
    "responses instructions": lambda text: (
        conversation(user("hello"), system=text, dialect="openai-responses"),
        "openai-responses",
    ),
    "responses developer": lambda text: (
        json.dumps({"input": [{"role": "developer", "content": text}, {"role": "user", "content": "hello"}]}).encode(),
        "openai-responses",
    ),
    "gemini system": lambda text: (conversation(user("hello"), system=text, dialect="gemini"), "gemini"),
    "gemini words": lambda text: (conversation(user(text), dialect="gemini"), "gemini"),
    "ollama words": lambda text: (conversation(user(text), dialect="ollama-chat"), "ollama-chat"),
    "ollama prompt": lambda text: (conversation(user(text), dialect="ollama-generate"), "ollama-generate"),
}


@pytest.mark.parametrize("text", SIDE + COMPACTION)
def test_side_calls_and_compactions_are_told_by_their_words(text: str) -> None:
    """In the system prompt or in the newest words, of any dialect, with the patterns of the default profile."""
    expected = Kind.SIDE if text in SIDE else Kind.CLIENT_COMPACTION
    for place, make in PLACES.items():
        body, dialect = make(text)
        assert kind_of(body, dialect=dialect) is expected, place


@pytest.mark.parametrize(
    "words",
    [
        "How do I generate an index for this book?",
        "Tell me what a warmup is",
        "We talked about summarizing conversations yesterday",
        "write a commit message for this",
        "",
    ],
)
def test_a_person_may_speak_of_such_things(words: str) -> None:
    """Their request is a turn like any other."""
    assert kind_of(conversation(user("hello", words or "x"))) is Kind.MAIN


def test_old_words_do_not_count() -> None:
    """What was once said further up is history."""
    body = conversation(user(SIDE[0]), assistant("A title"), user("now the work"))
    assert kind_of(body) is Kind.MAIN


def test_only_the_opening_of_a_text_is_searched() -> None:
    """A long paste may hold anything."""
    assert kind_of(conversation(user("x " * 2500 + SIDE[0]))) is Kind.MAIN
    assert kind_of(conversation(user("x " * 1000 + SIDE[0]))) is Kind.SIDE


@pytest.mark.parametrize(
    ("dialect", "field"),
    [
        ("anthropic", "max_tokens"),
        ("openai-chat", "max_completion_tokens"),
        ("openai-chat", "max_tokens"),
        ("openai-responses", "max_output_tokens"),
    ],
)
def test_asking_for_one_token_is_asking_for_nothing(dialect: str, field: str) -> None:
    """A quota check or a warm-up; two are an answer."""
    for n, kind in ((1, Kind.SIDE), (2, Kind.MAIN)):
        assert kind_of(conversation(user("quota"), dialect=dialect, **{field: n}), dialect=dialect) is kind


def test_a_subagent_is_told_by_its_id() -> None:
    """Where no class is sent."""
    assert kind_of(conversation(user("hello")), agent="a1") is Kind.SUBAGENT
    assert kind_of(conversation(*TOOLS), agent="a1") is Kind.SUBAGENT


def test_loading_a_model_is_no_turn() -> None:
    """Ollama clients send requests without any message."""
    assert kind_of(b'{"model":"m"}', dialect="ollama-chat") is Kind.SIDE
    assert kind_of(b'{"model":"m","keep_alive":0}', dialect="ollama-generate") is Kind.SIDE


def test_words_beside_results_are_a_persons() -> None:
    """They interrupted the tools, or went on in the same message."""
    body = json.loads(conversation(*TOOLS))
    body["messages"][2]["content"].append({"type": "text", "text": "stop that"})
    assert kind_of(json.dumps(body).encode()) is Kind.MAIN
    body["messages"][2]["content"][1]["text"] = "<system-reminder>Today is Monday.</system-reminder>"
    assert kind_of(json.dumps(body).encode()) is Kind.TOOL_LOOP


def test_the_patterns_are_the_profiles() -> None:
    """Others find other things; none find nothing."""
    kinds = Kinds(side=("(?i)my own side call",))
    assert kind_of(conversation(user("My own side call")), kinds=kinds) is Kind.SIDE
    assert kind_of(conversation(user(SIDE[0])), kinds=kinds) is Kind.MAIN
    assert kind_of(conversation(user(SIDE[0])), kinds=Kinds()) is Kind.MAIN


def test_the_billing_line_says_nothing() -> None:
    """Whatever stands in it."""
    body = json.loads(claude_code(TOOLS[:1]))
    body["system"][0]["text"] = "x-anthropic-billing-header: you are a title generator"
    assert kind_of(json.dumps(body).encode()) is Kind.MAIN
