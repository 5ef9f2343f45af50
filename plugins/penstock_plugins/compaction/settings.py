"""`Settings` of the compaction stage, in the profile's tables `[stage.compaction]` and `[stage.compaction.llm]`
(`Model`: the model that is asked, which the tagger `llm` has, too): types, defaults, presets (`PRESETS`).
`check_timeout` raises `ProfileError` if the model may take longer than background work may (`limits.background_s`)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from penstock import Aggressiveness, Profile, ProfileError

__all__ = ["PRESETS", "RECORD", "Model", "Settings", "check_timeout"]

RECORD = "record"
"""The name for no summariser: the record stays as it is."""


class Model(BaseModel):
    """The model that the summariser `llm` asks, `[stage.compaction.llm]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    url: str = ""
    """The base address: `https://api.openai.com/v1`, `https://api.anthropic.com/v1`, `http://127.0.0.1:11434/v1`."""
    api: Literal["openai", "anthropic"] = "openai"
    """How it is asked: `/chat/completions`, or `/messages`."""
    model: str = ""
    key_env: str = ""
    """The environment variable that holds the key. Empty: none is sent. The client's own key is never used."""
    prices: str = ""
    """The provider in the table of prices: `ollama` for what costs nothing. Not given: that of `api`."""
    max_dollars_per_day: float = Field(default=0.50, ge=0)
    timeout_s: float = Field(default=20, gt=0)
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Sent with each call. Not given: none is sent, and the model has its own default; some models refuse any other."""

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        if url and not _may_be_asked(url):
            raise ValueError("https://… was expected, or http:// to this machine: a key and your words go there")
        return url.rstrip("/")


class Settings(BaseModel):
    """`[stage.compaction]`. Where a key is not given, `aggressiveness` decides, here or in the profile: see `PRESETS`;
    the defaults below hold for what a preset does not name."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    aggressiveness: Aggressiveness = "safe"
    """How far it goes. Not given: as far as the profile's `aggressiveness`."""
    soft: float | None = Field(default=None, ge=0, le=1)
    """Old turns are compacted only when the request fills this share of the window. Not given: `soft` of the profile's
    `[window]`, if that is given, and 0. 0: at every flush that pays."""
    turns: int = Field(default=6, ge=1)
    """The newest turns of the agent that stay as they are, with the prompt before them."""
    least: int = Field(default=8_000, ge=0)
    """Compacting must free so many tokens, unless the user asked for it."""
    segment: int = Field(default=40_000, gt=0)
    """Old turns are compacted in segments that end with the turn in which they reach so many tokens."""
    tokens: int = Field(default=14_000, gt=0)
    """A segment becomes a text of at most so many tokens, or of the user's words and one line for each call where these
    are more. At most `segment`, which is the default where it is less."""
    value: float = Field(default=0.003, ge=0)
    """A line of a call or a result stays when its expected later uses for each token are above this."""
    share: float = Field(default=0.2, ge=0, le=1)
    """At most this share of each call and result stays."""
    lines: int = Field(default=20, ge=0)
    """At most so many lines of each call and result stay."""
    summariser: str = RECORD
    """What shortens records in the background: `record` (nothing), `textrank`, `llm`, or a plugin's summariser."""
    summary_least: int = Field(default=0, ge=0)
    """A summary of fewer tokens is not used: the record is. 0: any that is not empty."""
    summary_most: int | None = Field(default=None, gt=0)
    """The tokens that a summariser is asked for, at most. Not given: `tokens`."""
    llm: Model = Model()

    @model_validator(mode="before")
    @classmethod
    def _tokens_follow(cls, given: Any) -> Any:
        segment = given.get("segment") if isinstance(given, dict) and "tokens" not in given else None
        is_small = isinstance(segment, int) and 0 < segment < cls.model_fields["tokens"].default
        return given | {"tokens": segment} if is_small else given

    @model_validator(mode="after")
    def _gets_shorter(self) -> Self:
        if self.tokens > self.segment:
            raise ValueError(f"tokens = {self.tokens!r} is above segment = {self.segment!r}; at most that is right")
        if self.summary_tokens > self.tokens:
            raise ValueError(
                f"summary_most = {self.summary_most!r} is above tokens = {self.tokens!r}; at most that is right"
            )
        if self.summary_least > self.summary_tokens:
            said = f"summary_least = {self.summary_least!r} is above the most, {self.summary_tokens!r}"
            raise ValueError(f"{said}: no summary could be used")
        return self

    @property
    def summary_tokens(self) -> int:
        """The most tokens of a summary."""
        return self.tokens if self.summary_most is None else self.summary_most


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "safe": {"turns": 1, "value": 0.0006, "share": 0.6, "lines": 60},
    "balanced": {"soft": 0.0, "turns": 1, "value": 0.001, "share": 0.5, "lines": 40},
    "bold": {"soft": 0.0, "turns": 1, "least": 2_000, "value": 0.004, "share": 0.3, "lines": 30},
}


def check_timeout(profile: Profile, stage: str, llm: Model) -> None:
    """Raises `ProfileError` if the model of `[stage.NAME.llm]` may take longer than the stage itself."""
    most = profile.limits.background_s
    if llm.timeout_s >= most:
        key = f"stage.{stage}.llm.timeout_s"
        said = f"it is not below limits.background_s = {most!r}, after which nobody waits for the answer"
        raise ProfileError(f"{profile.where}: {key} = {llm.timeout_s!r}: {said}", {key: said})


def _may_be_asked(url: str) -> bool:
    """Whether a key and the user's words may be sent to this address: it uses TLS, or does not leave this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return True
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.scheme == "http" and parts.hostname == "localhost"
