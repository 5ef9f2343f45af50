"""`check_for_several`: refuses a profile that several processes of one machine (`up --workers`) cannot keep."""

from __future__ import annotations

from penstock.base.errors import ProfileError
from penstock.profiles.profile import Profile

__all__ = ["check_for_several"]

KEEP_ALIVE = "keepalive"


def check_for_several(profile: Profile, *, has_redis: bool) -> None:
    """`has_redis`: whether the processes share the counts of speed limits. Raises `ProfileError`."""
    rates = {"rate.credential": profile.rate.credential, "rate.project": profile.rate.project}
    limited = [key for key, one in rates.items() if one.requests_per_minute or one.tokens_per_minute]
    if limited and not has_redis:
        raise _refused(limited[0], "the limits of `[rate]` would hold for each by itself: `[service] redis` is needed")
    if KEEP_ALIVE in profile.stages:
        raise _refused(
            "stages", f"the stage `{KEEP_ALIVE}` needs one process, which knows of every request when a pause began"
        )


def _refused(key: str, text: str) -> ProfileError:
    text = f"--workers: {text}"
    return ProfileError(text, {key: text})
