"""Reading a payload that another version wrote: a field that is missing or of another type is as good as empty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from penstock.stats.fields import number

__all__ = ["Payload", "readable"]

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def readable(text: str) -> str:
    """`text` without what could steer a terminal or turn its line around. Line ends and tabs stay.

    Texts in the log come from tools and models: printed as they are, they could move the cursor or set the clipboard.
    """
    if text.isprintable():
        return text
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


class Payload:
    """The fields of one event."""

    __slots__ = ("_fields",)

    def __init__(self, fields: object) -> None:
        self._fields: Mapping[str, Any] = fields if isinstance(fields, dict | Mapping) else {}

    def __contains__(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def text(self, name: str, limit: int = 0) -> str:
        """A readable text, at most `limit` characters unless that is 0."""
        value = self._fields.get(name)
        if isinstance(value, str):  # nearly all are; the others take ten times as long to tell
            text = value
        elif value is None or isinstance(value, Mapping | list):
            return ""
        else:
            text = str(value)
        return readable(text[:limit] if limit else text)

    def line(self, name: str, limit: int = 0) -> str:
        """As `text`, on one line."""
        return " ".join(self.text(name, limit).split())

    def number(self, name: str) -> float | None:
        return number(self._fields.get(name))

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool:
        return self._fields.get(name) is True

    def names(self, name: str) -> list[str]:
        """A list of texts. A lone text is a list of one."""
        value = self._fields.get(name)
        if isinstance(value, str):
            return [readable(value)]
        return [readable(one) for one in value if isinstance(one, str)] if isinstance(value, list) else []

    def part(self, name: str) -> Payload:
        """The object under `name`."""
        return Payload(self._fields.get(name))

    def lists(self, name: str) -> Iterator[tuple[str, list[Any]]]:
        """The lists in the object under `name` that have anything in them, each by its own name."""
        value = self._fields.get(name)
        if isinstance(value, Mapping):
            yield from ((str(key), one) for key, one in value.items() if isinstance(one, list) and one)

    def parts(self, name: str) -> Iterator[Payload]:
        """The objects in the list under `name`."""
        value = self._fields.get(name)
        if isinstance(value, list):
            yield from (Payload(one) for one in value if isinstance(one, Mapping))
