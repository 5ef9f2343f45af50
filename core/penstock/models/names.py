"""`parse`: splits a model id, as clients, clouds and gateways write it, into name, provider, maker, region and variant
(`Name`); `key_of`: the form in which names are compared.

Sources of the shapes: Bedrock model ids and inference profiles,
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html; Vertex,
https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai; OpenRouter,
https://openrouter.ai/docs/guides/routing/model-variants; Ollama, https://docs.ollama.com/modelfile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

__all__ = ["PREFIXES", "VENDORS", "Name", "key_of", "parse"]

VENDORS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "gemini",
    "deepseek": "deepseek",
    "deepseek-ai": "deepseek",
    "moonshotai": "moonshot",
    "moonshot": "moonshot",
    "z-ai": "zai",
    "zai": "zai",
    "zai-org": "zai",
    "minimax": "minimax",
    "minimaxai": "minimax",
    "qwen": "alibaba",
    "x-ai": "xai",
    "xai": "xai",
    "mistralai": "mistral",
    "mistral": "mistral",
    "meta": "",
    "meta-llama": "",
    "amazon": "",
    "nvidia": "",
    "cohere": "",
    "ai21": "",
    "microsoft": "",
    "nousresearch": "",
}
"""Makers as OpenRouter, Bedrock and Hugging Face call them, and as the table does; empty: one without a section."""

PREFIXES = {
    "vertex_ai": "vertex",
    "vertexai": "vertex",
    "google-vertex": "vertex",
    "amazon-bedrock": "bedrock",
    "bedrock_mantle": "bedrock",
    "azure_ai": "azure",
    "lm_studio": "lmstudio",
    "lm-studio": "lmstudio",
    "hosted_vllm": "vllm",
    "llama.cpp": "llamacpp",
    "github-copilot": "copilot",
    "github_copilot": "copilot",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "dashscope": "alibaba",
    "ollama_chat": "ollama",
    "google-ai-studio": "gemini",
}
"""Providers as other programs call them in `provider/model`."""

_GEO = re.compile(r"(us-gov|us|eu|apac|jp|au|ca|sa|global)\.(?=[a-z0-9-]+\.)")
_VENDOR_DOT = re.compile(r"([a-z][a-z0-9-]*)\.(?=[a-z])")
_BEDROCK_VERSION = re.compile(r"-v?\d+:\d+(:\d+k|:mm)?$|-v\d+$")
_VERTEX_PATH = re.compile(r"(?:locations/(?P<place>[^/]+)/)?publishers/[^/]+/models/(?P<name>[^/:]+)(?::\w+)?$")
_DATE = re.compile(r"[-@]((20\d{6})|(20\d\d-\d\d-\d\d)|default|latest)$", re.IGNORECASE)
_OPENROUTER_TAG = re.compile(r":(thinking|free|nitro|floor|extended|online|exacto|beta|batch|flex)$", re.IGNORECASE)
_OLLAMA_TAG = re.compile(r":([a-z0-9][\w.-]*)$", re.IGNORECASE)
_TURNED = re.compile(r"claude-(\d(?:-\d)?)-(opus|sonnet|haiku|fable|mythos)(?=$|-)")
_GEMINI_TAIL = re.compile(r"-(preview(-\d\d-(20)?\d\d)?|exp(-\d\d-\d\d)?|00\d)$", re.IGNORECASE)
_MISTRAL_TAIL = re.compile(r"-(2[4-9])(0[1-9]|1[0-2])$")
_EFFORT = re.compile(r"-(thinking|non-thinking)$")


@dataclass(frozen=True, slots=True)
class Name:
    """A model id, parsed."""

    said: str
    """The id as it was written."""
    name: str
    """The name of the model, without everything else."""
    provider: str = ""
    """The provider, if the form of the id tells. Empty: it does not."""
    maker: str | None = None
    """The maker, if the form of the id tells; empty: a maker without a section. None: the form does not tell."""
    steps: tuple[str, ...] = ()
    """What was removed from the id, and what each part means."""
    region: str = ""
    """The region in which the request must be served."""
    mode: str = ""
    """`free`, `batch` or `fast`: served at a price other than the row's."""
    is_opaque: bool = False
    """A name that its owner chose, which may stand for any model."""

    def without(self, name: str, step: str, **changes: Any) -> Name:
        """A copy that has only a part of the name."""
        return replace(self, name=name, steps=(*self.steps, step), **changes)


