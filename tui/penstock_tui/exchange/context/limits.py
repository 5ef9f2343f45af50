"""`limits_of`: a model's context window, the thresholds at which it counts as full, and the life of its cache entries
(`Limits`), from the bundled table and the profile."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.base.errors import ProfileError
from penstock.cost.prices import Price, Prices
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Window

__all__ = ["Limits", "limits_of"]


@dataclass(frozen=True, slots=True)
class Limits:
    """A model's window and its thresholds, in tokens. All 0: the model's window is not known."""

    window: int = 0
    soft: int = 0
    """Tokens from which the window is shown as filling."""
    hard: int = 0
    """Tokens from which a flush does not wait for a cold cache."""
    ttl_s: float = 0.0
    """Seconds that an entry of the provider's cache lives; 0: not known."""
    ttl_hour_s: float = 0.0
    """Seconds that an entry lives where the client asked for the longer life."""
    received: int = 0
    """Tokens of the received history from which it is given back to the client whole, so that it compacts. 0: never."""
    is_own: bool = True
    """False: the profile could not be read here, so the thresholds are the bundled ones."""


def limits_of(profile: str, provider: str, model: str) -> Limits:
    """The limits of a model under a profile."""
    window, price, is_own = _read(profile, provider, model)
    if price is None:
        return Limits(is_own=is_own)
    tokens = price.window
    soft = min(window.soft, window.hard)
    received = round(tokens * window.received) if window.received <= 1 else 0
    hard = round(tokens * window.hard)
    return Limits(tokens, round(tokens * soft), hard, price.ttl_s, price.ttl_hour_s, received, is_own)


def _read(profile: str, provider: str, model: str) -> tuple[Window, Price | None, bool]:
    try:
        found = profiles.load(profile) if profile else None
        prices = Prices([(found.where, found.prices)] if found is not None else [])
    except ProfileError:  # of another machine, or changed since
        found, prices = None, Prices()
    row = prices.resolve(model, provider)
    price = row.price if "window" in row.row.figures else None
    return found.window if found else Window(), price, found is not None
