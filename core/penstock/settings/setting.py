"""`Setting`: one setting as it is shown to people: key, type (`Shape`), bounds, value, and where the value comes from
(`Source`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Setting", "Shape", "Source"]


class Shape(StrEnum):
    """The type of a setting's value."""

    SWITCH = "switch"
    WHOLE = "whole"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"
    WORDS = "words"
    """A list of words."""


class Source(StrEnum):
    """Where the current value comes from."""

    RUN = "run"
    """A person changed it for this run."""
    PROFILE = "profile"
    DEFAULT = "default"
    """No profile sets it. The default of a stage may depend on its `aggressiveness`."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting with its current value."""

    key: str
    """`window.hard`, `stage.pruning.age`: the tables of the profile and the key."""
    part: str
    """The heading under which it is shown."""
    shape: Shape
    value: Any
    default: Any
    source: Source = Source.DEFAULT
    before: Any = None
    """The profile's value, if a person has changed it."""
    help: str = ""
    unit: str = ""
    bounds: str = ""
    """The bounds in words: `from 0 to 1`."""
    choices: tuple[str, ...] = ()
    may_be_none: bool = False

    def payload(self) -> dict[str, Any]:
        """The setting as plain data, for JSON."""
        return asdict(self)

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Setting:
        """The setting in `payload`, from another process, which may be a later version. Raises `ValueError`,
        `TypeError` and `KeyError` if it is none."""
        known = {name: payload[name] for name in cls.__slots__ if name in payload}
        shape, source = Shape(known.pop("shape")), Source(known.pop("source"))
        choices = tuple(map(str, known.pop("choices", ())))
        return cls(**known, shape=shape, source=source, choices=choices)
