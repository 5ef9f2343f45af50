"""`resolve`: finds the row of a model by its id and provider, else that of its maker, and explains how it was found
(`Resolved`). A model without either gets guessed limits (`families.guess`) and no price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from penstock.models.families import guess, has_unlisted_maker, maker_of
from penstock.models.names import Name, parse
from penstock.models.overrides import Layer
from penstock.models.price import Price
from penstock.models.row import Row, Section

__all__ = ["Resolved", "resolve"]

_GOVERNMENT = 1.2
"""Bedrock in GovCloud, against the price of a global profile: https://aws.amazon.com/bedrock/pricing/"""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The row that a model id was resolved to."""

    name: Name
    row: Row
    how: str
    """How it was resolved, in words: what was removed from the id, and which row it is."""
    price: Price = field(repr=False)
    """The row's prices, with the surcharges and reductions that the id names applied; those factors are 1."""

    @property
    def is_known(self) -> bool:
        """Whether the price is known."""
        return self.price.is_known


def resolve(
    sections: Mapping[str, Section], layers: Mapping[str, Sequence[Layer]], said: str, provider: str = ""
) -> Resolved:
    """The row of the model id `said` at `provider`. Without a provider, the form of the id names it, else it is the
    maker. The price of a model without a row is not known."""
    name = parse(said, provider)
    maker = sections.get(name.maker or "") or maker_of(name.name, sections.values())
    if not name.provider:
        name = replace(name, provider=maker.provider if maker is not None else "")
    row, has_row, found = _base(sections, name, maker)
    changed_by = dict.fromkeys((row.provider, name.provider))
    for layer in (layer for provider in changed_by for layer in layers.get(provider, ())):
        changed = layer.over(row, name, has_row=has_row)
        found = f"{found}; figures of {changed.source}" if changed is not row else found
        row = changed
    price, factor = _priced(row, name)
    steps = [*name.steps, found, *([factor] if factor else [])]
    return Resolved(name, row, "; ".join(steps), price)


def _base(sections: Mapping[str, Section], name: Name, maker: Section | None) -> tuple[Row, bool, str]:
    """The bundled row, without overrides; whether it is the model's own; and how it was found."""
    section = sections.get(name.provider)
    row = section.row(name.name) if section is not None and not name.is_opaque else None
    if row is not None:
        return row, True, f"the row {row.name} of {row.provider}"
    if section is not None and section.any is not None:
        return replace(section.any, name=name.name), False, f"{section.provider} serves every model at no cost"
    listed = maker.row(name.name) if maker is not None and not name.is_opaque else None
    has_own = section is not None and section.own_prices
    if maker is not None and listed is not None and not has_own:
        why = (
            f"{name.provider} has no row of it: the list price of its maker, the row {listed.name} of {maker.provider}"
        )
        return listed, True, why
    return _unknown(sections, name, maker, listed)


def _unknown(
    sections: Mapping[str, Section], name: Name, maker: Section | None, listed: Row | None
) -> tuple[Row, bool, str]:
    section = sections.get(name.provider)
    own = maker or section
    rows = list(own.rows.values()) if own is not None else []
    if listed is not None:
        figures = {k: v for k, v in listed.figures.items() if k not in ("input", "output", "tiers", "note")}
        found = f"{name.provider} sets its own prices and has no row of it: price unknown"
    elif name.is_opaque:
        figures, found = dict(guess("", rows)), "a name that its owner chose: model and price unknown"
    else:
        figures = dict(guess(name.name, rows, is_relative=maker is not None or not has_unlisted_maker(name.name)))
        of = f"of {own.provider} " if own is not None else ""
        found = f"no row {of}has this name: price unknown; the rest is by its family"
    host, source = (section.host, section.source) if section is not None else ("", "")
    return Row(name.provider, host, name.name, figures, source, section.date if section else None), False, found


def _priced(row: Row, name: Name) -> tuple[Price, str]:
    price = row.price
    regional = float(row.figures.get("regional", 1.0))
    factor, words = 1.0, []
    left = row.price  # what the id says is in the price: an answer that says the same adds nothing to it
    if name.region and regional != 1:
        left = replace(left, geo_us=1.0)
        factor *= _GOVERNMENT if name.region == "us-gov" else regional
        words.append(f"{name.region} costs {factor:g} times as much")
    if name.mode == "fast":
        left = replace(left, fast=1.0)
        factor *= row.price.fast
        words.append(f"fast mode, {row.price.fast:g} times the price")
        if row.price.fast == 1:
            return replace(price, is_known=False, input=0.0, output=0.0), "it has no fast mode: price unknown"
    if name.mode == "batch":
        left = replace(left, batch=1.0)
        factor *= row.price.batch
        words.append(f"batch, {row.price.batch:g} times the price")
    if name.mode == "free":
        return replace(price, input=0.0, output=0.0, is_known=True), "a variant that costs nothing"
    return left.times(factor), ", ".join(words)
