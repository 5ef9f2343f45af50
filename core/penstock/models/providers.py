"""`provider_of`: which provider answers at a host, a company or program that sets prices, windows and cache rules.
`KNOWN`: the list of model hosts. `is_local_server`: whether a model server may answer there, by the port; `matches`:
whether a host matches a pattern.

The proxy decrypts TLS to the hosts in `KNOWN` and to those that a profile or an option adds, and to no other. A new
host is one line.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["KNOWN", "Host", "is_local_server", "matches", "provider_of"]


@dataclass(frozen=True, slots=True)
class Host:
    """A host at which a provider answers."""

    name: str
    """The host name or pattern, as `matches` reads it."""
    provider: str
    """Its name in prices, profiles and events."""
    port: int = 0
    """The only port it answers on. 0: any."""
    is_local: bool = False
    """A port that other programs use as well: it counts on this machine and in private networks only, without TLS, and
    only paths of a model API are read there."""


KNOWN = (
    # Anthropic. https://docs.anthropic.com/en/api/overview; Claude Platform on AWS has Anthropic's own API and prices:
    # https://platform.claude.com/docs/en/build-with-claude/claude-platform-on-aws
    Host("api.anthropic.com", "anthropic"),
    Host("aws-external-anthropic.*.api.aws", "anthropic"),
    # OpenAI, with its regional hosts. https://platform.openai.com/docs/guides/your-data#data-residency
    Host("api.openai.com", "openai"),
    Host("us.api.openai.com", "openai"),
    Host("eu.api.openai.com", "openai"),
    # Codex with a ChatGPT login: https://developers.openai.com/codex/auth
    Host("chatgpt.com", "chatgpt"),
    # Google AI Studio. https://ai.google.dev/api
    Host("generativelanguage.googleapis.com", "gemini"),
    # Gemini CLI and Antigravity with a Google login: https://github.com/google-gemini/gemini-cli
    Host("cloudcode-pa.googleapis.com", "cloudcode"),
    Host("daily-cloudcode-pa.googleapis.com", "cloudcode"),
    # Vertex AI: global, regional, and the multi-regions us and eu. https://cloud.google.com/vertex-ai/docs/reference/rest
    # and https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai
    Host("aiplatform.googleapis.com", "vertex"),
    Host("*-aiplatform.googleapis.com", "vertex"),
    Host("aiplatform.*.rep.googleapis.com", "vertex"),
    # Amazon Bedrock: https://docs.aws.amazon.com/bedrock/latest/userguide/endpoints.html, FIPS, dual-stack and VPC
    # hosts as in https://docs.aws.amazon.com/general/latest/gr/bedrock.html
    Host("bedrock-runtime.*.amazonaws.com", "bedrock"),
    Host("bedrock-runtime-fips.*.amazonaws.com", "bedrock"),
    Host("bedrock-runtime.*.api.aws", "bedrock"),
    Host("bedrock-runtime-fips.*.api.aws", "bedrock"),
    Host("*.bedrock-runtime.*.vpce.amazonaws.com", "bedrock"),
    Host("bedrock-mantle.*.api.aws", "bedrock"),
    # Azure OpenAI and Microsoft Foundry: https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints
    Host("*.openai.azure.com", "azure"),
    Host("*.services.ai.azure.com", "azure"),
    # GitHub Copilot: https://docs.github.com/en/copilot/reference/copilot-allowlist-reference
    Host("*.githubcopilot.com", "copilot"),
    Host("copilot-api.*.ghe.com", "copilot"),
    # Gateways. https://openrouter.ai/docs, https://opencode.ai/docs/zen, https://vercel.com/docs/ai-gateway,
    # https://huggingface.co/docs/inference-providers, https://ampcode.com/manual
    Host("openrouter.ai", "openrouter"),
    Host("opencode.ai", "opencode"),
    Host("ai-gateway.vercel.sh", "vercel"),
    Host("router.huggingface.co", "huggingface"),
    Host("ampcode.com", "ampcode"),
    # Makers of models. https://api-docs.deepseek.com, https://platform.moonshot.ai/docs, https://www.kimi.com/code/docs,
    # https://docs.z.ai, https://docs.bigmodel.cn, https://platform.minimax.io/docs, https://docs.x.ai,
    # https://docs.mistral.ai/api
    Host("api.deepseek.com", "deepseek"),
    Host("api.moonshot.ai", "moonshot"),
    Host("api.moonshot.cn", "moonshot"),
    Host("api.kimi.com", "moonshot"),
    Host("api.z.ai", "zai"),
    Host("open.bigmodel.cn", "zai"),
    Host("api.minimax.io", "minimax"),
    Host("api.minimax.chat", "minimax"),
    Host("api.minimaxi.com", "minimax"),
    Host("api.x.ai", "xai"),
    Host("api.mistral.ai", "mistral"),
    # Alibaba Cloud Model Studio, its Coding Plan and its Token Plan: https://www.alibabacloud.com/help/en/model-studio
    Host("dashscope*.aliyuncs.com", "alibaba"),
    Host("*.dashscope.aliyuncs.com", "alibaba"),
    Host("*.maas.aliyuncs.com", "alibaba"),
    # Those who run open models. https://console.groq.com/docs, https://docs.together.ai, https://docs.fireworks.ai,
    # https://inference-docs.cerebras.ai, https://docs.api.nvidia.com/nim, https://docs.ollama.com/cloud
    Host("api.groq.com", "groq"),
    Host("api.together.xyz", "together"),
    Host("api.together.ai", "together"),
    Host("api.fireworks.ai", "fireworks"),
    Host("api.cerebras.ai", "cerebras"),
    Host("integrate.api.nvidia.com", "nvidia"),
    Host("ollama.com", "ollama-cloud"),
    # Programs on one's own machines. https://docs.ollama.com/faq: 11434 is Ollama's alone, wherever it runs.
    Host("*", "ollama", port=11434),
    # https://lmstudio.ai/docs/developer/core/server, https://docs.vllm.ai/en/latest/serving/openai_compatible_server,
    # https://github.com/ggml-org/llama.cpp/tree/master/tools/server
    Host("*", "lmstudio", port=1234, is_local=True),
    Host("*", "vllm", port=8000, is_local=True),
    Host("*", "llamacpp", port=8080, is_local=True),
)

_CLOUD_PATHS = (
    (re.compile(r"/publishers/[^/]+/models/[^/]+:\w+$"), "vertex"),
    (re.compile(r"/model/.+/invoke(?:-with-response-stream)?$"), "bedrock"),
    (re.compile(r"/v\d+internal:\w+$"), "cloudcode"),
)
"""Paths that only one cloud has, by which it is recognised behind an unknown gateway too."""
_PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
"""RFC 6761, RFC 6762, RFC 8375, and what routers and container engines use."""


def provider_of(host: str, port: int, path: str, family: str) -> str:
    """The provider at `host`:`port`. `family`: the provider of the request's wire format (`anthropic`, `openai`,
    `gemini`, `ollama`), which is returned for an unknown host and path."""
    cloud = next((provider for pattern, provider in _CLOUD_PATHS if pattern.search(path)), "")
    return _named(host, port) or cloud or _local_server(host, port) or family


def is_local_server(host: str, port: int) -> bool:
    """Whether a model server may answer at `host`:`port`, by the port alone: this machine or one of a private network,
    on the usual port of LM Studio, vLLM or llama.cpp. Other programs use these ports too."""
    return bool(_local_server(host, port))


def matches(pattern: str, host: str) -> bool:
    """Whether `host` matches `pattern`. A `*.` in front stands for everything below a domain, `*` alone for every host,
    and a `*` elsewhere for any part of one label: `bedrock-runtime.*.amazonaws.com`."""
    return _compiled(pattern.lower()).fullmatch(host.rstrip(".").lower()) is not None


@lru_cache(maxsize=1024)
def _named(host: str, port: int) -> str:
    return next((one.provider for one in KNOWN if not one.is_local and _answers(one, host, port)), "")


@lru_cache(maxsize=1024)
def _local_server(host: str, port: int) -> str:
    found = next((one for one in KNOWN if one.is_local and _answers(one, host, port)), None)
    return found.provider if found is not None and _is_private(host) else ""


def _answers(known: Host, host: str, port: int) -> bool:
    return known.port in (0, port) and matches(known.name, host)


def _is_private(host: str) -> bool:
    """This machine, a private address, or a name that no public DNS resolves."""
    host = host.rstrip(".").lower()
    try:
        return ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_PRIVATE_ENDINGS))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    if pattern == "*":
        return re.compile(r".+")
    below, rest = ("(?:.+)" + re.escape("."), pattern[2:]) if pattern.startswith("*.") else ("", pattern)
    return re.compile(below + r"[^.]*".join(map(re.escape, rest.split("*"))))
