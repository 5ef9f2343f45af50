"""`ImportWriter`: writes a whole context from an export (`ImportedContext`), with its versions, times and history;
`Onto` says what becomes of an existing one of that key. `outcome_for` says beforehand what it would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from penstock.contexts.finding import Row, head_of, look_up
from penstock.contexts.records import ContextHead
from penstock.contexts.schema import context_versions, contexts
from penstock.contexts.sealed import data_key_of, place_of
from penstock.contexts.values import StoredValue
from penstock.contexts.writing import Writer
from penstock.profiles.service import MOST_VERSIONS

__all__ = ["ImportWriter", "ImportedContext", "ImportedVersion", "Onto", "Outcome", "outcome_for"]

Onto = Literal["skip", "newer", "overwrite"]
"""What happens to an existing context of the same key: it is kept; it is kept unless the imported one was changed
later; it is replaced."""
Outcome = Literal["added", "replaced", "kept", "same", "ended"]
"""`same`: both are equal; `ended`: the imported context has expired."""


@dataclass(frozen=True, slots=True)
class ImportedVersion:
    """A version from an export."""

    number: int
    at: float
    by: str
    change: str
    value: StoredValue


@dataclass(frozen=True, slots=True)
class ImportedContext:
    """A context from an export. The last of `versions` is the newest; their numbers have no gaps."""

    key: str
    tags: tuple[str, ...]
    session: str
    agent: str
    created_at: float
    updated_at: float
    expires_at: float | None
    by: str
    versions: Sequence[ImportedVersion]


def outcome_for(there: ContextHead | None, new: ImportedContext, onto: Onto, now: float) -> Outcome:
    """What an import of `new` does if `there` exists (None: nothing does)."""
    if new.expires_at is not None and new.expires_at <= now:
        return "ended"
    if there is None:
        return "added"
    its = (there.digest, there.tags, there.session, there.agent, there.updated_at, there.expires_at)
    if its == (new.versions[-1].value.digest, new.tags, new.session, new.agent, new.updated_at, new.expires_at):
        return "same"
    if onto == "overwrite" or (onto == "newer" and new.updated_at > there.updated_at):
        return "replaced"
    return "kept"


class ImportWriter(Writer):
    """A `Writer` that can write whole contexts, in the transaction of another writer."""

    @classmethod
    def of(cls, writer: Writer) -> ImportWriter:
        """An `ImportWriter` on the transaction of `writer`."""
        return cls(writer._db, writer._masters, writer._retention, writer._workspace, writer._by, writer._now)

    def put_whole(self, new: ImportedContext, onto: Onto) -> Outcome:
        """Write a context. If there was one of its key, even a deleted one, the version numbers go on from there, so
        that a number is never used twice; if that one is sealed, the new one is too. Versions of a deleted or expired
        context are kept below. Raises `InvalidContext` and `Sealed`."""
        row = look_up(self._db, self._workspace, new.key)
        outcome = outcome_for(head_of(row) if row is not None and self._is_alive(row) else None, new, onto, self._now)
        if outcome not in ("added", "replaced"):
            return outcome
        kept = new.versions[-self._retention.versions :]
        goes_on = row is not None and not self._is_alive(row)
        shift = 0 if row is None else row.version + 1 - kept[0].number
        if not goes_on:
            shift = max(0, shift)
        versions = [replace(one, number=one.number + shift) for one in kept]
        key = None if row is None else data_key_of(self._db, self._masters, row)
        if key is not None:
            versions = [replace(one, value=one.value.sealed(key, self._place_of(new, one))) for one in versions]
        if row is not None and not goes_on:
            self._db.execute(context_versions.delete().where(context_versions.c.context == row.id))
        number = self._place(row, new, versions[-1])
        for one in versions:
            self._keep(number, one)
        oldest = versions[-1].number - MOST_VERSIONS  # an export can have no more
        self._db.execute(
            context_versions.delete().where(
                (context_versions.c.context == number) & (context_versions.c.version <= oldest)
            )
        )
        self._index(number, new.key, new.tags, versions[-1].value.text)
        self._tell("put", new.key, versions[-1].number, new.tags)
        return outcome

    def _place_of(self, new: ImportedContext, one: ImportedVersion) -> str:
        return place_of(self._workspace, new.key, one.number)

    def _place(self, row: Row | None, new: ImportedContext, newest: ImportedVersion) -> int:
        """Write the context itself, without its versions; its number."""
        values = {
            "version": newest.number,
            "tags": list(new.tags),
            "session": new.session,
            "agent": new.agent,
            "size": newest.value.size,
            "digest": newest.value.digest,
            "created_at": new.created_at,
            "updated_at": new.updated_at,
            "expires_at": new.expires_at,
            "deleted_at": None,
            "by": new.by,
        }
        if row is None:
            added = contexts.insert().values(workspace=self._workspace, key=new.key, **values)
            return int(self._db.execute(added.returning(contexts.c.id)).scalar_one())
        self._set(row.id, **values)
        return int(row.id)

    def _keep(self, number: int, one: ImportedVersion) -> None:
        value = one.value
        body = {"body": value.body, "codec": value.codec, "size": value.size, "digest": value.digest}
        line = {"context": number, "version": one.number, "change": one.change, "by": one.by, "at": one.at}
        self._db.execute(context_versions.insert().values(**line, **body))
