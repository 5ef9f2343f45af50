"""`PlaceholderStore`: which placeholder stands for which value in a conversation (`Placeholders`), kept in the
gateway's store. It is the same in every request of the conversation, for every proxy on that store and after each
restart; 90 days after the last use it is deleted.

Values are encrypted under a data key of their workspace, and found again by a keyed digest. A value that a model
produced by itself has no placeholder: its provider knows it already.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from penstock.gateway.database import GatewayStore
from penstock.gateway.key_wrapping import wrap_new
from penstock.gateway.schema import placeholders, redaction_keys
from penstock.redaction.placeholders import placeholder
from penstock.sealing.data_key import DataKey
from penstock.sealing.master_key import Wrapped

__all__ = ["PlaceholderStore", "Placeholders", "rewrap_redaction_keys", "sweep_placeholders"]

_CONVERSATIONS = 2_000
"""The most conversations whose placeholders are cached; the least recently used are dropped."""
_TOUCH_S = 6 * 3600.0
"""Seconds between two updates of the time at which a conversation was last seen."""
KEEP_DAYS = 90.0
"""Days after which the placeholders of an unused conversation are deleted."""
_AT_ONCE = 400


class PlaceholderStore:
    """The placeholders of all conversations. Any thread may call. All calls raise `StoreError` and `SealingError`."""

    def __init__(self, store: GatewayStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._keys: dict[str, DataKey] = {}
        self._conversations: OrderedDict[tuple[str, str], Placeholders] = OrderedDict()

    def of(self, workspace: str, conversation: str) -> Placeholders:
        """The placeholders of a conversation. `conversation`: any text that identifies it within its workspace."""
        with self._lock:
            found = self._conversations.get((workspace, conversation))
            if found is None:
                key = self._key(workspace)
                number = key.digest(f"conversation\n{workspace}\n{conversation}".encode("utf-8", "surrogatepass"))[:32]
                found = Placeholders(self._store, workspace, number, key)
                self._conversations[workspace, conversation] = found
                if len(self._conversations) > _CONVERSATIONS:
                    self._conversations.popitem(last=False)
            self._conversations.move_to_end((workspace, conversation))
            return found

    def _key(self, workspace: str) -> DataKey:
        if workspace not in self._keys:
            chosen = redaction_keys.select().where(redaction_keys.c.workspace == workspace)
            with self._store.writing() as db:
                row = db.execute(chosen).first()
                if row is None:
                    self._keys[workspace] = _new_key(self._store, db, workspace)
                else:
                    self._keys[workspace] = DataKey(self._store.masters.unwrap(Wrapped(row.wrapped, row.master)))
        return self._keys[workspace]


class Placeholders:
    """The placeholders of one conversation. Any thread may call; raises `StoreError` and `SealingError`."""

    def __init__(self, store: GatewayStore, workspace: str, conversation: str, key: DataKey) -> None:
        self.conversation = conversation
        self._store, self._workspace, self._key = store, workspace, key
        self._lock = threading.Lock()
        self._known: dict[str, str | None] = {}
        self._touched_at = 0.0

    def resolve(self, wanted: Sequence[tuple[str, str]]) -> Mapping[str, str | None]:
        """The placeholder of each value of `wanted` (kind and value), a new one for each new value, numbered in their
        order. None: the value is not replaced."""
        with self._lock:
            self._touch()
            missing = {value: kind for kind, value in wanted if value not in self._known}
            if missing:
                self._known |= self._allocate(missing)
            return {value: self._known[value] for _, value in wanted}

    def leave(self, values: Sequence[str]) -> None:
        """Note values that a model produced by itself: those without a placeholder never get one."""
        with self._lock:
            missing = [value for value in values if value not in self._known]
            if not missing:
                return
            with self._store.writing() as db:
                there = dict(self._read(db, missing))
                now = self._store.clock.now()
                rows = [self._row(value, now) for value in missing if value not in there]
                if rows:
                    db.execute(placeholders.insert(), rows)
            self._known |= {value: there.get(value) for value in missing}

    def all(self) -> dict[str, str]:
        """Every placeholder of the conversation with its value."""
        chosen = placeholders.select().where(
            placeholders.c.conversation == self.conversation, placeholders.c.number.is_not(None)
        )
        with self._store.reading() as db:
            rows = db.execute(chosen).all()
        named = [(placeholder(row.kind, row.number), row.sealed) for row in rows]
        return {
            name: self._key.open(sealed, self._place(name)).decode("utf-8", "surrogatepass") for name, sealed in named
        }

    def _allocate(self, missing: Mapping[str, str]) -> dict[str, str | None]:
        with self._store.writing() as db:
            found = dict(self._read(db, list(missing)))
            mine = placeholders.c.conversation == self.conversation
            highest = sa.select(placeholders.c.kind, sa.func.max(placeholders.c.number)).where(mine)
            last: dict[str, int] = {kind: top or 0 for kind, top in db.execute(highest.group_by(placeholders.c.kind))}
            left = sa.select(placeholders.c.digest).where(mine, placeholders.c.number.is_(None))
            said = set(db.scalars(left)) | {self._digest(value) for value, one in found.items() if one is None}
            rows, now = [], self._store.clock.now()
            for value, kind in missing.items():
                if value in found:
                    continue
                number = last.get(kind, 0) + 1
                while self._digest(placeholder(kind, number)) in said:  # a model has said just that, and meant nothing
                    number += 1
                last[kind] = number
                found[value] = placeholder(kind, number)
                rows.append(self._row(value, now, kind, number))
            if rows:
                db.execute(placeholders.insert(), rows)
            return found

    def _read(self, db: sa.Connection, values: Sequence[str]) -> Iterator[tuple[str, str | None]]:
        by_digest = {self._digest(value): value for value in values}
        digests = list(by_digest)
        chosen = placeholders.select().where(placeholders.c.conversation == self.conversation)
        for at in range(0, len(digests), _AT_ONCE):
            for row in db.execute(chosen.where(placeholders.c.digest.in_(digests[at : at + _AT_ONCE]))):
                yield by_digest[row.digest], None if row.number is None else placeholder(row.kind, row.number)

    def _row(self, value: str, now: float, kind: str | None = None, number: int | None = None) -> dict[str, object]:
        sealed = None
        if kind is not None and number is not None:
            sealed = self._key.seal(value.encode("utf-8", "surrogatepass"), self._place(placeholder(kind, number)))
        return {
            "workspace": self._workspace,
            "conversation": self.conversation,
            "digest": self._digest(value),
            "kind": kind,
            "number": number,
            "sealed": sealed,
            "seen_at": now,
        }

    def _touch(self) -> None:
        now = self._store.clock.now()
        if now < self._touched_at + _TOUCH_S:
            return
        mine = placeholders.c.conversation == self.conversation
        with self._store.writing() as db:
            touched = db.execute(placeholders.update().where(mine).values(seen_at=now)).rowcount
        if touched < len(self._known):  # they were deleted meanwhile
            self._known = {}
        self._touched_at = now

    def _digest(self, value: str) -> str:
        return self._key.digest(f"{self.conversation}\n{value}".encode("utf-8", "surrogatepass"))

    def _place(self, name: str) -> str:
        return f"placeholder\n{self._workspace}\n{self.conversation}\n{name}"


def sweep_placeholders(store: GatewayStore) -> int:
    """Delete the placeholders of conversations that were not used for `KEEP_DAYS`. Returns how many there were."""
    with store.writing() as db:
        old = placeholders.c.seen_at < store.clock.now() - KEEP_DAYS * 86400
        return db.execute(placeholders.delete().where(old)).rowcount


def rewrap_redaction_keys(store: GatewayStore) -> int:
    """Encrypt the data keys of placeholders under the newest master key. Returns how many there are. Raises
    `SealingError`."""
    with store.writing(is_durable=True) as db:  # the old key is removed afterwards
        rows = db.execute(redaction_keys.select()).all()
        for row in rows:
            new = store.masters.wrap(store.masters.unwrap(Wrapped(row.wrapped, row.master)))
            changed = redaction_keys.update().where(redaction_keys.c.workspace == row.workspace)
            db.execute(changed.values(wrapped=new.wrapped, master=new.master))
        return len(rows)


def _new_key(store: GatewayStore, db: sa.Connection, workspace: str) -> DataKey:
    key = DataKey()
    wrapped = wrap_new(store, db, key)
    row = {"workspace": workspace, "wrapped": wrapped.wrapped, "master": wrapped.master}
    db.execute(redaction_keys.insert().values(**row))
    return key
