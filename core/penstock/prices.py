"""What models cost and hold: dated data, that a profile may override."""

from __future__ import annotations

import datetime
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any

from penstock.errors import ProfileError
from penstock.nearest import did_you_mean

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
    """The bundled table with the changes of plugins and profiles."""

    def __init__(self, over: Iterable[tuple[str, Mapping[str, Any]]] = ()) -> None:
        """Each of `over`: where it comes from, and its tables by provider; a later one hides an earlier one. Raises
        `ProfileError`."""
        text = resources.files("penstock").joinpath("data/prices.toml").read_text(encoding="utf-8")
        table = tomllib.loads(text)
        self.date: datetime.date = table.pop("date")
        """When the bundled figures were looked up."""
        self._table: dict[str, dict[str, Any]] = table
        for where, tables in over:
            for provider, rows in tables.items():
                self._add(f"{where}.{provider}", provider, rows)

    def of(self, provider: str, model: str) -> Price:
        """The price of a model. An unknown provider is taken as Anthropic's default: better some figure than none."""
        rules = self._table.get(provider) or self._table["anthropic"]
        names = [n for n, row in rules.items() if isinstance(row, dict) and model.startswith(n)]
        common = {k: v for k, v in rules.items() if not isinstance(v, dict)}
        special = rules[max(names, key=len)] if names else {}
        return Price(**{**common, **rules["default"], **special})

    def _add(self, where: str, provider: str, rows: Mapping[str, Any]) -> None:
        if not isinstance(rows, Mapping):
            raise ProfileError(f"{where} = {rows!r}: expected a table")
        known = self._table.get(provider) or {**self._table["anthropic"]}
        for key, value in rows.items():
            if isinstance(value, Mapping):
                for name, figure in value.items():
                    _check(f"{where}.{key}.{name}", name, figure)
                known = {**known, key: {**known.get(key, {}), **value}}
            else:
                _check(f"{where}.{key}", key, value)
                known = {**known, key: value}
        self._table[provider] = known


def _check(where: str, name: str, figure: object) -> None:
    kinds = {field.name: field.type for field in fields(Price)}
    if name not in kinds:
        raise ProfileError(f"{where}: there is no such figure.{did_you_mean(name, kinds)}")
    is_switch = kinds[name] == "bool"
    if is_switch is not isinstance(figure, bool) or not isinstance(figure, int | float) or not 0 <= figure < math.inf:
        raise ProfileError(f"{where} = {figure!r}: expected {'true or false' if is_switch else 'a number from 0 on'}")
