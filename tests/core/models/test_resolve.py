"""Ids as hosts and clients write them lead to the right row, or to none."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.conversation.reply import Usage
from penstock.cost.account import RequestCost
from penstock.cost.bill import bill
from penstock.cost.prompt_cache import Cost
from penstock.models import Row, Table

TABLE = Table(today=datetime.date(2026, 11, 22))
ARN = "arn:aws:bedrock:us-east-1:123456789012"
VERTEX = "projects/p/locations/{}/publishers/anthropic/models/claude-opus-5-5@20261001:streamRawPredict"


@pytest.mark.parametrize(
    ("id", "provider", "name", "dollars"),
    [
        ("claude-opus-5-5", "anthropic", "claude-opus-5-5", 4.0),
        ("claude-opus-5-5-20261001", "anthropic", "claude-opus-5-5", 4.0),
        ("claude-opus-5-5[1m]", "anthropic", "claude-opus-5-5", 4.0),
        ("claude-opus-5-fast", "anthropic", "claude-opus-5", 10.0),
        ("claude-4.5-sonnet", "anthropic", "claude-sonnet-4-5", 3.0),
        ("claude-3-5-haiku-latest", "anthropic", "claude-3-5-haiku", 0.8),
        ("anthropic/claude-opus-5-5", "anthropic", "claude-opus-5-5", 4.0),
        ("global.anthropic.claude-opus-5-5-v1:0", "bedrock", "claude-opus-5-5", 4.0),
        ("us.anthropic.claude-opus-5-5-v1:0", "bedrock", "claude-opus-5-5", 4.4),
        ("eu.anthropic.claude-sonnet-5-5-v1:0", "bedrock", "claude-sonnet-5-5", 2.2),
        ("apac.anthropic.claude-haiku-5-5", "bedrock", "claude-haiku-5-5", 0.11),
        ("us-gov.anthropic.claude-sonnet-5-5", "bedrock", "claude-sonnet-5-5", 2.4),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "bedrock", "claude-opus-4-1", 15.0),
        ("anthropic.claude-opus-4-6-v1", "bedrock", "claude-opus-4-6", 5.0),
        ("openai.gpt-oss-120b-1:0", "bedrock", "gpt-oss-120b", 0.15),
        ("bedrock/us.openai.gpt-6.1-terra", "bedrock", "gpt-6.1-terra", 1.1),
        (f"{ARN}:inference-profile/us.anthropic.claude-opus-5-5-v1:0", "bedrock", "claude-opus-5-5", 4.4),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-5-5-v1:0",
            "bedrock",
            "claude-opus-5-5",
            4.0,
        ),
        ("us.anthropic.claude-opus-5-5-v1%3A0", "bedrock", "claude-opus-5-5", 4.4),
        ("claude-opus-5-5@20261001", "vertex", "claude-opus-5-5", 4.0),
        ("claude-opus-5-5@default", "vertex", "claude-opus-5-5", 4.0),
        (VERTEX.format("global"), "vertex", "claude-opus-5-5", 4.0),
        (VERTEX.format("us-east5"), "vertex", "claude-opus-5-5", 4.4),
        ("publishers/google/models/gemini-3.8-flash", "vertex", "gemini-3.8-flash", 0.75),
        ("anthropic/claude-opus-5.5", "openrouter", "claude-opus-5-5", 4.0),
        ("anthropic/claude-opus-5.5:thinking", "openrouter", "claude-opus-5-5", 4.0),
        ("anthropic/claude-sonnet-5.5:nitro", "openrouter", "claude-sonnet-5-5", 2.0),
        ("anthropic/claude-opus-5.5:batch", "openrouter", "claude-opus-5-5", 2.0),
        ("anthropic/claude-opus-5-fast", "anthropic", "claude-opus-5", 10.0),
        ("qwen/qwen3-coder:free", "openrouter", "qwen3-coder", 0.0),
        ("openai/gpt-6.2-sol", "openrouter", "gpt-6.2-sol", 2.0),
        ("google/gemini-3.8-flash", "openrouter", "gemini-3.8-flash", 0.75),
        ("z-ai/glm-5.3", "openrouter", "glm-5.3", 1.4),
        ("openrouter/anthropic/claude-opus-5.5", "openrouter", "claude-opus-5-5", 4.0),
        ("gpt-6.2-sol", "openai", "gpt-6.2-sol", 2.0),
        ("gpt-6.2-sol-2026-11-17", "openai", "gpt-6.2-sol", 2.0),
        ("gpt-5.4-mini-2026-03-17", "openai", "gpt-5.4-mini", 0.75),
        ("gpt-5.6", "openai", "gpt-5.6-sol", 4.0),
        ("azure/gpt-6-1-sol", "azure", "gpt-6.1-sol", 2.0),
        ("qwen3-coder:30b", "ollama", "qwen3-coder", 0.0),
        ("hf.co/unsloth/Qwen3-GGUF:Q4_K_M", "ollama", "hf.co/unsloth/Qwen3-GGUF", 0.0),
        ("lmstudio/qwen/qwen3-coder-30b", "lmstudio", "qwen3-coder-30b", 0.0),
        ("vllm/meta-llama/Llama-4", "vllm", "Llama-4", 0.0),
        ("models/gemini-3.8-flash", "gemini", "gemini-3.8-flash", 0.75),
        ("gemini-3.1-pro-preview", "gemini", "gemini-3.1-pro", 2.0),
        ("gemini-2.5-flash-preview-09-2025", "gemini", "gemini-2.5-flash", 0.3),
        ("gemini-flash-latest", "gemini", "gemini-3.8-flash", 0.75),
        ("deepseek-v4-flash", "deepseek", "deepseek-v4-flash", 0.3),
        ("kimi-k3", "moonshot", "kimi-k3", 3.0),
        ("glm-5.2", "zai", "glm-5.2", 1.4),
        ("MiniMax-M3", "minimax", "MiniMax-M3", 0.3),
        ("minimax-m3", "minimax", "MiniMax-M3", 0.3),
        ("grok-4.7", "xai", "grok-4.7", 2.0),
        ("mistral-large-2512", "mistral", "mistral-large", 0.5),
        ("accounts/fireworks/models/glm-5p3", "fireworks", "glm-5p3", 1.4),
    ],
)
def test_the_shape_of_an_id_says_who_serves_it(id: str, provider: str, name: str, dollars: float) -> None:
    """And which row it is; every row has a source, a date, and says how it was found."""
    found = TABLE.resolve(id)
    assert (found.row.provider, found.row.name, round(found.price.input, 6)) == (provider, name, dollars)
    assert found.is_known
    assert found.row.source.startswith("https://")
    assert found.row.date is not None
    assert name.split("/")[-1] in found.how or "every model" in found.how


@pytest.mark.parametrize(
    ("provider", "id", "row", "how"),
    [
        ("anthropic", "us.anthropic.claude-opus-5-5-v1:0", ("anthropic", "claude-opus-5-5"), "the row claude-opus-5-5"),
        ("openai", "deepseek-v4-flash", ("deepseek", "deepseek-v4-flash"), "the list price of its maker"),
        ("vercel", "deepseek/deepseek-v4-flash", ("deepseek", "deepseek-v4-flash"), "vercel has no row of it"),
        ("vercel", "anthropic/claude-opus-5.5", ("vercel", "claude-opus-5-5"), "the row claude-opus-5-5 of vercel"),
        ("chatgpt", "gpt-6.2-sol", ("chatgpt", "gpt-6.2-sol"), "the row"),
        ("copilot", "claude-opus-5.5", ("copilot", "claude-opus-5-5"), "the row"),
        ("groq", "openai/gpt-oss-120b", ("groq", "gpt-oss-120b"), "the row"),
        ("somewhere", "claude-opus-5-5", ("anthropic", "claude-opus-5-5"), "somewhere has no row of it"),
    ],
)
def test_who_serves_it_may_be_said(provider: str, id: str, row: tuple[str, str], how: str) -> None:
    """A gateway that has no row of a model gives that of its maker, and says that this is the list price."""
    found = TABLE.resolve(id, provider)
    assert (found.row.provider, found.row.name) == row
    assert how in found.how
    assert found.is_known


@pytest.mark.parametrize(
    ("id", "binds", "window"),
    [
        ("claude-opus-6", True, 1_000_000),
        ("claude-sonnet-5-7", True, 1_000_000),
        ("claude-haiku-6", True, 1_000_000),
        ("claude-newfamily-7", True, 1_000_000),
        ("us.anthropic.claude-opus-6-v1:0", True, 1_000_000),
        ("anthropic/claude-opus-6", True, 1_000_000),
        ("gpt-6.3-sol", True, 1_050_000),
        ("gpt-7", True, 1_050_000),
        ("gpt-6.2-luna", True, 1_050_000),
        ("claude-opus-4-9", False, 1_000_000),
        ("gpt-6.1-luna", False, 1_050_000),
        ("gpt-5.6-mini", False, 1_050_000),
        ("gemini-5-argon", False, 1_048_576),
        ("glm-6", False, 1_048_576),
    ],
)
def test_an_unknown_name_has_no_price(id: str, binds: bool, window: int) -> None:
    """But the largest window of its family; and thinking is bound where no equally new or newer relative is free."""
    found = TABLE.resolve(id)
    assert not found.is_known
    assert (found.price.input, found.price.output, found.price.dollars(plain=1e6, output=1e6)) == (0, 0, 0)
    assert (found.price.binds_thinking, found.row.figures["window"]) == (binds, window)
    assert "price unknown" in found.how


@pytest.mark.parametrize(
    ("id", "binds"),
    [
        *((f"claude-{name}", True) for name in ("fable-5-1", "fable-5-2", "mythos-5-2", "opus-5-5", "haiku-5-5")),
        *(
            (f"claude-{name}", False)
            for name in ("fable-5", "opus-5", "opus-4-8", "sonnet-5", "sonnet-4-6", "haiku-4-5")
        ),
        *((f"gpt-{name}", True) for name in ("6.2-sol", "6.2-astra")),
        *((f"gpt-{name}", False) for name in ("6-sol", "6.1-sol", "6.1-terra", "5.6", "5", "4o")),
    ],
)
def test_what_binds_thinking(id: str, binds: bool) -> None:
    """https://platform.claude.com/docs/en/build-with-claude/preserved-thinking/prefix-checks and
    https://developers.openai.com/api/docs/guides/keep-prefix-unchanged."""
    assert TABLE.resolve(id).price.binds_thinking is binds