def key_of(name: str) -> str:
    """A name in the form in which names are compared, in lower case with dashes: gateways write dots as dashes."""
    return re.sub(r"[._\s]", "-", name.strip().lower())


def parse(said: str, provider: str = "") -> Name:
    """Take a model id apart. `provider`: who serves it, where that is known; else the shape of the id may say so."""
    found = Name(said, unquote(said.strip()), provider)
    for take in (_prefix, _arn, _vertex, _vendor, _tags, _dates, _claude, _others):
        found = take(found)
    return found


def _prefix(n: Name) -> Name:
    """`bedrock/us.anthropic...`, `models/gemini-...`."""
    head, slash, tail = n.name.partition("/")
    if slash and head in ("models", "tunedModels"):
        return n.without(
            tail, f"{head}/ is how Google writes it", provider=n.provider or "gemini", is_opaque=head != "models"
        )
    if slash and head.lower() in _ROUTES:
        named = PREFIXES.get(head.lower(), head.lower())
        return _prefix(n.without(tail, f"{head}/ names the provider", provider=n.provider or named))
    if n.name.startswith("accounts/fireworks/models/"):
        name = n.name.rpartition("/")[2]
        return n.without(name, "accounts/fireworks/ is how Fireworks writes it", provider=n.provider or "fireworks")
    if n.name.startswith("ft:"):
        return n.without(n.name, "a fine-tuned model", provider=n.provider or "openai", is_opaque=True)
    return n


_ROUTES = frozenset(PREFIXES) | {
    *("bedrock", "vertex", "azure", "openrouter", "ollama", "ollama-cloud", "lmstudio", "vllm", "llamacpp", "gemini"),
    *(
        "copilot",
        "opencode",
        "vercel",
        "huggingface",
        "groq",
        "together",
        "fireworks",
        "cerebras",
        "ampcode",
        "chatgpt",
    ),
    *("cloudcode", "alibaba", "moonshot", "zai", "xai", "mistral"),
}


def _arn(n: Name) -> Name:
    """`arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic...`, then geography, vendor and version."""
    if n.name.startswith("arn:"):
        kind, name = _arn_tail(n.name)
        is_opaque = kind not in ("inference-profile", "foundation-model")
        n = n.without(name, f"an ARN of Bedrock ({kind})", provider=n.provider or "bedrock", is_opaque=is_opaque)
        if is_opaque:
            return n
    geo = _GEO.match(n.name)
    vendor = _VENDOR_DOT.match(n.name, geo.end() if geo else 0)
    if vendor is None or vendor[1] not in VENDORS:
        return n
    if geo is not None:
        region = "" if geo[1] == "global" else geo[1]
        n = n.without(n.name[geo.end() :], f"{geo[1]}. is an inference profile of Bedrock", region=region)
    n = n.without(
        n.name.removeprefix(f"{vendor[1]}."),
        f"{vendor[1]}. is how Bedrock writes the maker",
        provider=n.provider or "bedrock",
        maker=VENDORS[vendor[1]],
    )
    version = _BEDROCK_VERSION.search(n.name)
    return n.without(n.name[: version.start()], f"{version[0]} is Bedrock's version") if version else n


def _arn_tail(arn: str) -> tuple[str, str]:
    """The kind and the name that an ARN ends with; versions after the name have colons of their own."""
    head, _, name = arn.partition("/")
    return head.rpartition(":")[2], name


