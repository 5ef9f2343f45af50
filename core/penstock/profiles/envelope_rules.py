"""`Stripper`: removes envelopes, the text that clients and chat gateways wrap around a person's own, by the rules
(`Rule`) in `EnvelopeSettings`, which `envelope_settings` reads from a profile (raises `ProfileError`). Looks at the
first 100,000 characters of a text, and with a profile's own regular expressions at the first 20,000.

The patterns are data in the profile, `[stage.envelope]`, in named sets of rules that are applied in their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from penstock.base.delimited import Enclosed
from penstock.base.errors import ProfileError
from penstock.base.suggest import did_you_mean
from penstock.base.validation import validate_table
from penstock.profiles.chat_header import ChatHeaders
from penstock.profiles.profile import Profile

__all__ = ["EnvelopeSettings", "Rule", "Stripper", "envelope_settings"]

LIMIT = 100_000
"""Characters of a text that are looked at; the rest stays."""
PATTERN_LIMIT = 20_000
"""Characters of a text in which a regular expression of a profile is searched; the rest stays. How long that takes is
up to the expression, and it may be the square of the length."""
_BLANK = re.compile(r"\n{3,}")


_Tag = Annotated[str, Field(pattern=r"^[\w:.-]+$")]
_Delimiter = Annotated[str, Field(min_length=1)]


class Rule(BaseModel):
    """One kind of envelope, and how it is removed. All but `drop` and `unwrap`, whose time depends on the pattern, are
    linear in the length of the text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    drop: re.Pattern[str] | None = None
    """A regular expression. What it finds goes."""
    unwrap: re.Pattern[str] | None = None
    """A regular expression. What it finds becomes its first group."""
    drop_tags: tuple[_Tag, ...] | None = None
    """Names of tags, without brackets. `<name>`, `</name>` and what is between them go."""
    unwrap_tags: tuple[_Tag, ...] | None = None
    """Names of tags, without brackets. `<name>` and `</name>` go, what is between them stays."""
    drop_between: tuple[_Delimiter, _Delimiter] | None = None
    """Two literal texts. They and what is between them go."""
    unwrap_between: tuple[_Delimiter, _Delimiter] | None = None
    """Two literal texts. They go, what is between them stays."""
    headers: tuple[str, ...] | None = None
    """Names of chat channels. The header in brackets that a gateway puts in front of a message goes; that of a channel
    which is not named here goes if it has an `id:`. `penstock.profiles.chat_header` has the rules."""
    words_only: bool = False
    """True: it is taken off the words that taggers and memory see, and never off what is sent."""
    _apply: Callable[[str], str] = PrivateAttr()

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [name for name in _KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a rule has exactly one of {', '.join(f'`{name}`' for name in _KINDS)}")
        if self.unwrap is not None and not self.unwrap.groups:
            raise ValueError(f"{self.unwrap.pattern!r} has no group to keep")
        self._apply = _KINDS[given[0]](getattr(self, given[0]))
        return self

    def __call__(self, text: str) -> str:
        """`text` without the envelopes that the rule finds."""
        return self._apply(text)


def _replaced(pattern: re.Pattern[str], by: str, text: str) -> str:
    return pattern.sub(by, text[:PATTERN_LIMIT]) + text[PATTERN_LIMIT:]


_KINDS: Mapping[str, Callable[[Any], Callable[[str], str]]] = {
    "drop": lambda pattern: partial(_replaced, pattern, ""),
    "unwrap": lambda pattern: partial(_replaced, pattern, r"\1"),
    "drop_tags": partial(Enclosed.tags, keep=False),
    "unwrap_tags": partial(Enclosed.tags, keep=True),
    "drop_between": lambda pair: Enclosed({pair[0]: pair[1]}, keep=False),
    "unwrap_between": lambda pair: Enclosed({pair[0]: pair[1]}, keep=True),
    "headers": ChatHeaders,
}


class EnvelopeSettings(BaseModel):
    """The table `[stage.envelope]` of a profile."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    apply: Literal["words", "send"] = "words"
    """`words`: tags and memory see a person's words without their wrapping. `send`: what is sent has none either."""
    sets: tuple[str, ...] = ()
    """Which sets of patterns are applied, in this order."""
    patterns: dict[str, tuple[Rule, ...]] = Field(default_factory=dict)

    def stripper(self, *, sent: bool = False) -> Stripper:
        """The `Stripper` for these sets. `sent`: for texts that will be sent, without the rules with `words_only`."""
        rules = [rule for name in self.sets for rule in self.patterns[name]]
        return Stripper([rule for rule in rules if not (sent and rule.words_only)])


class Stripper:
    """Removes envelopes from a text."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        # A private attribute of a model is looked up in five steps, and there are dozens of rules for each text.
        self._rules = tuple(rule._apply for rule in rules)

    def __call__(self, text: str) -> str:
        """`text` without its envelopes; unchanged if it has none."""
        head, rest = text[:LIMIT], text[LIMIT:]
        stripped = head
        for rule in self._rules:
            stripped = rule(stripped)
        if stripped == head:
            return text
        return _BLANK.sub("\n\n", stripped).strip() + rest


def envelope_settings(profile: Profile) -> EnvelopeSettings:
    """The envelope settings of a profile. Raises `ProfileError`."""
    raw: Mapping[str, Any] = profile.settings_of("envelope")
    where = f"{profile.where}: stage.envelope"
    settings = validate_table(EnvelopeSettings, raw, f"{where}.")
    for at, name in enumerate(settings.sets):
        if name in settings.sets[:at]:
            raise ProfileError(f"{where}.sets: {name!r} is listed twice; a set runs once: remove one")
        if name not in settings.patterns:
            raise ProfileError(
                f"{where}.sets: there is no set of patterns {name!r}.{did_you_mean(name, settings.patterns)}"
            )
    return settings
