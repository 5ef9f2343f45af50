"""`ContextError` and its subclasses: why a call about contexts is refused (`InvalidContext`, `NoContext`, `Expired`,
`StaleVersion`, `Conflict`, `TooLarge`, `Sealed`). Each has the `type` that the service answers with."""

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
    """A key, a value or a field is not valid."""


class NoContext(ContextError):
    """There is no such context, or no such version of it."""

    type = "not_found"


class Expired(ContextError):
    """The context has expired or was deleted."""

    type = "gone"


class Conflict(ContextError):
    """The call does not fit the state of the context."""

    type = "conflict"


class Sealed(ContextError):
    """A sealed value cannot be decrypted, or a value cannot be encrypted. Nothing is lost."""

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
