"""`Layer`: the figures of a plugin or profile, which override those of the bundled table; `layer_of` reads and checks
them, and raises `ProfileError` with the place and what was expected.

[prices.anthropic]                     # for all models of a provider
[prices.anthropic."claude-opus"]       # for those whose names begin so; the longest counts
[prices.anthropic.default]             # for those without a row
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.base.errors import ProfileError
from penstock.models.checks import check_figure, check_row
from penstock.models.names import Name, key_of
from penstock.models.row import Row

__all__ = ["Layer", "layer_of"]

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Layer:
    """The figures of one plugin or profile about one provider."""

    where: str
    """The plugin or the file, and the table in it."""
    common: Mapping[str, Any]
    rows: Mapping[str, Mapping[str, Any]]

    def over(self, row: Row, name: Name, *, has_row: bool) -> Row:
        """`row` with the figures of this layer over it. `has_row`: False if the model has no row of its own."""
        said, names = dict(self.common), [""] if self.common else []
        if not has_row and DEFAULT in self.rows:
            said |= self.rows[DEFAULT]
            names.append(DEFAULT)
        for start in sorted(self.rows, key=len):
            if start != DEFAULT and (name.said.startswith(start) or key_of(name.name).startswith(key_of(start))):
                said |= self.rows[start]
                names.append(start)
        return row.under(said, ".".join(filter(None, (self.where, names[-1])))) if names else row


def layer_of(where: str, tables: object, known: Callable[[str], Sequence[Row]]) -> Layer:
    """Read the figures that a plugin or a profile has written. `known` returns the rows of the models whose names begin
    so, without these figures. Raises `ProfileError`, with the place, what was expected, and the nearest name there
    is."""
    if not isinstance(tables, Mapping):
        raise ProfileError(f"{where} = {tables!r}: a table was expected")
    rows = {name: dict(value) for name, value in tables.items() if isinstance(value, Mapping)}
    common = {name: value for name, value in tables.items() if name not in rows}
    for name, figure in common.items():
        check_figure(f"{where}.{name}", name, figure)
    for start, figures in rows.items():
        for name, figure in figures.items():
            check_figure(f"{where}.{start}.{name}", name, figure)
    layer = Layer(where, common, rows)
    for start, figures in rows.items():
        for row in known(start):
            check_row(f"{where}.{start}", figures, row.under({**common, **figures}, where).figures)
    if common:
        for row in known(DEFAULT):
            check_row(where, common, row.under(common, where).figures)
    return layer
