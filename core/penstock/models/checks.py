"""`check_figure` and `check_row`: validate the price tables of plugins and profiles: each figure, then the figures of a
row against each other. Raise `ProfileError` with the key, its value and what was expected."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from penstock.base.errors import ProfileError
from penstock.base.suggest import did_you_mean
from penstock.models.price import Caching, Price, Tier

__all__ = ["check_figure", "check_row"]

_ABOVE_ZERO = ("window", "max_input", "ttl_s", "ttl_hour_s", "fast", "geo_us", "batch", "regional")
"""Figures that must be above zero, such as a window or a lifetime."""
_TEXTS = ("source", "note")
_KINDS: dict[str, str] = {
    **{field.name: str(field.type) for field in fields(Price)},
    **{"max_input": "int", "regional": "float", "source": "str", "note": "str", "date": "date"},
}
_TIER = tuple(field.name for field in fields(Tier))


def check_figure(where: str, name: str, figure: object) -> None:
    """Raises `ProfileError` if there is no figure of that name, or `figure` is no valid value for it."""
    if name not in _KINDS or name == "is_known":
        raise ProfileError(
            f"{where}: there is no such figure.{did_you_mean(name, [k for k in _KINDS if k != 'is_known'])}"
        )
    if name == "tiers":
        _check_tiers(where, figure)
    elif name == "caching":
        if figure not in get_args(Caching):
            raise ProfileError(f"{where} = {figure!r}: expected one of {', '.join(map(repr, get_args(Caching)))}")
    elif name in _TEXTS:
        if not isinstance(figure, str):
            raise ProfileError(f"{where} = {figure!r}: expected a text")
    elif name == "date":
        _check_date(where, figure)
    else:
        _check_number(where, name, figure)


def check_row(where: str, given: Mapping[str, Any], figures: Mapping[str, Any]) -> None:
    """Raises `ProfileError` if a row contradicts itself. `given`: the figures that the table in `where` sets;
    `figures`: the whole row with them."""
    if ("input" in figures) is not ("output" in figures):
        one, other = ("input", "output") if "input" in figures else ("output", "input")
        raise ProfileError(f"{where}.{one} = {figures[one]!r}: expected {other} beside it: half a price is none")
    tiers = [tier["above"] for tier in figures.get("tiers", ())]
    is_free = figures.get("caching") == "prefix"
    for name, is_wrong, expected in (
        ("tiers", tiers != sorted(set(tiers)), "one tier for each `above`, the lowest first"),
        ("max_input", _over(figures, "max_input", "window"), f"at most window = {figures.get('window')}"),
        ("least", _over(figures, "least", "window"), f"at most window = {figures.get('window')}"),
        ("ttl_hour_s", _over(figures, "ttl_s", "ttl_hour_s"), f"at least ttl_s = {figures.get('ttl_s')}"),
        ("read", figures.get("read", 0) > 1, "a factor from 0 to 1: what is cached is not dearer than what is not"),
        ("write", is_free and "caching" in given and given.get("write", 0) > 1, "at most 1 with caching = 'prefix'"),
        ("write_hour", _over(figures, "write", "write_hour"), f"at least write = {figures.get('write')}"),
    ):
        if is_wrong and not _is_untouched(name, given):
            raise ProfileError(f"{where}.{name} = {figures.get(name)!r}: expected {expected}")


def _is_untouched(name: str, given: Mapping[str, Any]) -> bool:
    """Whether neither a figure nor the ones it is compared with are set there, so that a fault is not the person's."""
    return not {name, *_MEASURES.get(name, ())} & given.keys()


_MEASURES = {"max_input": ("window",), "least": ("window",), "ttl_hour_s": ("ttl_s",), "write_hour": ("write",)}


def _over(figures: Mapping[str, Any], name: str, limit: str) -> bool:
    return name in figures and limit in figures and figures[name] > figures[limit]


def _check_tiers(where: str, figure: object) -> None:
    if not isinstance(figure, list) or not all(
        isinstance(tier, Mapping) and set(tier) == set(_TIER) for tier in figure
    ):
        raise ProfileError(f"{where} = {figure!r}: expected a list of tables, each with {', '.join(_TIER)}")
    for n, tier in enumerate(figure):
        for name, value in tier.items():
            _check_number(f"{where}[{n}].{name}", "window" if name == "above" else name, value)


def _check_date(where: str, figure: object) -> None:
    try:
        is_date = isinstance(figure, datetime.date) or bool(datetime.date.fromisoformat(str(figure)))
    except ValueError:
        is_date = False
    if not is_date:
        raise ProfileError(f"{where} = {figure!r}: expected a date, as in 2026-11-22")


def _check_number(where: str, name: str, figure: object) -> None:
    is_switch = _KINDS[name] == "bool"
    if is_switch is not isinstance(figure, bool) or not isinstance(figure, int | float) or not 0 <= figure < math.inf:
        raise ProfileError(f"{where} = {figure!r}: expected {'true or false' if is_switch else 'a number from 0 on'}")
    if name in _ABOVE_ZERO and not figure:
        raise ProfileError(f"{where} = {figure!r}: expected a number above 0")
    if _KINDS[name] == "int" and figure != int(figure):
        raise ProfileError(f"{where} = {figure!r}: expected a whole number")
