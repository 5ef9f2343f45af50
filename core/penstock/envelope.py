"""Envelopes: what clients and chat gateways wrap around a person's words, and how it is taken off.

The patterns are data in the profile, `[stage.envelope]`, in named sets of rules that are applied in their order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from penstock.errors import ProfileError
from penstock.nearest import did_you_mean
from penstock.profiles import Profile
from penstock.tables import read_table

__all__ = ["EnvelopeSettings", "Rule", "Stripper", "settings_of"]

LIMIT = 100_000
"""Characters of a text that are looked at; the rest stays."""
_BLANK = re.compile(r"\n{3,}")


class Rule(BaseModel):
    """One pattern, and what becomes of what it finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    drop: re.Pattern[str] | None = None
    """What is found goes."""
    unwrap: re.Pattern[str] | None = None
    """What is found becomes its first group."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.drop is None) == (self.unwrap is None):
            raise ValueError("a rule has either `drop` or `unwrap`")
        if self.unwrap is not None and not self.unwrap.groups:
            raise ValueError(f"{self.unwrap.pattern!r} has no group to keep")
        return self

    def __call__(self, text: str) -> str:
        if self.unwrap is not None:
            return self.unwrap.sub(r"\1", text)
        return self.drop.sub("", text) if self.drop is not None else text


class EnvelopeSettings(BaseModel):
    """`[stage.envelope]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    apply: Literal["words", "send"] = "words"
    """`words`: tags and memory see a person's words without their wrapping. `send`: what is sent has none either."""
    sets: tuple[str, ...] = ()
    """Which sets of patterns are applied, in this order."""
    patterns: dict[str, tuple[Rule, ...]] = Field(default_factory=dict)

    def stripper(self) -> Stripper:
        """What takes the envelopes of these sets off."""
        return Stripper([rule for name in self.sets for rule in self.patterns[name]])


class Stripper:
    """Takes envelopes off a text."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)

    def __call__(self, text: str) -> str:
        """`text` without its envelopes; as it came when none was found."""
        head, rest = text[:LIMIT], text[LIMIT:]
        stripped = head
        for rule in self._rules:
            stripped = rule(stripped)
        if stripped == head:
            return text
        return _BLANK.sub("\n\n", stripped).strip() + rest


def settings_of(profile: Profile) -> EnvelopeSettings:
    """What a profile says of envelopes. Raises `ProfileError`."""
    raw: Mapping[str, Any] = profile.settings_of("envelope")
    where = f"{profile.where}: stage.envelope"
    settings = read_table(EnvelopeSettings, raw, f"{where}.")
    for name in settings.sets:
        if name not in settings.patterns:
            raise ProfileError(
                f"{where}.sets: there is no set of patterns {name!r}.{did_you_mean(name, settings.patterns)}"
            )
    return settings
