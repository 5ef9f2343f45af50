"""`Row`: the figures of one model at one provider; `Section`: all rows of a provider."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from penstock.models.names import key_of
from penstock.models.price import Price

__all__ = ["Row", "Section"]


@dataclass(frozen=True, slots=True)
class Row:
    """A model at one provider. Two providers may serve the same model at other prices and windows."""

    provider: str
    host: str
    """The host of the provider; `*` for any part of a name. Empty: not known."""
    name: str
    """The model's name, as its maker writes it."""
    figures: Mapping[str, Any]
    """The figures as in the table: dollars for a million tokens, factors and tokens; see `Price`."""
    source: str
    """The page or file that the figures are from."""
    date: datetime.date | None
    """When the source was read. None: the source has no date."""
    aliases: tuple[str, ...] = ()

    @property
    def price(self) -> Price:
        """The figures as the engine uses them."""
        return Price.of(self.figures)

    @property
    def note(self) -> str:
        """A remark that the figures cannot express."""
        return str(self.figures.get("note", ""))

    def under(self, figures: Mapping[str, Any], where: str) -> Row:
        """The row with some figures replaced by others, which are set in `where`."""
        said = {**self.figures, **figures}
        if "window" in figures and "max_input" not in figures:
            said.pop("max_input", None)
        return replace(
            self,
            figures=said,
            source=str(figures.get("source") or where),
            date=_date(figures.get("date")),
        )


@dataclass(frozen=True, slots=True)
class Section:
    """All rows of one provider."""

    provider: str
    host: str
    source: str
    date: datetime.date
    makes: tuple[str, ...]
    """Patterns of how the names of its own models begin. Empty: it serves models of others."""
    own_prices: bool
    """The provider sets its own prices: the makers' do not apply to it."""
    serves: tuple[str, ...]
    """Makers whose models it serves at their prices, or at a factor of them."""
    rows: Mapping[str, Row]
    """The rows by `key_of` of their names and aliases."""
    any: Row | None = None
    """The row of every model without one of its own."""

    def row(self, name: str) -> Row | None:
        """The row of a model by its name. None: there is none."""
        return self.rows.get(key_of(name))


def _date(said: object) -> datetime.date | None:
    if isinstance(said, str):
        return datetime.date.fromisoformat(said)
    return said if isinstance(said, datetime.date) else None
