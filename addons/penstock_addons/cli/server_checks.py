"""`servers`: the check of the servers that a profile names besides the store, for `penstock doctor`: Redis and NATS.
Says of each whether it answers, and what goes on without it. Raises nothing: what fails is in the finding."""

from __future__ import annotations

import asyncio

from penstock import connect_to_nats
from penstock.base.errors import PenstockError
from penstock.base.redis_server import why_away
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.profiles.service import service_values
from penstock_addons.cli.check_finding import Finding

__all__ = ["servers"]

_WAIT_S = 2.0
_REDIS_FIX = (
    "Start Redis, or correct `[service] redis`. Meanwhile each proxy keeps to its share of limits and reads keys from "
    "the store."
)
_NATS_FIX = "Start NATS, or correct `[stage.memory.nats] url`. Meanwhile recall goes without what its programs know."


def servers(profile: Profile) -> Finding:
    """How the servers are that a proxy with this profile asks."""
    redis = profiles.changed(profile, {"service": service_values()}).service.redis
    asked = profile.settings_of("memory").get("nats")  # as it was written: what is no table, `plugins` says
    nats = str(asked.get("url", "")) if isinstance(asked, dict) else ""
    answers, faults, fixes = [], [], []
    for name, url, ask, fix in (("Redis", redis, _redis, _REDIS_FIX), ("NATS", nats, _nats, _NATS_FIX)):
        if url:
            why = ask(url)
            answers += [] if why else [f"{name} at {_shown(url)} answers"]
            faults += [why] if why else []
            fixes += [fix] if why else []
    return Finding("; ".join(faults + answers) or "no Redis and no NATS is named by this profile", " ".join(fixes))


def _redis(url: str) -> str:
    """Why it cannot be used; empty if it can."""
    try:
        return why_away(url)
    except PenstockError as e:
        return str(e)


def _nats(url: str) -> str:
    """Why it cannot be used; empty if it can."""

    async def ignore(_error: Exception) -> None:
        """It is raised, too."""

    async def ask() -> None:
        await (await connect_to_nats(url, connect_timeout=_WAIT_S, error_cb=ignore)).close()

    try:
        asyncio.run(asyncio.wait_for(ask(), _WAIT_S))
    except ImportError:
        return "`[stage.memory.nats]` needs the extra `nats`, which is not installed: `pip install 'penstock[nats]'`"
    except Exception as e:  # noqa: BLE001 - the client raises errors of its own, of the system and of TLS
        return f"NATS at {_shown(url)} does not answer: {str(e) or type(e).__name__}"
    return ""


def _shown(url: str) -> str:
    """The address without a password, also of what is no URL: `urlsplit` refuses some."""
    return url.partition("://")[2].rpartition("@")[2].partition("/")[0]
