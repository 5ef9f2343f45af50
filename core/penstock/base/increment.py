"""`Increment`: a change of a stored JSON object that several processes may make at once: it adds to numbers in parts of
the object, and replaces other fields. `FactChange`: what becomes of such an object: another one, an `Increment`, or
None, which deletes it. `merged` joins two changes of one object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["FactChange", "Increment", "merged"]


@dataclass(frozen=True, slots=True)
class Increment:
    """Adds to the numbers of an object's parts, and replaces other fields. What another process added stays."""

    value: Mapping[str, Any]
    """The whole object as this process knows it. A store that no other process writes to keeps this."""
    added: Mapping[str, Mapping[str, float]]
    """What this process has added, by the name of the part and of the number in it."""
    parts: tuple[str, ...] = ()
    """The names of all parts to which processes add."""
    is_whole: bool = False
    """`value` takes the place of whatever is stored: the object was deleted or replaced just before."""
    on_written: Callable[[Mapping[str, Mapping[str, float]]], None] = field(
        default=lambda _: None, compare=False, repr=False
    )
    """Called with `added` once the increment is stored, from any thread."""

    def applied(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The object `stored` after this change, where other processes change it, too."""
        if self.is_whole:
            return dict(self.value)
        out = {**stored, **{name: value for name, value in self.value.items() if name not in self.parts}}
        for part, more in self.added.items():
            before = out.get(part)
            sums = _sum(before if isinstance(before, Mapping) else {}, more)
            out[part] = {name: max(0.0, amount) for name, amount in sums.items()}
        return out

    def then(self, later: Increment) -> Increment:
        """Both changes in one."""
        added = {**self.added, **{part: _sum(self.added.get(part, {}), more) for part, more in later.added.items()}}
        # `dataclasses.replace` takes three times as long, for each counter of a request.
        return Increment(later.value, added, later.parts, self.is_whole, later.on_written)

    def written(self) -> None:
        """Confirm that this change is stored."""
        self.on_written(self.added)


FactChange = Mapping[str, Any] | Increment | None
"""What is to become of a stored object: another in its place, an increment, or none."""


def merged(before: FactChange, later: FactChange) -> FactChange:
    """Two changes of one object, one after the other, in one."""
    if not isinstance(later, Increment) or later.is_whole:
        return later
    return before.then(later) if isinstance(before, Increment) else replace(later, is_whole=True)


def _sum(before: Mapping[str, Any], more: Mapping[str, float]) -> dict[str, Any]:
    return {**before, **{name: round(_number(before.get(name)) + amount, 9) for name, amount in more.items()}}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
