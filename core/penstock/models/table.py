"""`Table`: looks up what a model costs and holds, in the bundled rows and the overrides of plugins and profiles.
Immutable; the answers for up to 2,000 names are cached, since each request looks its model up several times."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from penstock.models import bundled
from penstock.models.names import Name, key_of
from penstock.models.overrides import Layer, layer_of
from penstock.models.resolve import Resolved, resolve
from penstock.models.row import Row

__all__ = ["Table"]

_KEPT = 2000
"""The most names whose rows are cached, since each request looks its model up several times."""


class Table:
    """The rows of all models. Immutable once made."""

    def __init__(self, over: Iterable[tuple[str, Mapping[str, Any]]] = (), today: datetime.date | None = None) -> None:
        """`over`: the sources of overrides, each with its tables by provider; a later one overrides an earlier one.
        `today` decides which announced price changes apply. Raises `ProfileError`."""
        self._sections = bundled.load(today)
        self._layers: dict[str, list[Layer]] = {}
        self._known: dict[tuple[str, str], Resolved] = {}
        self.date: datetime.date = min(section.date for section in self._sections.values())
        """When the oldest figures of the bundled table were looked up."""
        for where, tables in over:
            for provider, rows in tables.items():
                self._add(f"{where}.{provider}", provider, rows)

    @property
    def providers(self) -> frozenset[str]:
        """The providers with figures, bundled or not."""
        return frozenset(self._sections) | frozenset(self._layers)

    def resolve(self, name: str, provider: str = "") -> Resolved:
        """The row of the model `name` at `provider`; without a provider, by the form of `name`."""
        key = (provider, name)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[key] = resolve(self._sections, self._layers, name, provider)
        return found

    def rows(self) -> list[Row]:
        """All rows that have a name of their own, by provider and in the order of the table."""
        found = []
        for provider in sorted(self._sections):
            section = self._sections[provider]
            for row in {id(row): row for row in section.rows.values()}.values():
                found.append(self._changed(row))
            if section.any is not None:
                found.append(section.any)
        return found

    def _add(self, where: str, provider: str, rows: object) -> None:
        layer = layer_of(where, rows, lambda start: self._under(provider, start))
        self._layers.setdefault(provider, []).append(layer)
        self._known.clear()

    def _under(self, provider: str, start: str) -> list[Row]:
        """The rows that figures for names beginning with `start` would change; else that of a model of this name."""
        section = self._sections.get(provider)
        keyed = section.rows.items() if section is not None else ()
        found = {id(row): self._changed(row) for key, row in keyed if key.startswith(key_of(start))}
        return list(found.values()) or [self.resolve(start, provider).row]

    def _changed(self, row: Row) -> Row:
        for layer in self._layers.get(row.provider, ()):
            row = layer.over(row, Name(row.name, row.name, row.provider), has_row=True)
        return row
