"""Which provider a model is asked at."""

from __future__ import annotations

import pytest

from penstock.gateway.errors import NotAllowed, NotThere
from penstock.gateway.provider_kinds import Endpoint
from penstock.gateway.records import Provider
from penstock.gateway.routing import Translations, check_models, route


def provider(name: str, kind: str = "") -> Provider:
    return Provider(f"id-{name}", "w", name, kind or name, "https://x", False, 0.0)


TEAM = [provider("openrouter"), provider("anthropic"), provider("openai"), provider("local", "ollama")]


@pytest.mark.parametrize(
    ("said", "endpoint", "full_name"),
    [
        ("anthropic/claude-opus-5-5", "messages", "anthropic/claude-opus-5-5"),
        ("openrouter/anthropic/claude", "messages", "openrouter/anthropic/claude"),
        ("claude-opus-5-5", "messages", "anthropic/claude-opus-5-5"),
        ("gpt-5", "chat", "openrouter/gpt-5"),
        ("qwen3:8b", "ollama", "local/qwen3:8b"),
        ("llama3", "chat", "local/llama3"),
        ("meta/llama-4", "chat", "openrouter/meta/llama-4"),
        ("fast", "chat", "openai/gpt-5-mini"),
        ("openai/gpt-5", "chat", "openai/gpt-4"),
        ("openai/", "chat", "openrouter/openai/"),
    ],
)
def test_a_name_leads_to_one_provider(said: str, endpoint: Endpoint, full_name: str) -> None:
    """An alias first, then the provider that is named, the one that lists it, the one that is at home in the format."""
    aliases = {"fast": "openai/gpt-5-mini", "openai/gpt-5": "openai/gpt-4"}
    found = route(said, endpoint, TEAM, aliases, {"id-local": ["llama3"]})
    assert found.full_name == full_name


def test_the_one_at_home_in_a_format_comes_before_those_that_offer_it_too() -> None:
    assert route("x", "messages", [provider("openrouter"), provider("anthropic")], {}, {}).provider.name == "anthropic"
    assert route("x", "chat", [provider("gemini"), provider("openai")], {}, {}).provider.name == "openai"


def test_what_cannot_be_asked_in_a_format_is_said() -> None:
    with pytest.raises(NotThere, match=r"openai \(openai\) does not answer in this format"):
        route("openai/gpt-5", "messages", TEAM, {}, {})
    with pytest.raises(NotThere, match=r"no provider here serves the model 'x' in this format$"):
        route("x", "gemini", TEAM, {}, {})
    with pytest.raises(NotThere, match="write it as provider/name, with one of: openrouter, openai"):
        route("", "responses", TEAM, {}, {})
    with pytest.raises(NotThere):
        route("x", "chat", [], {}, {})


def test_a_request_is_translated_for_a_provider_that_is_named_or_lists_the_model() -> None:
    """To the format that the provider is most at home with, and never where it speaks the client's."""
    both: Translations = {"messages": ["responses", "chat"], "responses": ["chat", "messages"]}
    listed = {"id-openai": ["gpt-6"], "id-openrouter": ["gpt-6"]}
    ways = [
        ("openai/gpt-5", "chat"),
        ("fast", "chat"),
        ("gpt-6", None),
        ("anthropic/claude", None),
        ("unknown", None),
        ("openrouter/openai/gpt-5", None),
    ]
    for said, asked_in in ways:
        found = route(said, "messages", TEAM, {"fast": "openai/gpt-5-mini"}, listed, both)
        assert (said, found.asked_in) == (said, asked_in)
    found = route("gpt-6", "messages", TEAM[1:], {}, listed, both)
    assert (found.full_name, found.asked_in) == ("openai/gpt-6", "chat")
    assert route("anthropic/claude", "responses", TEAM, {}, {}, both).asked_in == "messages"


def test_what_nobody_translates_is_refused_with_what_would_help() -> None:
    """A bare name that no provider lists stays where its format is at home."""
    with pytest.raises(NotThere, match=r"have it translated: pip install 'penstock\[translate\]'"):
        route("openai/gpt-5", "messages", TEAM, {}, {})
    with pytest.raises(NotThere, match=r"ask it by another path$"):
        route("openai/gpt-5", "messages", TEAM, {}, {}, {"chat": ["messages"]})
    with pytest.raises(NotThere, match=r"ask it by another path$"):
        route("openai/gpt-5", "count_tokens", TEAM, {}, {})
    with pytest.raises(NotThere, match="no provider here serves"):
        route("gpt-5", "messages", [provider("openai")], {}, {}, {"messages": ["chat"]})


@pytest.mark.parametrize(
    ("models", "said", "is_allowed"),
    [
        ((), "anything", True),
        (("anthropic/*",), "claude", True),
        (("anthropic/claude-haiku-*",), "claude-opus", False),
        (("fast",), "fast", True),
        (("fast",), "claude", False),
        (("claude",), "claude", True),
        (("*opus*",), "claude-opus", True),
        (("OPENAI/*", "Claude"), "claude", False),
    ],
)
def test_a_key_may_be_for_some_models_only(models: tuple[str, ...], said: str, is_allowed: bool) -> None:
    found = route(said, "messages", [provider("anthropic")], {"fast": "anthropic/claude-haiku"}, {})
    if is_allowed:
        check_models(models, said, found.full_name)
    else:
        with pytest.raises(NotAllowed, match=f"may not ask '{said}'"):
            check_models(models, said, found.full_name)


def test_a_mistyped_provider_is_no_other_company() -> None:
    """Unless its names have slashes of their own."""
    openai, router = provider("openai"), provider("openrouter")
    with pytest.raises(NotThere):
        route("opnai/gpt-5", "chat", [openai], {}, {})
    assert route("meta/llama", "chat", [openai, router], {}, {}).provider == router