def _vertex(n: Name) -> Name:
    """`projects/P/locations/us-east5/publishers/anthropic/models/NAME:rawPredict`."""
    path = _VERTEX_PATH.search(n.name)
    if path is None:
        if "@" in n.name and not n.provider:
            return replace(n, provider="vertex", steps=(*n.steps, "@ is how Vertex AI writes a version"))
        return n
    place = path["place"] or ""
    region = "" if place in ("", "global", "-") else place
    return n.without(path["name"], "a path of Vertex AI", provider=n.provider or "vertex", region=region)


def _vendor(n: Name) -> Name:
    """`anthropic/claude-opus-5.5`: OpenRouter's way, which other gateways share; `org/Name` of Hugging Face."""
    head, slash, tail = n.name.rpartition("/")
    vendor = head.rpartition("/")[2].removeprefix("~")
    if not slash or (vendor.lower() not in VENDORS and n.provider not in _LOCAL):
        return n
    provider = n.provider
    if not provider and vendor == "anthropic" and "." not in tail and ":" not in tail:
        provider = "anthropic"  # OpenRouter writes versions with dots
    provider = provider or ("huggingface" if vendor in _HUGGING_FACE or vendor != vendor.lower() else "openrouter")
    return n.without(tail, f"{head}/ names the maker", provider=provider, maker=VENDORS.get(vendor.lower(), n.maker))


_HUGGING_FACE = ("deepseek-ai", "zai-org", "minimaxai")
_LOCAL = ("ollama", "ollama-cloud", "lmstudio", "vllm", "llamacpp")


def _tags(n: Name) -> Name:
    """`:free` of OpenRouter, `:30b` of Ollama, `[1m]` of Claude Code."""
    if n.name.endswith("[1m]"):
        n = n.without(n.name[:-4], "[1m] asks for the long window")
    tag = _OPENROUTER_TAG.search(n.name)
    if tag is not None and n.provider not in _LOCAL:
        mode = {"free": "free", "batch": "batch", "flex": "batch"}.get(tag[1].lower(), n.mode)
        return n.without(n.name[: tag.start()], f":{tag[1]} is a variant of OpenRouter", mode=mode)
    tag = _OLLAMA_TAG.search(n.name)
    if tag is None or n.is_opaque or n.provider not in ("", *_LOCAL, "huggingface"):
        return n
    if n.provider == "huggingface":
        return n.without(n.name[: tag.start()], f":{tag[1]} says who serves it")
    is_cloud = tag[1] == "cloud" or tag[1].endswith("-cloud")
    provider = "ollama-cloud" if is_cloud and n.provider in ("", "ollama") else n.provider or "ollama"
    said = "runs at ollama.com" if is_cloud else "is a tag of Ollama"
    return n.without(n.name[: tag.start()], f":{tag[1]} {said}", provider=provider)


def _dates(n: Name) -> Name:
    date = _DATE.search(n.name)
    if date is None or n.is_opaque:
        return n
    return n.without(n.name[: date.start()], f"{date[0]} is a version")


def _claude(n: Name) -> Name:
    """Dots, and `claude-4.5-sonnet` for `claude-sonnet-4-5`."""
    key = key_of(n.name)
    if not key.startswith("claude"):
        return n
    key = _EFFORT.sub("", key)
    if key.endswith("-fast"):
        n, key = replace(n, mode="fast", steps=(*n.steps, "-fast is the fast mode")), key.removesuffix("-fast")
    turned = _TURNED.match(key)
    if turned is not None and turned[1][0] >= "4":
        key = f"claude-{turned[2]}-{turned[1]}{key[turned.end() :]}"
    return replace(n, name=re.sub(r"-v\d+$", "", key))


def _others(n: Name) -> Name:
    if n.name.lower().startswith("gemini"):
        return replace(n, name=_GEMINI_TAIL.sub("", n.name))
    if _MISTRAL_TAIL.search(n.name) and "str" in n.name.lower():
        return replace(n, name=_MISTRAL_TAIL.sub("", n.name))
    return replace(n, name=re.sub(r"^gpt-35(?=-|$)", "gpt-3.5", n.name))
