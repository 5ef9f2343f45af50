"""`EventData`: base of the payload classes of events, and their conversion to JSON and back (`payload_of`, `read`).
`read` never raises. `Count` and `Number`: the types of numbers in them.

A field without a default is always written; one with a default is written where it has another value. Reading is
lenient, since another version may have written the payload: what is missing, of another type, or a number above 10^15
is the default, or what is empty of its type (None, where that is allowed). Unknown fields are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from penstock.events.kinds import EventKind

__all__ = ["Count", "EventData", "Number", "payload_of", "read"]

_LARGEST = 10**15
"""The largest count, time or price. Larger values come from a damaged log, and would spoil every sum."""
Count = Annotated[int, msgspec.Meta(ge=-_LARGEST, le=_LARGEST)]
"""A number of things, such as tokens. A fraction is cut off."""
Number = Annotated[float, msgspec.Meta(ge=-_LARGEST, le=_LARGEST)]
"""A finite number: a time, a price."""
_FAILURES = (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError, TypeError)
"""What `msgspec.convert` raises for one value or another."""
_PLAIN = frozenset({str, int, float, bool, NoneType})
Data = TypeVar("Data")


@dataclass(frozen=True, slots=True)
class EventData:
    """The payload of an event. Texts may contain line ends and control characters."""

    KIND: ClassVar[EventKind]


def payload_of(data: Any) -> dict[str, Any]:
    """The JSON object that `data`, an `EventData` or a part of one, is stored as."""
    type_: Any = type(data)
    return {name: _plain(value) for name, _, default in _schema(type_) if (value := getattr(data, name)) != default}


def read(type_: type[Data], payload: object) -> Data:
    """`payload` as an object of the dataclass `type_`. Never raises."""
    values = payload if isinstance(payload, Mapping) else {}
    try:
        return msgspec.convert(values, type_)
    except _FAILURES:  # another version wrote it, or it is damaged
        return cast(Data, _patched(type_, values))


def _patched(type_: Any, values: Mapping[str, Any]) -> Any:
    """`values` converted with missing fields filled in; if that fails, field by field."""
    try:
        return msgspec.convert({**_blank(type_), **values}, type_)
    except _FAILURES:
        return _lenient(type_, values)


def _lenient(type_: Any, values: Mapping[str, Any]) -> Any:
    found = {}
    for name, hint, default in _schema(type_):
        value = _read(hint, values[name]) if name in values else None
        if value is not None:
            found[name] = value
        elif default is MISSING:
            found[name] = _empty(hint)
    return type_(**found)


def _read(hint: Any, value: object) -> Any:
    """None: `value` is not of that type, nor can be taken for it."""
    if value is None:
        return None
    try:
        return msgspec.convert(value, hint)
    except _FAILURES:
        hint = _without_none(hint)
    if hint == Count:
        number = _read(Number, value)
        return None if number is None else int(number)
    if is_dataclass(hint):
        return _lenient(hint, value) if isinstance(value, Mapping) else None
    if get_origin(hint) is not tuple:
        return None
    (one, *_) = get_args(hint)
    if isinstance(value, str):  # a lone text is a list of one
        return (value,) if one is str else None
    found = (_read(one, part) for part in value) if isinstance(value, list) else None
    return None if found is None else tuple(part for part in found if part is not None)


def _empty(hint: Any) -> Any:
    if _without_none(hint) is not hint:
        return None
    if get_origin(hint) is Annotated:
        (hint, *_) = get_args(hint)
    if is_dataclass(hint):
        return _lenient(hint, {})
    return (get_origin(hint) or hint)()


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, UnionType):
        return hint
    (kept,) = (one for one in get_args(hint) if one is not NoneType)
    return kept


@cache
def _blank(type_: type[Any]) -> dict[str, Any]:
    """The payload with every field empty."""
    return payload_of(_lenient(type_, {}))


@cache
def _schema(type_: type[Any]) -> tuple[tuple[str, Any, object], ...]:
    """By field: its name, its type, and its default or `MISSING`."""
    hints = get_type_hints(type_, include_extras=True)
    return tuple((f.name, hints[f.name], f.default) for f in fields(type_))


def _plain(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if is_dataclass(value):
        return payload_of(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