@pytest.mark.parametrize(
    ("provider", "id"),
    [
        ("", f"{ARN}:application-inference-profile/abc123"),
        ("azure", "prod-chat"),
        ("azure", "my-deployment"),
        ("", "ft:gpt-4.1-2025-04-14:org::id"),
        ("", "gpt-oss:120b-cloud"),
        ("", "Qwen/Qwen3-Coder-480B-A35B-Instruct"),
        ("nvidia", "deepseek-ai/deepseek-v4-flash"),
        ("groq", "moonshotai/kimi-k3"),
        ("", "fireworks/glm-5.2-fast"),
        ("", "claude-haiku-5-5-fast"),
        ("nobody", "nothing"),
        ("anthropic", ""),
    ],
)
def test_what_nobody_can_know_is_unknown(provider: str, id: str) -> None:
    """Names that an owner chose, hosts that set their own prices, plans, and models there are no figures of."""
    found = TABLE.resolve(id, provider)
    assert not found.is_known
    assert found.price.window > 0


def test_names_of_others_bind_nothing() -> None:
    """A model that is none of OpenAI's is not bound because it is asked for in that format; what could be one is."""
    assert not TABLE.resolve("llama3.2", "openai").price.binds_thinking
    assert not TABLE.resolve("gpt-oss-120b", "openai").price.binds_thinking
    assert TABLE.resolve("our-model", "openai").price.binds_thinking
    assert TABLE.resolve("our-model", "anthropic").price.binds_thinking
    assert not TABLE.resolve("our-model", "ollama").price.binds_thinking


