"""Who serves a request, and which dialect reads it, by its host and path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.dialects.bundled import bundled_dialects
from penstock.models.providers import KNOWN, Host, is_local_server, matches, provider_of

PROJECT = "/v1/projects/p/locations/us-east5"
# Where clients send their requests: host, path, the dialect that reads it (none: nobody does), and who serves it.
REQUESTS = [
    ("api.anthropic.com", "/v1/messages", "anthropic", "anthropic"),
    ("aws-external-anthropic.us-west-2.api.aws", "/v1/messages", "anthropic", "anthropic"),
    ("api.openai.com", "/v1/responses", "openai-responses", "openai"),
    ("us.api.openai.com", "/v1/chat/completions", "openai-chat", "openai"),
    ("eu.api.openai.com", "/v1/responses", "openai-responses", "openai"),
    ("chatgpt.com", "/backend-api/codex/responses", "openai-responses", "chatgpt"),
    ("generativelanguage.googleapis.com", "/v1beta/models/gemini-3.8-flash:generateContent", "gemini", "gemini"),
    ("generativelanguage.googleapis.com", "/v1beta/openai/chat/completions", "openai-chat", "gemini"),
    ("cloudcode-pa.googleapis.com", "/v1internal:streamGenerateContent", "gemini", "cloudcode"),
    ("daily-cloudcode-pa.googleapis.com", "/v1internal:generateContent", "gemini", "cloudcode"),
    (
        "us-east5-aiplatform.googleapis.com",
        f"{PROJECT}/publishers/google/models/gemini-4-argon:streamGenerateContent",
        "gemini",
        "vertex",
    ),
    (
        "aiplatform.googleapis.com",
        "/v1beta1/projects/p/locations/global/publishers/google/models/gemini-4-argon:countTokens",
        "gemini",
        "vertex",
    ),
    ("aiplatform.googleapis.com", "/v1/publishers/google/models/gemini-4-argon:generateContent", "gemini", "vertex"),
    (
        "us-east5-aiplatform.googleapis.com",
        f"{PROJECT}/publishers/anthropic/models/claude-opus-5-5:streamRawPredict",
        "anthropic",
        "vertex",
    ),
    (
        "aiplatform.us.rep.googleapis.com",
        "/v1/projects/p/locations/us/publishers/anthropic/models/count-tokens:rawPredict",
        "anthropic",
        "vertex",
    ),
    ("aiplatform.googleapis.com", f"{PROJECT}/publishers/mistralai/models/codestral:rawPredict", None, "vertex"),
    ("aiplatform.googleapis.com", f"{PROJECT}/endpoints/openapi/chat/completions", "openai-chat", "vertex"),
    (
        "bedrock-runtime.us-east-1.amazonaws.com",
        "/model/us.anthropic.claude-opus-5-5-v1%3A0/invoke-with-response-stream",
        "anthropic",
        "bedrock",
    ),
    ("bedrock-runtime.us-east-1.amazonaws.com", "/model/anthropic.claude-opus-5-5/converse", None, "bedrock"),
    ("bedrock-runtime.us-east-1.amazonaws.com", "/model/amazon.nova-pro-v1%3A0/invoke", None, "bedrock"),
    ("bedrock-runtime.eu-west-1.amazonaws.com", "/openai/v1/responses", "openai-responses", "bedrock"),
    ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "/anthropic/v1/messages", "anthropic", "bedrock"),
    ("vpce-0a1-b2.bedrock-runtime.us-east-1.vpce.amazonaws.com", "/openai/v1/responses", "openai-responses", "bedrock"),
    ("bedrock-mantle.us-east-1.api.aws", "/anthropic/v1/messages", "anthropic", "bedrock"),
    ("bedrock-mantle.us-east-1.api.aws", "/v1/chat/completions", "openai-chat", "bedrock"),
    ("res.openai.azure.com", "/openai/deployments/gpt/chat/completions", "openai-chat", "azure"),
    ("res.openai.azure.com", "/openai/v1/responses", "openai-responses", "azure"),
    ("res.services.ai.azure.com", "/anthropic/v1/messages", "anthropic", "azure"),
    ("api.githubcopilot.com", "/chat/completions", "openai-chat", "copilot"),
    ("api.business.githubcopilot.com", "/responses", "openai-responses", "copilot"),
    ("api.individual.githubcopilot.com", "/v1/messages", "anthropic", "copilot"),
    ("copilot-api.octo.ghe.com", "/chat/completions", "openai-chat", "copilot"),
    ("openrouter.ai", "/api/v1/messages", "anthropic", "openrouter"),
    ("openrouter.ai", "/api/v1/chat/completions", "openai-chat", "openrouter"),
    ("opencode.ai", "/zen/v1/messages", "anthropic", "opencode"),
    ("opencode.ai", "/zen/v1/responses", "openai-responses", "opencode"),
    ("opencode.ai", "/zen/v1/models/gemini-3.5-flash:streamGenerateContent", "gemini", "opencode"),
    ("ai-gateway.vercel.sh", "/v1/messages", "anthropic", "vercel"),
    ("ai-gateway.vercel.sh", "/v1/responses", "openai-responses", "vercel"),
    ("router.huggingface.co", "/v1/chat/completions", "openai-chat", "huggingface"),
    ("ampcode.com", "/api/provider/anthropic/v1/messages", "anthropic", "ampcode"),
    ("ampcode.com", "/api/provider/openai/v1/responses", "openai-responses", "ampcode"),
    (
        "ampcode.com",
        "/api/provider/google/v1beta1/publishers/google/models/gemini-4-argon:generateContent",
        "gemini",
        "ampcode",
    ),
    ("api.deepseek.com", "/anthropic/v1/messages", "anthropic", "deepseek"),
    ("api.deepseek.com", "/chat/completions", "openai-chat", "deepseek"),
    ("api.moonshot.ai", "/anthropic/v1/messages", "anthropic", "moonshot"),
    ("api.moonshot.cn", "/v1/chat/completions", "openai-chat", "moonshot"),
    ("api.kimi.com", "/coding/v1/messages", "anthropic", "moonshot"),
    ("api.z.ai", "/api/anthropic/v1/messages", "anthropic", "zai"),
    ("api.z.ai", "/api/coding/paas/v4/chat/completions", "openai-chat", "zai"),
    ("open.bigmodel.cn", "/api/paas/v4/chat/completions", "openai-chat", "zai"),
    ("api.minimax.io", "/anthropic/v1/messages", "anthropic", "minimax"),
    ("api.minimaxi.com", "/v1/chat/completions", "openai-chat", "minimax"),
    ("dashscope.aliyuncs.com", "/compatible-mode/v1/chat/completions", "openai-chat", "alibaba"),
    ("dashscope-intl.aliyuncs.com", "/apps/anthropic/v1/messages", "anthropic", "alibaba"),
    ("coding-intl.dashscope.aliyuncs.com", "/v1/chat/completions", "openai-chat", "alibaba"),
    ("token-plan.ap-southeast-1.maas.aliyuncs.com", "/apps/anthropic/v1/messages", "anthropic", "alibaba"),
    ("api.x.ai", "/v1/responses", "openai-responses", "xai"),
    ("api.mistral.ai", "/v1/chat/completions", "openai-chat", "mistral"),
    ("api.groq.com", "/openai/v1/chat/completions", "openai-chat", "groq"),
    ("api.together.xyz", "/v1/chat/completions", "openai-chat", "together"),
    ("api.fireworks.ai", "/inference/v1/chat/completions", "openai-chat", "fireworks"),
    ("api.cerebras.ai", "/v1/chat/completions", "openai-chat", "cerebras"),
    ("integrate.api.nvidia.com", "/v1/chat/completions", "openai-chat", "nvidia"),
    ("ollama.com", "/v1/messages", "anthropic", "ollama-cloud"),
    ("ollama.com", "/api/chat", "ollama-chat", "ollama-cloud"),
]


@pytest.mark.parametrize(("host", "path", "dialect", "provider"), REQUESTS)
def test_each_request_has_its_dialect_and_its_provider(
    host: str, path: str, dialect: str | None, provider: str
) -> None:
    """Wherever a known client sends a request, the format is that of its path and the prices are those of its host."""
    readers = [one for one in bundled_dialects() if one.endpoint("POST", path) is not None]
    assert [one.name for one in readers] == ([dialect] if dialect else [])
    assert provider_of(host, 443, path, readers[0].provider if readers else "unknown") == provider


def test_each_known_host_is_in_the_list_of_requests() -> None:
    """A new line of the table needs a request that proves it. Local servers are proved below."""
    named = [one for one in KNOWN if one.name != "*"]
    assert {one.provider for one in named} == {provider for *_, provider in REQUESTS}


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/responses", "/v1/chat/completions", "/api/chat"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "gpu-box", "llm.example.com", "::1"])
def test_ollamas_port_is_ollama_wherever_it_runs(host: str, path: str) -> None:
    """In whichever format it is asked: its models have neither Anthropic's prices nor OpenAI's cache."""
    assert provider_of(host, 11434, path, "anthropic") == "ollama"


@pytest.mark.parametrize(("port", "provider"), [(1234, "lmstudio"), (8000, "vllm"), (8080, "llamacpp")])
@pytest.mark.parametrize(
    ("host", "is_private"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("[fd00::7]", True),
        ("10.1.2.3", True),
        ("192.168.0.9", True),
        ("localhost", True),
        ("gpu-box", True),
        ("gpu-box.local", True),
        ("host.docker.internal", True),
        ("8.8.8.8", False),
        ("llm.example.com", False),
        ("local.example.com", False),
        ("", False),
    ],
)
def test_a_port_that_others_use_too_counts_in_private_networks_only(
    host: str, is_private: bool, port: int, provider: str
) -> None:
    """What answers on port 8080 of a public host may be anything."""
    assert is_local_server(host, port) is is_private
    assert provider_of(host, port, "/v1/messages", "anthropic") == (provider if is_private else "anthropic")
    assert not is_local_server(host, 443)


@pytest.mark.parametrize(
    ("path", "provider"),
    [
        ("/v1/messages", "anthropic"),
        ("/model/us.anthropic.claude-opus-5-5-v1%3A0/invoke", "bedrock"),
        ("/p/publishers/anthropic/models/claude-opus-5-5:rawPredict", "vertex"),
        ("/v1internal:streamGenerateContent", "cloudcode"),
    ],
)
def test_behind_an_unknown_host_the_path_or_the_format_tells(path: str, provider: str) -> None:
    """A gateway of a company's own: some paths are one cloud's alone, and else the format is all that is known."""
    for host, port in (("llm.example.com", 443), ("127.0.0.1", 4000)):
        assert provider_of(host, port, path, "anthropic") == provider


@pytest.mark.parametrize(
    ("pattern", "host", "is_match"),
    [
        ("api.test", "API.TEST.", True),
        ("api.test", "my-api.test", False),
        ("api.test", "apiXtest", False),
        ("*.api.test", "a.api.test", True),
        ("*.api.test", "a.b.api.test", True),
        ("*.api.test", "api.test", False),
        ("*.api.test", "evilapi.test", False),
        ("*", "anything.test", True),
        ("*-api.test", "eu-api.test", True),
        ("*-api.test", "eu.west-api.test", False),
        ("run.*.test", "run.eu.test", True),
        ("run.*.test", "run.s3.eu.test", False),
        ("run.*.test", "run.eu.test.evil.example", False),
        ("scope*.test", "scope.test", True),
        ("scope*.test", "scope-intl.test", True),
        ("scope*.test", "scope.evil.test", False),
    ],
)
def test_a_star_stands_for_what_it_says(pattern: str, host: str, is_match: bool) -> None:
    """In front of a dot for every level below a domain, elsewhere for one label: nobody gets in by a longer name."""
    assert matches(pattern, host) is is_match


@given(st.sampled_from([one for one in KNOWN if one.name != "*"]), st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True))
def test_a_host_below_a_domain_of_somebody_else_is_unknown(known: Host, label: str) -> None:
    """A known name in front of another domain, or with letters after it, is another host."""
    name = known.name.replace("*", label)
    assert provider_of(name, 443, "/v1/messages", "?") == known.provider
    for other in (f"{name}.example.com", f"{name}x"):
        assert provider_of(other, 443, "/v1/messages", "anthropic") == "anthropic"
