"""`savings_advice`: why little was saved in a session (`penstock.stats.why_little_saved`), and what would have changed
that: estimates for keep-alive and a longer cache lifetime, and how to compare presets."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.events.event import Event
from penstock.plugins.manager import Plugins
from penstock.profiles.profile import Profile
from penstock.replay.keep_alive_estimate import estimate_keep_alive
from penstock.stats.pauses import Pause, PriceOf, span
from penstock.stats.session_facts import SessionFacts
from penstock.stats.why_little_saved import CENT, ENOUGH, reasons_of

__all__ = ["savings_advice"]

_LOGINS = (
    "Keep-alive leaves requests by a subscription login alone, unless `logins = true` stands under [stage.keepalive]."
)


def savings_advice(events: Iterable[Event], profile: Profile, plugins: Plugins) -> list[str]:
    """The reasons, then what would have changed it, in sentences with the session's own numbers. Empty where well was
    saved, and where nothing was paid for. `events`: those of one session, and those of the proxy itself, in their
    order. At the prices of `profile`, and with its settings of the keep-alive stage. Raises `PluginError` and
    `ProfileError`."""
    prices = plugins.parts(profile).prices
    facts = SessionFacts.of(events, prices.of)
    reasons = reasons_of(facts)
    if not reasons:
        return []
    return [*reasons, *_keep_alive(facts, profile, plugins), *_longer(facts, prices.of), *_preset(facts, profile)]


def _keep_alive(facts: SessionFacts, profile: Profile, plugins: Plugins) -> list[str]:
    if facts.kept_alive or sum(pause.dollars for pause in facts.pauses if pause.is_cold) < CENT:
        return []
    if any(one.login for one in facts.real):
        return [_LOGINS]
    found = estimate_keep_alive(facts.requests, profile, plugins, plugins.parts(profile).prices.of)
    if abs(found.saved) < CENT:
        return []
    change = "saved" if found.saved > 0 else "cost"
    return [
        f"Keep-alive would have {change} about ${abs(found.saved):,.2f}: {found.reads:,} "
        f"read{'' if found.reads == 1 else 's'} for ${found.reads_cost:,.2f}, in place of "
        f"${found.spared:,.2f} for writing to the cache again."
    ]


def _longer(facts: SessionFacts, price_of: PriceOf) -> list[str]:
    """Entries that live an hour: every write is dearer, and fewer are lost."""
    kept = {pause.ended_by.id: pause for pause in facts.pauses if _would_live(pause)}
    lives = max((pause.price.ttl_hour_s for pause in kept.values()), default=0.0)
    spared = sum(pause.dollars for pause in kept.values())
    extra = 0.0
    for one in facts.real:
        price, prompt = price_of(one.provider, one.model), one.cached[1]
        again = kept[one.id].written_again if one.id in kept else 0
        short = max(0, (one.usage.cache_write or 0) - (one.usage.cache_write_hour or 0) - again)
        if price.marks and price.ttl_hour_s > price.ttl_s:
            extra += price.dollars(write_hour=short, prompt=prompt) - price.dollars(write=short, prompt=prompt)
    if not kept or abs(spared - extra) < CENT:
        return []
    change = "less" if spared > extra else "more"
    return [
        f"With cache entries that live {span(lives)}, which a client may ask for, it would have cost about "
        f"${abs(spared - extra):,.2f} {change}."
    ]


def _would_live(pause: Pause) -> bool:
    """Whether an entry that lives longer would have been there at its end."""
    return pause.is_cold and pause.lifetime_s < pause.seconds <= pause.price.ttl_hour_s


def _preset(facts: SessionFacts, profile: Profile) -> list[str]:
    """What it would have come to is in no log, which lacks the texts; a recording has them."""
    is_most = profile.mode != "edit" or profile.aggressiveness == "bold"
    if is_most or facts.results < ENOUGH * facts.messages or not facts.results:
        return []
    others = {"safe": "balanced or bold", "balanced": "bold"}[profile.aggressiveness]
    return [
        f"What {others} would have saved instead of {profile.aggressiveness}, `penstock whatif` says of a recording."
    ]
