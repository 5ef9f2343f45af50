"""`ContextError` and its subclasses: why a call about contexts is refused. Each has the `type` that the service answers
with."""

from __future__ import annotations

from penstock.base.errors import PenstockError

__all__ = ["Conflict", "ContextError", "Expired", "InvalidContext", "NoContext", "Sealed", "StaleVersion", "TooLarge"]


class ContextError(PenstockError):
    """A call about contexts cannot be carried out; nothing was changed. The text names the context and what to do."""

    type = "invalid"

    def __init__(self, text: str, param: str = "") -> None:
        super().__init__(text)
        self.param = param
        """The field of the call that it is about, empty where it is about none."""


class InvalidContext(ContextError):
    """A key, a value or a field is not as it must be."""


class NoContext(ContextError):
    """There is no such context, or no such version of it."""

    type = "not_found"


class Expired(ContextError):
    """There was one: its time is over, or it was deleted."""

    type = "gone"


class Conflict(ContextError):
    """The call does not fit what is there."""

    type = "conflict"


class Sealed(ContextError):
    """A value is sealed, and cannot be opened, or none can be sealed. Nothing is lost."""

    type = "sealed"


class StaleVersion(ContextError):
    """The context has another version than the caller has seen."""

    type = "stale"

    def __init__(self, text: str, version: int) -> None:
        super().__init__(text)
        self.version = version
        """The current one, 0 where there is none."""


class TooLarge(ContextError):
    """A value is larger than the limit."""

    type = "too_large"
