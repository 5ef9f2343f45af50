"""`read_export`: reads an export and checks each line; an error (`BadExport`) names the number of its line.
`read_first` reads only the head."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from penstock.base.errors import PenstockError
from penstock.base.suggest import did_you_mean
from penstock.base.version import VERSION
from penstock.contexts.errors import ContextError
from penstock.contexts.importing import ImportedContext, ImportedVersion
from penstock.contexts.keys import check_key
from penstock.contexts.values import encode
from penstock.memory.items import Item
from penstock.transfer.lines import (
    FORMAT,
    LONGEST,
    ContextLine,
    Counts,
    First,
    ForgottenLine,
    ItemLine,
    LabelLine,
    Line,
    ProjectLine,
    VersionLine,
)

__all__ = ["BadExport", "ImportedItem", "ImportedMark", "read_export", "read_first"]

M = TypeVar("M", bound=BaseModel)


class BadExport(PenstockError):
    """A file is no export, is not whole, or has a line that cannot be imported. The text names the line."""


def read_first(source: BinaryIO) -> First:
    """The first line. Raises `BadExport`: it is no export, or one of a newer version."""
    found = _object(source.readline(LONGEST + 1), 1)
    if "penstock_export" not in found:
        raise BadExport('line 1: an export begins with {"penstock_export": 1, …}, as `penstock context export` writes')
    number = found["penstock_export"]
    if isinstance(number, int) and number > FORMAT:
        raise BadExport(
            f"line 1: this export has the format {number} of Penstock {found.get('version')}, and this is {VERSION}, "
            f"which reads {FORMAT}: update it"
        )
    return _checked(First, found, 1)


@dataclass(frozen=True, slots=True)
class ImportedItem:
    """An item of the memory from an export, with the feedback on it."""

    item: Item
    feedback: list[dict[str, Any]]


ImportedMark = ProjectLine | LabelLine | ForgottenLine


def read_export(source: BinaryIO) -> Iterator[ImportedContext | ImportedItem | ImportedMark | Counts]:
    """Contexts, marks of projects and items in order, with `Counts` at the end. Raises `BadExport` at the first wrong
    line; what was yielded before is valid."""
    read_first(source)
    seen, nth = Counts(), 1
    while raw := source.readline(LONGEST + 1):
        nth += 1
        line = _line(raw, nth)
        if line.context is not None:
            versions = [_version(source, nth + n, n, line.context) for n in range(1, line.context.versions + 1)]
            yield _context(line.context, versions, nth)
            nth += len(versions)
            seen.contexts, seen.versions = seen.contexts + 1, seen.versions + len(versions)
        elif line.item is not None:
            yield _item(line.item, nth)
            seen.items += 1
        elif (mark := line.project or line.label or line.forgotten) is not None:
            yield mark
            [(kind, said)] = line.model_dump(exclude_none=True).items()
            seen.add(kind, said)
        elif line.end is not None:
            _check_end(source, line.end, seen, nth)
            yield line.end
            return
        else:
            raise BadExport(f"line {nth}: a version stands behind its context only")
    raise BadExport(f"line {nth} is the last one, and says no `end`: the file is not whole. Export it again")


def _check_end(source: BinaryIO, end: Counts, seen: Counts, nth: int) -> None:
    seen.left_out = end.left_out
    if end != seen:
        said, found = (f"{one.contexts} contexts, {one.versions} versions, {one.items} items" for one in (end, seen))
        raise BadExport(f"line {nth}: the end says {said}, and there are {found}: lines are missing or were added")
    if source.readline(1):
        raise BadExport(f"line {nth + 1}: nothing was expected behind the end")


def _version(source: BinaryIO, nth: int, place: int, context: ContextLine) -> ImportedVersion:
    raw = source.readline(LONGEST + 1)
    line = _line(raw, nth).version if raw else None
    if line is None:
        raise BadExport(f"line {nth}: version {place} of {context.versions} of the context {context.key} was expected")
    try:
        return ImportedVersion(line.version, line.at, line.by, line.change, encode(line.data))
    except ContextError as e:
        raise BadExport(f"line {nth}: {e}") from e


def _context(line: ContextLine, versions: list[ImportedVersion], nth: int) -> ImportedContext:
    try:
        check_key(line.key)
    except ContextError as e:
        raise BadExport(f"line {nth}: {e}") from e
    numbers = [one.number for one in versions]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise BadExport(f"line {nth}: the versions of {line.key} have the numbers {numbers}: one after another, please")
    tags = tuple(dict.fromkeys(line.tags))
    times = (line.created_at, line.updated_at, line.expires_at)
    return ImportedContext(line.key, tags, line.session, line.agent, *times, line.by, versions)


def _item(line: ItemLine, nth: int) -> ImportedItem:
    if not line.text.strip():
        raise BadExport(f"line {nth}: item.text is empty")
    said = line.model_dump(mode="json", include={"feedback"})
    return ImportedItem(Item(**{**line.model_dump(exclude={"feedback"}), "tags": tuple(line.tags)}), **said)


def _line(raw: bytes, nth: int) -> Line:
    found = _object(raw, nth)
    if len(found) != 1:
        raise BadExport(f"line {nth}: one field was expected, and there are {len(found)}")
    return _checked(Line, found, nth)


def _object(raw: bytes, nth: int) -> dict[str, Any]:
    if len(raw) > LONGEST:
        raise BadExport(f"line {nth}: it has more than {LONGEST:,} bytes")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as e:
        raise BadExport(f"line {nth} is no JSON: {e}") from e
    if not isinstance(found, dict):
        raise BadExport(f"line {nth}: an object was expected")
    return found


def _checked(model: type[M], found: dict[str, Any], nth: int) -> M:
    try:
        return model.model_validate(found)
    except ValidationError as e:
        first = e.errors()[0]
        place = [str(part) for part in first["loc"]]
        if first["type"] == "extra_forbidden":
            known: dict[str, type[BaseModel]] = {
                "context": ContextLine,
                "version": VersionLine,
                "project": ProjectLine,
                "label": LabelLine,
                "forgotten": ForgottenLine,
                "item": ItemLine,
                "end": Counts,
            }
            fields = (known.get(place[0], model) if len(place) > 1 else model).model_fields
            raise BadExport(
                f"line {nth}: there is no field {'.'.join(place)!r}.{did_you_mean(place[-1], fields)}"
            ) from e
        raise BadExport(f"line {nth}: {'.'.join(place)}: {first['msg']}") from e
