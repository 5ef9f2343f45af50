"""`Settings` of the keep-alive stage, in the profile's table `[stage.keepalive]`: types, defaults, bounds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Settings"]


class Settings(BaseModel):
    """The keep-alive stage's settings, `[stage.keepalive]`. A read is one keep-alive request, which reads the cache."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    logins: bool = False
    """Also keep requests alive that go by a subscription login. Providers do not say how such requests count against a
    plan's limits: ask yours."""
    least: int = Field(default=10_000, ge=0)
    """Requests of fewer tokens are not kept alive."""
    requests: int = Field(default=2, ge=1)
    """A conversation is kept alive from this request on."""
    per_pause: int = Field(default=12, ge=0)
    """Reads in one pause of the user, at most."""
    per_hour: int = Field(default=120, ge=0)
    """Reads in one hour, of all conversations together, at most."""
    dollars_per_read: float = Field(default=0.50, ge=0)
    """A read that would cost more is not sent."""
    dollars_per_hour: float = Field(default=2.0, ge=0)
    """What the reads of one hour may cost together."""
    risk: float = Field(default=0.01, ge=0, le=1)
    """The share of a session's cost without Penstock that may be lost when the user does not come back. Beyond that,
    reads are paid for by a third of what was saved before."""
    rewritten: float = Field(default=0.4, ge=0, le=1)
    """The share of a request that an expired entry costs to write again, less what stages remove then for nothing."""
