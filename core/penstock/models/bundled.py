"""`load`: loads the bundled table of models and prices from the TOML files in `penstock/data/models`, one for each
provider, as `Section`s of `Row`s by provider; `read` does so from tables that are given.

A file names its provider (`provider`, `host`), the origin of its figures (`source`, `date`), and the prefixes of the
provider's own model names (`makes`). `[models.NAME]` is the row of a model, and `[common]` holds the defaults of these
rows. `[serves.MAKER]` takes over all rows of another provider, with the figures in that table changed; a
`[models.NAME]` of the same name changes one of them, without the defaults of `[common]`. `[any]` is the row of every
other model. `changes` in a row lists figures that take effect on a later date.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from penstock.models import age
from penstock.models.names import key_of
from penstock.models.row import Row, Section

__all__ = ["load", "read"]


def load(today: datetime.date | None = None) -> Mapping[str, Section]:
    """The sections of the bundled table by provider, with the prices of that day."""
    return _load(today or age.today())


@lru_cache(maxsize=4)
def _load(today: datetime.date) -> Mapping[str, Section]:
    folder = resources.files("penstock").joinpath("data/models")
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    return read(
        [tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(files, key=lambda f: f.name)], today
    )


def read(tables: list[dict[str, Any]], today: datetime.date) -> dict[str, Section]:
    """The sections described by `tables`, makers first, since others serve their models."""
    sections: dict[str, Section] = {}
    for table in sorted(tables, key=lambda table: "makes" not in table):
        section = _section(table, sections, today)
        sections[section.provider] = section
    return sections


def _section(table: dict[str, Any], makers: Mapping[str, Section], today: datetime.date) -> Section:
    rows: dict[str, Row] = {}
    own = table.get("models", {})
    serves = table.get("serves", {})
    for maker, changed in serves.items():
        for row in {id(row): row for row in makers[maker].rows.values()}.values():
            _add(rows, _row(table, row.name, {**row.figures, **changed}, row.aliases))
    for name, figures in own.items():
        served = rows.get(key_of(name))
        if served is not None:
            _add(rows, _row(table, served.name, {**served.figures, **_now(figures, today)}, served.aliases))
        else:
            said = {**table.get("common", {}), **_now(figures, today)}
            _add(rows, _row(table, name, said, tuple(said.pop("aliases", ()))))
    return Section(
        table["provider"],
        table["host"],
        table["source"],
        table["date"],
        tuple(table.get("makes", ())),
        bool(table.get("own_prices", False)),
        tuple(serves),
        rows,
        _row(table, "any", table["any"], ()) if "any" in table else None,
    )


def _row(table: dict[str, Any], name: str, figures: dict[str, Any], aliases: tuple[str, ...]) -> Row:
    source, date = figures.pop("source", table["source"]), figures.pop("date", table["date"])
    return Row(table["provider"], table["host"], name, figures, source, date, aliases)


def _add(rows: dict[str, Row], row: Row) -> None:
    for name in (row.name, *row.aliases):
        rows[key_of(name)] = row


def _now(figures: dict[str, Any], today: datetime.date) -> dict[str, Any]:
    said = {name: value for name, value in figures.items() if name != "changes"}
    for change in sorted(figures.get("changes", ()), key=lambda change: change["from"]):
        if change["from"] <= today:
            said |= {name: value for name, value in change.items() if name != "from"}
    return said
