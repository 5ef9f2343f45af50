"""`Price`: what one model costs, and its limits: window, cache rules (`Caching`), prices of longer prompts (`Tier`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

__all__ = ["Caching", "Price", "Tier"]

Caching = Literal["breakpoints", "prefix", "newest"]
"""How a provider's prompt cache gets its entries.

`breakpoints`: where the client sets one, written at a price (Anthropic). `prefix`: every prefix is an entry, and
writing costs nothing (OpenAI up to GPT-5.5, Gemini, Ollama). `newest`: at the client's breakpoints and, unless it asks
for none, at the end of the newest message, written at a price (OpenAI from GPT-5.6 on,
https://developers.openai.com/api/docs/guides/prompt-caching)."""


WINDOW = 1_000_000
"""The window, in tokens, of a model of which nothing is known: that of the largest models, so that nothing is shortened
without need."""


@dataclass(frozen=True, slots=True)
class Tier:
    """The prices of longer prompts. The whole request is charged at them, not only the tokens above the threshold."""

    above: int
    """Tokens of prompt, cached ones included, above which the tier holds."""
    input: float
    """Factor on the row's price of input, and so on that of cached tokens."""
    output: float
    """Factor on the row's price of output."""


@dataclass(frozen=True, slots=True)
class Price:
    """One model. Dollars for a million tokens; `write` and `read` are factors on the input price."""

    input: float
    output: float
    window: int
    """Tokens a request may have."""
    least: int
    """Tokens a prefix needs to be cached."""
    read: float = 0.1
    write: float = 1.25
    write_hour: float = 2.0
    """The price factor for writing entries that live `ttl_hour_s`."""
    caching: Caching = "breakpoints"
    ttl_s: float = 300.0
    """Seconds an entry lives from its last use."""
    ttl_hour_s: float = 3600.0
    """Seconds an entry lives that was asked to live longer: an hour at Anthropic, twelve at OpenAI."""
    binds_thinking: bool = False
    """The provider refuses or drops a block of thinking if the content before it has changed since it was produced."""
    is_known: bool = True
    """False: the price of this model is not known. Its figures are zero, and no dollars may be shown for it."""
    tiers: tuple[Tier, ...] = ()
    """The prices of longer prompts, by `above`, lowest first."""
    fast: float = 1.0
    """Factor on all prices for requests answered at `speed: "fast"`."""
    geo_us: float = 1.0
    """Factor on all prices for requests that must be answered in the USA (`inference_geo: "us"`)."""
    batch: float = 1.0
    """Factor on all prices for requests that may wait (batch, flex)."""

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> Price:
        """The price by the figures of a row; missing ones have the defaults above, unknown ones are ignored. Without
        `input` and `output` the price is not known."""
        said = {name: figures[name] for name in _FIGURES if name in figures}
        said["tiers"] = tuple(Tier(**tier) for tier in figures.get("tiers", ()))
        said["window"] = min(figures.get("window", WINDOW), figures.get("max_input") or math.inf)
        said["is_known"] = "input" in figures and "output" in figures
        prices = {} if said["is_known"] else {"input": 0.0, "output": 0.0}
        return cls(**{"least": 0, **said, **prices})

    def times(self, factor: float) -> Price:
        """This price with input and output multiplied by `factor`."""
        return self if factor == 1 else replace(self, input=self.input * factor, output=self.output * factor)

    @property
    def marks(self) -> bool:
        """Whether cache entries are written at breakpoints, at a price. False: every prefix is an entry."""
        return self.caching != "prefix"

    def dollars(
        self,
        *,
        plain: float = 0,
        read: float = 0,
        write: float = 0,
        write_hour: float = 0,
        output: float = 0,
        prompt: float | None = None,
    ) -> float:
        """The dollars for tokens of each sort, at the tier of their request. `prompt`: all input tokens of that
        request, if these are only a part."""
        units = plain + read * self.read + write * self.write + write_hour * self.write_hour
        tier = self.tier_of(plain + read + write + write_hour if prompt is None else prompt)
        return (units * self.input * tier.input + output * self.output * tier.output) / 1e6

    def tier_of(self, prompt: float) -> Tier:
        """The tier at which a request with so many tokens of prompt is charged."""
        return next((tier for tier in reversed(self.tiers) if prompt > tier.above), _BASE)


_BASE = Tier(above=0, input=1.0, output=1.0)
_FIGURES = frozenset(field.name for field in fields(Price))
