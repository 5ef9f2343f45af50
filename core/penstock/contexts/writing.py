"""`Writer`: all writes to the tables of contexts within one transaction, which `Contexts.write` opens and ends: changes
(put, patch, delete, roll back, expire, seal, …), stored answers to repeated requests, vectors and counts of use."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

import sqlalchemy as sa

from penstock.base.prepared import Prepared
from penstock.base.shared_tables import is_open
from penstock.contexts import answers, words
from penstock.contexts.check_labels import check_tags
from penstock.contexts.errors import Conflict, InvalidContext, NoContext, StaleVersion
from penstock.contexts.finding import Row, find, head_of, look_up, read, version_of
from penstock.contexts.records import (
    DEFAULT_TTL_S,
    ChangeKind,
    ContextHead,
    ContextValue,
    Expected,
    NewContext,
    Retention,
)
from penstock.contexts.schema import changes, context_vectors, context_versions, contexts, data_keys, usage
from penstock.contexts.sealed import add_data_key, data_key_of, drop_masters, opened, place_of, reseal, rewrap
from penstock.contexts.usage import add_usage
from penstock.contexts.values import StoredValue, check_depth, decode, encode, merged
from penstock.sealing.master_key import MasterKeys

__all__ = ["Writer"]

KEPT_DELETED_S = 30 * 86_400.0
"""Seconds for which a deleted context can be restored."""
_MIN_TTL_S, _MAX_TTL_S = 0.001, 100 * 366 * 86_400.0

_ADD = contexts.insert().returning(contexts.c.id)
"""Built once: to build a statement takes longer than SQLite does for it."""
_ADD_VERSION = Prepared(context_versions.insert())
_ADD_CHANGE = Prepared(changes.insert(), *(column.name for column in changes.c if column.name != "seq"))
_OLD = Prepared(
    context_versions.delete().where(
        context_versions.c.context == sa.bindparam("number"), context_versions.c.version <= sa.bindparam("last")
    )
)


class Writer:
    """Changes contexts of one workspace. Valid until its transaction ends."""

    def __init__(
        self, db: sa.Connection, masters: MasterKeys, retention: Retention, workspace: str, by: str, now: float
    ) -> None:
        self._db, self._masters, self._workspace, self._by, self._now = db, masters, workspace, by, now
        self._retention = retention
        self.has_purged = False
        """Whether something was removed for good, so that the write-ahead log has to go as well."""
        self.written: list[tuple[str, int]] = []
        """The keys of new versions, and the bytes of their values."""

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the transaction that is undone alone when the block raises."""
        self._db.exec_driver_sql("SAVEPOINT part")
        written = len(self.written)
        try:
            yield
        except BaseException:
            del self.written[written:]
            if is_open(self._db):  # a full disk ends all of it by itself
                self._db.exec_driver_sql("ROLLBACK TO part")
                self._db.exec_driver_sql("RELEASE part")
            raise
        self._db.exec_driver_sql("RELEASE part")

    def get(self, key: str, version: int | None = None) -> ContextValue:
        """A version with its value, as this transaction sees it. Raises as `Contexts.get` does."""
        return read(self._db, self._masters, self._workspace, key, version, self._now)

    def put(self, key: str, new: NewContext, expected: Expected = None) -> tuple[ContextHead, bool]:
        """Store a value, as version 1 or as the next one. Returns the head, and whether the context is new. A value
        equal to the newest makes no version, but renews its expiry and sets tags, session and agent. A deleted or
        expired context goes on with its history. `expected`: the version that the caller has seen, 0 for none; raises
        `StaleVersion` when it is another. Raises `InvalidContext` and `TooLarge`."""
        check_tags(new, self._by)
        row = look_up(self._db, self._workspace, key)
        before = None if row is None else _marks(head_of(row))
        is_new = row is None or not self._is_alive(row)
        self._expect(key, expected, row)
        stored, end = encode(new.data), self._end_of(row, is_new, new.ttl)  # what may raise goes before what changes
        if row is None:
            return self._insert(key, new, stored, end), True
        if new.seal not in (None, row.data_key is not None):
            row = self._reseal(row, new.seal is True)
        stored = self._sealed(row, stored)
        same = not is_new and row.digest == stored.digest
        version = row.version if same else self._add_version(row, stored, new.change)
        self._update(row, version, stored, new, end, revived=is_new)
        head = self._head(key)
        if version != row.version or is_new or _marks(head) != before:
            self._tell("put", key, version, head.tags)
        return head, is_new

    def patch(self, key: str, patch: Any, new: NewContext, expected: Expected = None) -> ContextHead:
        """Change a value by a JSON Merge Patch (RFC 7396). `new`: expiry, tags and the rest; its data is ignored."""
        check_depth(patch)
        return self._change(key, new, expected, lambda data: merged(data, patch))

    def append(self, key: str, items: Sequence[Any], new: NewContext, expected: Expected = None) -> ContextHead:
        """Add items to the end of a value that is a list. Raises `Conflict` if it is not."""

        def longer(data: Any) -> Any:
            if not isinstance(data, list):
                raise Conflict(f"context {key} is not a list, so nothing can be appended to it", "append")
            return [*data, *items]

        return self._change(key, new, expected, longer)

    def touch(self, key: str, new: NewContext, expected: Expected = None) -> ContextHead:
        """Change expiry, tags, session or agent, without a new version."""
        return self._change(key, new, expected, lambda data: data)

    def delete(self, key: str, *, purge: bool = False, expected: Expected = None) -> None:
        """Delete a context. It can be restored for 30 days, unless `purge` removes it with all its versions."""
        row = look_up(self._db, self._workspace, key) if purge else None
        row = row or find(self._db, self._workspace, key, self._now)
        self._expect(key, expected, row)
        if purge:
            self._purge([row.id])
        else:
            self._set(row.id, deleted_at=self._now)
            self._unfind(row.id)
        self._tell("delete", key, row.version, row.tags)

    def undelete(self, key: str, ttl: float | None = None, expected: Expected = None) -> ContextHead:
        """Restore a deleted or expired context, for a day if `ttl` is None. Raises `NoContext` if nothing is left of
        it, and `Conflict` if it exists."""
        row = look_up(self._db, self._workspace, key)
        if row is None:
            raise NoContext(f"nothing is left of a context {key} in workspace {self._workspace}", "key")
        self._expect(key, expected, row)
        if self._is_alive(row):
            raise Conflict(f"context {key} is there: it was not deleted", "key")
        end = self._end(DEFAULT_TTL_S if ttl is None else ttl)
        self._set(row.id, deleted_at=None, expires_at=end, updated_at=self._now)
        text = "" if row.data_key is not None else json.dumps(self._value(row, row.version), ensure_ascii=False)
        self._index(row.id, key, row.tags, text)
        self._tell("undelete", key, row.version, row.tags)
        return self._head(key)

    def rollback(self, key: str, to: int, expected: Expected = None) -> ContextHead:
        """Make a new version with the value of an older one; the history is kept."""
        row = find(self._db, self._workspace, key, self._now)
        self._expect(key, expected, row)
        stored = self._sealed(row, encode(self._value(row, to)))
        version = self._add_version(row, stored, f"rollback to {to}")
        self._update(row, version, stored, NewContext(None), self._end_of(row, False, None), revived=False)
        self._tell("rollback", key, version, row.tags)
        return self._head(key)

    def answered(self, name: str, digest: str) -> tuple[int, bytes] | None:
        """The stored status and body of the answer to a request of this idempotency key. None: there is none. Raises
        `Conflict` if that was another request."""
        return answers.find_answer(self._db, self._workspace, name, digest, self._now)

    def remember_answer(self, name: str, digest: str, status: int, answer: bytes) -> None:
        """Store an answer for a day, to be returned to the same request sent again."""
        answers.store_answer(self._db, self._workspace, name, digest, status, answer, self._now)

    def set_vectors(self, rows: Sequence[dict[str, Any]]) -> None:
        """Store vectors, each in place of its context's earlier one. Contexts that were changed, sealed or deleted
        meanwhile are skipped."""
        numbers = [row["context"] for row in rows]
        self._db.execute(context_vectors.delete().where(context_vectors.c.context.in_(numbers)))
        open_ones = contexts.c.data_key.is_(None) & contexts.c.deleted_at.is_(None) & contexts.c.id.in_(numbers)
        found = self._db.execute(sa.select(contexts.c.id, contexts.c.version).where(open_ones)).all()
        versions = {row.id: row.version for row in found}
        if current := [row for row in rows if versions.get(row["context"]) == row["version"]]:
            self._db.execute(context_vectors.insert(), current)

    def add_usage(self, counted: dict[tuple[str, str, str], list[int]]) -> None:
        """Add what `UsageCounter` has counted, of all workspaces."""
        add_usage(self._db, counted, self._now)

    def expire(self) -> int:
        """Delete the expired contexts of this workspace. Returns how many there were."""
        alive = (contexts.c.workspace == self._workspace) & contexts.c.deleted_at.is_(None)
        due = self._db.execute(contexts.select().where(alive & (contexts.c.expires_at <= self._now))).all()
        for row in due:
            self._set(row.id, deleted_at=row.expires_at)
            self._unfind(row.id)
            self._tell("expired", row.key, row.version, row.tags)
        return len(due)

    def clean(self) -> None:
        """Remove for good, in all workspaces, contexts deleted more than 30 days ago, and old changes and answers."""
        gone = sa.select(contexts.c.id).where(contexts.c.deleted_at < self._now - KEPT_DELETED_S)
        self._purge(list(self._db.scalars(gone)))
        newest = self._db.execute(sa.select(sa.func.max(changes.c.seq))).scalar() or 0
        self._db.execute(changes.delete().where(changes.c.seq <= newest - self._retention.changes))
        answers.drop_expired(self._db, self._now)

    def new_data_key(self, key: str) -> None:
        """Encrypt a sealed context with a new data key. Raises `Conflict` if it is not sealed, and `Sealed`."""
        row = find(self._db, self._workspace, key, self._now)
        if row.data_key is None:
            raise Conflict(f"context {key} is not sealed", "key")
        self._reseal(row, True)

    def new_master_key(self, *, others: bool = False) -> int:
        """Make a master key and encrypt the data keys of all workspaces under it. Returns how many there are. Without
        data keys it is made only if `others` need one. The old one is not removed, since the transaction may still
        fail. Raises `Sealed`."""
        return rewrap(self._db, self._masters, others=others)

    def drop_masters(self, others: Collection[str] = ()) -> None:
        """Remove the master keys that are no longer needed. `others`: ids of those that are needed elsewhere. Raises
        `Sealed`."""
        drop_masters(self._db, self._masters, others)

    def _change(self, key: str, new: NewContext, expected: Expected, change: Any) -> ContextHead:
        row = find(self._db, self._workspace, key, self._now)
        self._expect(key, expected, row)
        data = change(self._value(row, row.version))
        return self.put(key, replace(new, data=data), expected=row.version)[0]

    def _expect(self, key: str, expected: Expected, row: Row | None) -> None:
        if expected is None:
            return
        head = None if row is None or not self._is_alive(row) else head_of(row)
        version = 0 if head is None else head.version
        if expected not in ((version, head.tag, "*") if head else (0,)):
            there = f"has version {version}" if version else "is not there"
            wanted = f"version {expected}" if isinstance(expected, int) else f"the state {expected}"
            raise StaleVersion(f"context {key} {there}, and {wanted} was expected: read it again", version)

    def _is_alive(self, row: Row) -> bool:
        return row.deleted_at is None and (row.expires_at is None or row.expires_at > self._now)

    def _end(self, ttl: float) -> float | None:
        """The expiry of a context that lives `ttl` seconds from now. Raises `InvalidContext`."""
        if not (ttl == 0 or _MIN_TTL_S <= ttl <= _MAX_TTL_S):
            text = f"ttl is {ttl:g}: 0 (no end), or seconds from {_MIN_TTL_S:g} to 100 years, were expected"
            raise InvalidContext(text, "ttl")
        return self._now + ttl if ttl else None

    def _end_of(self, row: Row | None, is_new: bool, ttl: float | None) -> float | None:
        """The expiry of a context that is put now. `ttl` None: as many seconds as before."""
        if ttl is not None:
            return self._end(ttl)
        if row is None or is_new:
            return self._end(DEFAULT_TTL_S)
        return None if row.expires_at is None else self._now + float(row.expires_at - row.updated_at)

    def _insert(self, key: str, new: NewContext, stored: StoredValue, end: float | None) -> ContextHead:
        tags, sealed_by = list(new.tags or ()), None
        if new.seal:
            sealed_by, data_key = add_data_key(self._db, self._masters, self._now)
            stored = stored.sealed(data_key, place_of(self._workspace, key, 1))
        row = {
            "workspace": self._workspace,
            "key": key,
            "version": 1,
            "tags": tags,
            "session": new.session or "",
            "agent": new.agent or "",
            "size": stored.size,
            "digest": stored.digest,
            "created_at": self._now,
            "updated_at": self._now,
            "expires_at": end,
            "by": self._by,
        }
        number = int(self._db.execute(_ADD, {**row, "data_key": sealed_by}).scalar_one())
        self._write_version(number, key, 1, stored, new.change)
        self._index(number, key, tags, stored.text)
        self._tell("put", key, 1, tags)
        return self._head(key)

    def _add_version(self, row: Row, stored: StoredValue, change: str) -> int:
        version = int(row.version) + 1
        self._write_version(row.id, row.key, version, stored, change)
        _OLD.run(self._db, number=row.id, last=version - self._retention.versions)
        return version

    def _write_version(self, number: int, key: str, version: int, stored: StoredValue, change: str) -> None:
        values = {"body": stored.body, "codec": stored.codec, "size": stored.size, "digest": stored.digest}
        row = {"context": number, "version": version, "change": change, "by": self._by, "at": self._now}
        _ADD_VERSION.run(self._db, **row, **values)
        self.written.append((key, stored.size))

    def _update(
        self, row: Row, version: int, stored: StoredValue, new: NewContext, end: float | None, *, revived: bool
    ) -> None:
        tags = list(new.tags) if new.tags is not None else row.tags
        values: dict[str, Any] = {
            "version": version,
            "tags": tags,
            "session": row.session if new.session is None else new.session,
            "agent": row.agent if new.agent is None else new.agent,
            "size": stored.size,
            "digest": stored.digest,
            "updated_at": self._now,
            "expires_at": end,
            "deleted_at": None,
        }
        if version != row.version:
            values["by"] = self._by
        self._set(row.id, **values)
        if version != row.version or revived or tags != row.tags:
            self._index(row.id, row.key, tags, stored.text)

    def _set(self, number: int, **values: Any) -> None:
        new = {f"new_{name}": value for name, value in values.items()}
        _update_of(tuple(values)).run(self._db, number=number, **new)

    def _index(self, number: int, key: str, tags: Sequence[str], text: str) -> None:
        words.add(self._db, number, self._workspace, words.said(key, tags, text))

    def _value(self, row: Row, version: int) -> Any:
        kept = version_of(self._db, row, version)
        key = data_key_of(self._db, self._masters, row)
        return decode(kept.body if key is None else opened(key, row, version, kept.body, kept.codec), kept.codec)

    def _sealed(self, row: Row, stored: StoredValue) -> StoredValue:
        """A value in the form in which it is stored as the next version, encrypted if the context is sealed."""
        key = data_key_of(self._db, self._masters, row)
        return stored if key is None else stored.sealed(key, place_of(self._workspace, row.key, row.version + 1))

    def _reseal(self, row: Row, seal: bool) -> Row:
        """Seal all versions of a context, with a new key if it has one, or unseal them. Returns its new row."""
        number, newest = reseal(self._db, self._masters, row, seal, self._now)
        self._set(row.id, data_key=number, digest=newest.digest)
        self._drop_data_key(row.data_key)
        self._db.execute(context_vectors.delete().where(context_vectors.c.context == row.id))
        if row.data_key is None or not seal:
            self._index(row.id, row.key, row.tags, newest.text)
            answers.forget_answers(self._db, self._workspace, row.key)
            words.scrub(self._db)
        self.has_purged = True
        return self._db.execute(contexts.select().where(contexts.c.id == row.id)).one()

    def _head(self, key: str) -> ContextHead:
        return head_of(find(self._db, self._workspace, key, self._now))

    def _purge(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._unfind(number)
            self._db.execute(context_versions.delete().where(context_versions.c.context == number))
            deleted = contexts.delete().where(contexts.c.id == number)
            gone = self._db.execute(deleted.returning(contexts.c.workspace, contexts.c.key, contexts.c.data_key)).one()
            self._drop_data_key(gone.data_key)
            answers.forget_answers(self._db, self._workspace, gone.key)
            self._db.execute(usage.delete().where((usage.c.workspace == gone.workspace) & (usage.c.key == gone.key)))
        if numbers:
            words.scrub(self._db)
            self.has_purged = True

    def _unfind(self, number: int) -> None:
        words.remove(self._db, number)
        self._db.execute(context_vectors.delete().where(context_vectors.c.context == number))

    def _drop_data_key(self, number: int | None) -> None:
        if number is not None:
            self._db.execute(data_keys.delete().where(data_keys.c.id == number))

    def _tell(self, kind: ChangeKind, key: str, version: int, tags: Sequence[str]) -> None:
        row = {"at": self._now, "kind": kind, "key": key, "version": version, "by": self._by, "tags": list(tags)}
        _ADD_CHANGE.run(self._db, workspace=self._workspace, **row)


@cache
def _update_of(names: tuple[str, ...]) -> Prepared:
    """The statement that sets these columns of a context."""
    values: dict[str, sa.BindParameter[Any]] = {name: sa.bindparam(f"new_{name}") for name in names}
    return Prepared(contexts.update().where(contexts.c.id == sa.bindparam("number")).values(values))


def _marks(head: ContextHead) -> tuple[tuple[str, ...], str, str, bool]:
    """The fields that can change without a new version."""
    return head.tags, head.session, head.agent, head.sealed
