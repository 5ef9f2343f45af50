"""`penstock models` (`models`): prints prices and limits of models with the source and age of each figure, and how a
model's id is resolved. Raises `PenstockError` for a provider that is not in the table."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from penstock.base.errors import PenstockError
from penstock.base.format import columns, plural, printable
from penstock.base.suggest import did_you_mean
from penstock.cli import completion
from penstock.cost.prices import Prices
from penstock.models import Resolved, Row, Tier, age_days, staleness
from penstock.models.price import Price
from penstock.models.providers import provider_of
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles

__all__ = ["models"]

UPDATE = "Update Penstock, or put current figures into your profile, under [prices]."
_HEADS = ("provider", "model", "host", "window", "input", "output", "read", "write", "long", "binds", "date", "source")


def models(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            help="A model's id, as a client or a host writes it.", metavar="NAME", autocompletion=completion.models
        ),
    ] = "",
    provider: Annotated[
        str, typer.Option(help="Who serves it. Not given: by the shape of the id.", metavar="PROVIDER")
    ] = "",
    host: Annotated[str, typer.Option(help="The host it is asked at, instead of a provider.", metavar="HOST")] = "",
    profile: Annotated[
        str,
        typer.Option(
            help="With the figures of this profile. The one in use when not given.",
            metavar="NAME|FILE",
            autocompletion=completion.profiles,
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON: a list of rows, or one object for NAME.")] = False,
) -> None:
    """Show what models cost and hold, with the source of each figure and its age; or how one id is read.

    Dollars for a million tokens. "read" and "write": what cached tokens cost; two write prices are those of the shorter
    and of the longer lifetime. A model nobody knows is shown as unknown, and no money is counted for it.
    """
    prices = _prices(ctx.obj, profile)
    if provider and provider not in prices.providers:
        raise PenstockError(f"no provider is called {provider!r}.{did_you_mean(provider, prices.providers)}")
    stale = staleness(prices.date)
    if stale:
        typer.echo(f"penstock: {stale}. {UPDATE}", err=True)
    if name:
        found = prices.resolve(name, provider or _provider(prices, host, name))
        document: Any = {**_document(found.row, found.price), **_reading(found)}
        lines = _reading_lines(found)
    else:
        rows = [row for row in prices.rows() if not provider or row.provider == provider]
        document = [_document(row, row.price) for row in rows]
        lines = [*columns([_HEADS, *map(_cells, rows)], 3), "", *_notes(prices)]
    if as_json:
        typer.echo(json.dumps(document, indent=1))
    else:
        for line in lines:
            typer.echo(line)


def _prices(plugins: Plugins, profile: str) -> Prices:
    """The table as a proxy with this profile has it. Raises `ProfileError` and `PluginError`."""
    return plugins.parts(profiles.load(profile) if profile else profiles.in_use()).prices


def _provider(prices: Prices, host: str, name: str) -> str:
    if not host:
        return ""
    bare, _, port = host.partition(":")
    family = {"anthropic": "anthropic", "gemini": "gemini"}.get(prices.resolve(name).row.provider, "openai")
    return provider_of(bare, int(port) if port.isdecimal() else 443, "", family)


def _document(row: Row, price: Price) -> dict[str, Any]:
    """A row as JSON. Money is in dollars for a million tokens; None where it is not known."""
    figures = row.figures
    known = price.is_known
    return {
        "provider": row.provider or "unknown",
        "host": row.host or None,
        "name": row.name,
        "aliases": list(row.aliases),
        "known": known,
        "window": figures.get("window"),
        "max_input": figures.get("max_input"),
        "min_cacheable": price.least,
        **_money(price, Tier(0, 1.0, 1.0), known=known),
        "tiers": [{"above": tier.above, **_money(price, tier, known=known)} for tier in price.tiers] if known else [],
        "caching": price.caching,
        "lifetime_s": price.ttl_s,
        "long_lifetime_s": price.ttl_hour_s,
        "fast_factor": price.fast,
        "us_factor": price.geo_us,
        "batch_factor": price.batch,
        "binds_thinking": price.binds_thinking,
        "note": row.note or None,
        "source": row.source or None,
        "date": row.date.isoformat() if row.date else None,
        "age_days": age_days(row.date) if row.date else None,
    }


def _money(price: Price, tier: Tier, *, known: bool) -> dict[str, float | None]:
    factor = price.input * tier.input
    amounts = {
        "input": factor,
        "output": price.output * tier.output,
        "read": factor * price.read,
        "write": factor * price.write,
        "write_long": factor * price.write_hour,
    }
    return {name: round(amount, 5) if known else None for name, amount in amounts.items()}


def _reading(found: Resolved) -> dict[str, Any]:
    return {"resolved_from": found.name.said, "how": found.how}


def _cells(row: Row) -> tuple[str, ...]:
    price = row.price
    return (
        row.provider,
        row.name,
        row.host,
        _tokens(row),
        _dollars(price.input) if price.is_known else "?",
        _dollars(price.output) if price.is_known else "?",
        _dollars(price.input * price.read) if price.is_known else "?",
        _writes(price),
        ", ".join(f"{tier.input:g}x/{tier.output:g}x >{tier.above // 1000}K" for tier in price.tiers),
        "yes" if price.binds_thinking else "",
        row.date.isoformat() if row.date else "",
        printable(row.source),
    )


def _writes(price: Price) -> str:
    if not price.is_known:
        return "?"
    if not price.marks:
        return ""
    return f"{_dollars(price.input * price.write)}/{_dollars(price.input * price.write_hour)}"


def _tokens(row: Row) -> str:
    window, most = row.figures.get("window"), row.figures.get("max_input")
    if window is None:
        return "?"
    return f"{window:,}" + (f" ({most:,} in)" if most else "")


def _reading_lines(found: Resolved) -> list[str]:
    row, price = found.row, found.price
    cost = "unknown: no money is counted"
    if price.is_known:
        cost = f"{_dollars(price.input)} input, {_dollars(price.output)} output, for a million tokens"
    pairs = [
        ("model", printable(row.name)),
        ("provider", row.provider or "unknown"),
        ("read as", printable(found.how)),
        ("price", cost),
        *([("cached", _cached(price))] if price.is_known else []),
        *((f"above {tier.above:,}", _tier(price, tier)) for tier in price.tiers if price.is_known),
        ("window", f"{_tokens(row)} tokens; prefixes are cached from {price.least:,} on"),
        (
            "thinking",
            "bound to what stands before it" if price.binds_thinking else "not bound",
        ),
        *([("note", row.note)] if row.note else []),
        ("source", f"{printable(row.source) or 'none'}{_age(row)}"),
    ]
    return columns(pairs, 2)


def _cached(price: Price) -> str:
    read = f"{_dollars(price.input * price.read)} to read"
    if not price.marks:
        return f"{read}; entries live {price.ttl_s:,.0f} s"
    return (
        f"{read}; {_dollars(price.input * price.write)} to write for {price.ttl_s:,.0f} s, "
        f"{_dollars(price.input * price.write_hour)} for {price.ttl_hour_s:,.0f} s"
    )


def _tier(price: Price, tier: Tier) -> str:
    return f"{_dollars(price.input * tier.input)} input, {_dollars(price.output * tier.output)} output for all of it"


def _age(row: Row) -> str:
    return f", {row.date.isoformat()}, {plural(age_days(row.date), 'day')} ago" if row.date else ""


def _dollars(amount: float) -> str:
    """$4.00, $0.10, $0.0028."""
    return f"${amount:.2f}" if amount >= 1 or round(amount, 2) == round(amount, 5) else f"${round(amount, 5):g}"


def _notes(prices: Prices) -> list[str]:
    return [
        f"The bundled table is of {prices.date.isoformat()}, {plural(age_days(prices.date), 'day')} ago.",
        "long: times the input and the output price for prompts above so many tokens, the whole request. "
        "binds: thinking is bound to what is before it.",
        "`penstock models NAME` shows how an id is read; --json has all figures. A profile may change them: [prices].",
    ]
