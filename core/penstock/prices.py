"""What models cost and hold: dated data, that a profile may override."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

__all__ = ["Price", "Prices"]


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
    marks: bool = True
    """Entries are written at breakpoints the client sets. False: every prefix is, automatically."""
    ttl_s: float = 300.0
    ttl_hour_s: float = 3600.0

    def dollars(
        self, *, plain: float = 0, read: float = 0, write: float = 0, write_hour: float = 0, output: float = 0
    ) -> float:
        """What so many tokens of each sort cost."""
        units = plain + read * self.read + write * self.write + write_hour * self.write_hour
        return (units * self.input + output * self.output) / 1e6


class Prices:
    """The bundled table with a person's changes."""

    def __init__(self, over: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        text = resources.files("penstock").joinpath("data/prices.toml").read_text(encoding="utf-8")
        table = tomllib.loads(text)
        self.date = table.pop("date")
        for provider, rows in (over or {}).items():
            table[provider] = {**table.get(provider, {}), **rows}
        self._table: dict[str, dict[str, Any]] = table

    def of(self, provider: str, model: str) -> Price:
        """The price of a model. An unknown provider is taken as Anthropic's default: better some figure than none."""
        rules = self._table.get(provider) or self._table["anthropic"]
        names = [n for n, row in rules.items() if isinstance(row, dict) and model.startswith(n)]
        common = {k: v for k, v in rules.items() if not isinstance(v, dict)}
        special = rules[max(names, key=len)] if names else {}
        return Price(**{**common, **rules["default"], **special})
