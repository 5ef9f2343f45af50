"""What becomes of a batch of which the store refuses a part (`Unstorable`): `store_each` stores the rest of a list,
`FactBatch.halves` are two batches in place of one, and `Refused` keeps what was refused, to say each once."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar

from penstock.base.errors import Unstorable
from penstock.base.increment import FactChange
from penstock.events.proxy_events import FaultEvent

__all__ = ["FactBatch", "Refused", "store_each"]

logger = logging.getLogger(__name__)
_MOST = 1000
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class FactBatch:
    """Changes of facts that the store was asked to make. They stay together until it has confirmed or refused them:
    whether they were made is not known if its answer was lost."""

    changes: Mapping[str, FactChange]
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    def halves(self) -> list[Self]:
        """Two batches with the same changes; none for a single change."""
        names = list(self.changes)
        middle = len(names) // 2
        parts = (names[:middle], names[middle:]) if middle else ()
        return [type(self)({name: self.changes[name] for name in part}) for part in parts]


class Refused:
    """The names of what the store refused, at most `_MOST`. Not for several threads."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def note(self, name: str, why: Unstorable) -> FaultEvent | None:
        """A warning and an event, the first time that something of this name is refused; None later. `name` may have
        what no database stores: what is said of it has not."""
        shown = _plain(name)
        if shown in self._known or len(self._known) >= _MOST:
            return None
        self._known.add(shown)
        said = f"the store refuses {shown}, and it is left out: {_plain(str(why))}"
        logger.warning("%s", said)
        return FaultEvent("events", said)


def store_each(
    items: list[_Item],
    store: Callable[[list[_Item]], None],
    set_aside: Callable[[_Item, Unstorable], _Item | None],
    done: list[_Item],
) -> None:
    """Store `items` in order, in as few calls as possible, and move what is stored from the list to `done`. One that
    the store refuses does not hold up the others: `set_aside` gives what to store in its place, or None. What `store`
    raises besides leaves the rest in `items`."""
    size = len(items)
    while items:
        part = items[:size]
        try:
            store(part)
        except Unstorable as e:
            if len(part) > 1:
                size = (len(part) + 1) // 2
                continue
            instead = set_aside(part[0], e)
            items[:1] = [] if instead is None else [instead]
            continue
        del items[: len(part)]
        done += part
        size *= 2


def _plain(text: str) -> str:
    """A text as it can be shown and stored anywhere, at most 200 characters."""
    return ascii(text)[1:-1][:200]