def test_local_servers_cost_nothing() -> None:
    """Whatever they serve; their window is the smallest that is usual."""
    for provider in ("ollama", "lmstudio", "vllm", "llamacpp"):
        price = TABLE.resolve("anything:7b", provider).price
        assert (price.is_known, price.input, price.output, price.window, price.marks) == (True, 0, 0, 8192, False)


@given(st.text(), st.sampled_from(["", *sorted(TABLE.providers), "nobody"]))
def test_no_name_is_too_strange(id: str, provider: str) -> None:
    """Something is found for whatever stands in a request, twice the same."""
    found = TABLE.resolve(id, provider)
    assert found.price.window > 0
    assert found.how
    assert TABLE.resolve(id, provider) == found


@given(st.sampled_from(TABLE.rows()), st.sampled_from(["", "-20261001", "-2026-10-01", "-latest"]), st.booleans())
def test_every_row_is_found_by_its_name(row: Row, version: str, is_loud: bool) -> None:
    """At its provider; dated, and in other cases."""
    name = row.name + version
    found = TABLE.resolve(name.upper() if is_loud else name, row.provider)
    assert found.row == row or row.name == "any"


@pytest.mark.parametrize(
    ("id", "provider", "terms", "dollars"),
    [
        ("claude-opus-5-5-fast", "anthropic", {"is_fast": True}, 8.0),
        ("claude-opus-5-5", "anthropic", {"is_fast": True}, 8.0),
        ("claude-opus-5-5", "anthropic", {"is_us": True}, 4.4),
        ("claude-opus-5-5-fast", "anthropic", {"is_fast": True, "is_us": True}, 8.8),
        ("us.anthropic.claude-opus-5-5-v1:0", "bedrock", {"is_us": True}, 4.4),
        ("us.anthropic.claude-opus-5-5-v1:0", "bedrock", {}, 4.4),
        ("openai/gpt-6.1-sol:flex", "openrouter", {"is_deferred": True}, 1.0),
        ("openai/gpt-6.1-sol", "openrouter", {"is_deferred": True}, 1.0),
    ],
)
def test_a_surcharge_is_counted_once(id: str, provider: str, terms: dict[str, bool], dollars: float) -> None:
    """Whether the id says it, the reply, or both."""
    price = TABLE.resolve(id, provider).price
    cost = Cost(100_000)
    paid = bill(RequestCost(cost, cost, price), Usage(input=100_000, output=0, **terms)).paid  # type: ignore[arg-type]
    assert round(paid * 10, 6) == dollars
