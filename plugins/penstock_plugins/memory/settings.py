"""`Settings`: the settings of the memory stage, in the profile's table `[stage.memory]`: types, defaults, bounds;
`NatsSettings`: those of its source of recall over NATS. The presets (`PRESETS`) are empty. Settings of memory outside
the stage are in the table `[memory]`."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from penstock.memory import SURE, SURE_OVERLAP, SURE_SHARED, MessageFilter
from penstock_plugins.compaction.settings import Model
from penstock_plugins.tags.rules import TagRules

__all__ = ["PRESETS", "NatsSettings", "Settings"]


class NatsSettings(BaseModel):
    """Programs that are asked over NATS, `[stage.memory.nats]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    url: str = ""
    """`tls://HOST:4222`, or `nats://` where the server is on this machine or in a private network. Empty: none is
    asked."""
    subject: str = Field(default="penstock.recall.v1", pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")
    """Where questions are sent."""

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        if url and not _may_be_asked(url):
            raise ValueError("tls://… was expected, or nats:// to a private network: your words go there")
        return url


class Settings(MessageFilter):
    """The memory stage's settings, `[stage.memory]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    aggressiveness: str = "safe"
    """By default that of the profile. It has no effect yet."""
    sure: float = SURE
    """The least sureness of what is recalled. Higher: less is recalled, and less in vain."""
    overlap: float = Field(default=SURE_OVERLAP, ge=0, le=1)
    """The share of the question's words that a recalled item must have, rare words counting more."""
    shared: float = Field(default=SURE_SHARED, ge=0)
    """The sum of the rarities of the words that a recalled item shares with the prompt; two thirds of it where the
    prompt is a question."""
    wait_ms: float = Field(default=150, gt=0)
    """Milliseconds that a request waits for the memory. After that it goes without."""
    hint: bool = True
    """After a client has summarised its history, add a note that names the topics which the summary does not."""
    hint_topics: int = Field(default=12, ge=1, le=60)
    """The most topics in that note."""
    hint_tokens: int = Field(default=0, ge=0, le=4_000)
    """So many tokens of that note, at most, say what was said under its topics. 0: it names them alone."""
    manifest: bool = False
    """Add to the first prompt of a conversation a note on what is known: how much of its project, by which agents, and
    of which other projects of the account."""
    manifest_tokens: int = Field(default=150, ge=40, le=2_000)
    """The most tokens of that note."""
    llm: Model = Model()
    """`[stage.memory.llm]`: the model that the tagger `llm` asks, with a spend cap of its own."""
    nats: NatsSettings = NatsSettings()
    """`[stage.memory.nats]`: programs that are asked what they know, beside the memory."""
    tags: TagRules = TagRules()
    """`[stage.memory.tags]`: what a person decides about tags."""


PRESETS: Mapping[str, Mapping[str, Any]] = {"safe": {}, "balanced": {}, "bold": {}}


def _may_be_asked(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "tls" or (parts.scheme == "nats" and _is_private(host)))


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host  # a name without a domain is one of this network
