"""Contexts against a model of them in plain Python: any calls in any order, in transactions that end well or do not."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from penstock.base.clock import ManualClock
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Conflict, ContextError, Expired, NoContext, StaleVersion
from penstock.contexts.records import DEFAULT_TTL_S, Filter, NewContext, Retention
from penstock.contexts.rotation import rotate_data_keys, rotate_master_key
from penstock.contexts.values import merged
from penstock.contexts.writing import KEPT_DELETED_S, Writer
from tests.sizing import examples

SPACES = ("one", "two")
KEYS = ("a", "a/b", "b")
TTLS = (0.0, 10.0, 100_000.0, None)


class Undone(Exception):
    """Ends a transaction in the middle."""


@dataclass(frozen=True)
class Kept:
    """A context in the model."""

    versions: tuple[Any, ...]
    """All values, also those that are not kept any more."""
    tags: tuple[str, ...] = ()
    session: str = ""
    end: float | None = None
    updated: float = 0.0
    deleted: float | None = None
    sealed: bool = False


@dataclass
class Space:
    """A workspace in the model: what each call does to it, or the error it gets."""

    clock: ManualClock
    kept: dict[str, Kept] = field(default_factory=dict)
    told: list[tuple[str, str, int]] = field(default_factory=list)

    def alive(self, key: str) -> Kept | None:
        one = self.kept.get(key)
        ended = one is None or one.deleted is not None or (one.end is not None and one.end <= self.clock.now())
        return None if ended else one

    def find(self, key: str) -> Kept:
        if key not in self.kept:
            raise NoContext("")
        one = self.alive(key)
        if one is None:
            raise Expired("")
        return one

    def put(self, key: str, new: NewContext, expected: int | None = None) -> None:
        there, alive, now = self.kept.get(key), self.alive(key), self.clock.now()
        _expect(expected, len(alive.versions) if alive else 0)
        if new.ttl is not None:
            end = now + new.ttl if new.ttl else None
        elif alive is None:
            end = now + DEFAULT_TTL_S
        else:
            end = None if alive.end is None else now + (alive.end - alive.updated)
        old = there or Kept(())
        same = alive is not None and alive.versions[-1] == new.data
        self.kept[key] = Kept(
            old.versions if same else (*old.versions, new.data),
            old.tags if new.tags is None else new.tags,
            old.session if new.session is None else new.session,
            end,
            now,
            sealed=old.sealed if new.seal is None else new.seal,
        )
        one = self.kept[key]
        if not same or (one.tags, one.session, one.sealed) != (old.tags, old.session, old.sealed):
            self._tell("put", key)

    def change(self, key: str, new: NewContext, expected: int | None) -> None:
        """`new.data`: a function of the value."""
        one = self.find(key)
        _expect(expected, len(one.versions))
        self.put(key, replace(new, data=new.data(one.versions[-1])))

    def delete(self, key: str, purge: bool, expected: int | None) -> None:
        one = self.kept[key] if purge and key in self.kept else self.find(key)
        _expect(expected, len(one.versions) if self.alive(key) else 0)
        self._tell("delete", key)
        if purge:
            del self.kept[key]
        else:
            self.kept[key] = replace(one, deleted=self.clock.now())

    def undelete(self, key: str, ttl: float | None) -> None:
        if key not in self.kept:
            raise NoContext("")
        if self.alive(key):
            raise Conflict("")
        now = self.clock.now()
        ttl = DEFAULT_TTL_S if ttl is None else ttl
        self.kept[key] = replace(self.kept[key], deleted=None, updated=now, end=now + ttl if ttl else None)
        self._tell("undelete", key)

    def rollback(self, key: str, to: int, expected: int | None) -> None:
        one = self.find(key)
        _expect(expected, len(one.versions))
        if not max(0, len(one.versions) - Retention().versions) < to <= len(one.versions):
            raise NoContext("")
        now = self.clock.now()
        end = None if one.end is None else now + (one.end - one.updated)
        self.kept[key] = replace(one, versions=(*one.versions, one.versions[to - 1]), end=end, updated=now)
        self._tell("rollback", key)

    def expire(self) -> int:
        due = {k: one for k, one in self.kept.items() if one.deleted is None and self.alive(k) is None}
        for key, one in due.items():
            self.kept[key] = replace(one, deleted=one.end)
            self._tell("expired", key)
        return len(due)

    def clean(self) -> None:
        first = self.clock.now() - KEPT_DELETED_S
        self.kept = {k: one for k, one in self.kept.items() if one.deleted is None or one.deleted >= first}

    def _tell(self, kind: str, key: str) -> None:
        self.told.append((kind, key, len(self.kept[key].versions)))


def _expect(expected: int | None, version: int) -> None:
    if expected not in (None, version):
        raise StaleVersion("", version)


def _appended(items: list[Any]) -> Any:
    def longer(data: Any) -> Any:
        if not isinstance(data, list):
            raise Conflict("")
        return [*data, *items]

    return longer


_words = st.sampled_from(["red", "green", "blue", "grey"])
_values = _words | st.lists(_words, max_size=2) | st.dictionaries(st.sampled_from("xy"), _words, max_size=2)
_patches = _values | st.dictionaries(st.sampled_from("xy"), st.none() | _words, max_size=2)
_marks = st.fixed_dictionaries(
    {
        "ttl": st.sampled_from(TTLS),
        "tags": st.none() | st.lists(st.sampled_from(["t1", "t2"]), unique=True).map(tuple),
        "session": st.none() | st.sampled_from(["s1", "s2"]),
        "seal": st.sampled_from([None, None, None, True, False]),
    }
)
_expected = st.none() | st.none() | st.integers(0, 4)
_key = st.sampled_from(KEYS)
_step = st.one_of(
    st.tuples(st.just("put"), _key, _values, _marks, _expected),
    st.tuples(st.just("put"), _key, _values, _marks, _expected),
    st.tuples(st.just("patch"), _key, _patches, _marks, _expected),
    st.tuples(st.just("append"), _key, st.lists(_words, max_size=2), _marks, _expected),
    st.tuples(st.just("touch"), _key, st.none(), _marks, _expected),
    st.tuples(st.just("delete"), _key, st.booleans(), _marks, _expected),
    st.tuples(st.just("undelete"), _key, st.none(), _marks, _expected),
    st.tuples(st.just("rollback"), _key, st.integers(0, 12), _marks, _expected),
)


def real(writer: Writer, step: tuple[Any, ...]) -> None:
    """Take a step."""
    what, key, value, marks, expected = step
    if what == "put":
        writer.put(key, NewContext(value, **marks), expected)
    elif what in {"patch", "append"}:
        getattr(writer, what)(key, value, NewContext(None, **marks), expected)
    elif what == "touch":
        writer.touch(key, NewContext(None, **marks), expected)
    elif what == "delete":
        writer.delete(key, purge=value, expected=expected)
    elif what == "undelete":
        writer.undelete(key, marks["ttl"])
    else:
        writer.rollback(key, value, expected)


def modelled(space: Space, step: tuple[Any, ...]) -> None:
    """Take it in the model."""
    what, key, value, marks, expected = step
    if what == "put":
        space.put(key, NewContext(value, **marks), expected)
    elif what in {"patch", "append", "touch"}:
        change = {
            "patch": lambda data: merged(data, value),
            "append": _appended(value),
            "touch": lambda data: data,
        }[what]
        space.change(key, NewContext(change, **marks), expected)
    elif what == "delete":
        space.delete(key, value, expected)
    elif what == "undelete":
        space.undelete(key, marks["ttl"])
    else:
        space.rollback(key, value, expected)


def in_part(writer: Writer, step: tuple[Any, ...]) -> None:
    """Take a step that is undone as a whole when it fails."""
    with writer.part():
        real(writer, step)


def error_of(call: Callable[[], object]) -> type[ContextError] | None:
    """What kind of error a call ends with."""
    try:
        call()
    except ContextError as e:
        return type(e)
    return None


class ContextsMachine(RuleBasedStateMachine):
    """Calls, and after each of them a look at everything."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock()
        self.contexts = Contexts(self.folder / "contexts.db", self.clock)
        self.spaces = {name: Space(self.clock) for name in SPACES}

    def teardown(self) -> None:
        self.contexts.close()
        shutil.rmtree(self.folder)

    @rule(name=st.sampled_from(SPACES), step=_step)
    def one_call(self, name: str, step: tuple[Any, ...]) -> None:
        expected = error_of(lambda: modelled(self.spaces[name], step))

        def write() -> None:
            with self.contexts.write(name, "me") as writer:
                real(writer, step)

        assert error_of(write) == expected, step

    @rule(name=st.sampled_from(SPACES), steps=st.lists(_step, max_size=5), is_undone=st.booleans())
    def several_calls(self, name: str, steps: list[tuple[Any, ...]], is_undone: bool) -> None:
        """Each is a part: one that fails changes nothing, and the others stay unless all are undone."""
        before = copy.deepcopy(self.spaces[name])
        with suppress(Undone), self.contexts.write(name, "me") as writer:
            for step in steps:
                expected = error_of(partial(modelled, self.spaces[name], step))
                assert error_of(partial(in_part, writer, step)) == expected, step
            if is_undone:
                before.clock = self.clock
                self.spaces[name] = before
                raise Undone

    @rule(name=st.sampled_from(SPACES), step=_step)
    def undone_part(self, name: str, step: tuple[Any, ...]) -> None:
        """What a part did goes when it raises in the end; what is done after it stays."""
        with self.contexts.write(name, "me") as writer:
            with suppress(Undone, ContextError), writer.part():
                real(writer, step)
                raise Undone
            writer.put("b", NewContext("red"))
        self.spaces[name].put("b", NewContext("red"))

    @rule(key=_key, values=st.lists(_values, min_size=8, max_size=12))
    def many_versions(self, key: str, values: list[Any]) -> None:
        for value in values:
            self.one_call("one", ("put", key, value, {"ttl": None, "tags": None, "session": None}, None))

    @rule(seconds=st.sampled_from([1.0, 9.0, 10.0, 86_400.0, 31 * 86_400.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def expire(self) -> None:
        assert self.contexts.expire() == sum(space.expire() for space in self.spaces.values())
        for space in self.spaces.values():
            space.clean()

    @rule(rotate=st.sampled_from([rotate_master_key, rotate_data_keys]))
    def new_keys(self, rotate: Callable[[Contexts], int]) -> None:
        if self.contexts.masters.known():
            rotate(self.contexts)

    @rule()
    def open_again(self) -> None:
        self.contexts.close()
        self.contexts = Contexts(self.folder / "contexts.db", self.clock)

    @invariant()
    def each_context_is_what_was_acknowledged(self) -> None:
        for name, space in self.spaces.items():
            for key in KEYS:
                error = error_of(partial(space.find, key))
                for read in (self.contexts.get, self.contexts.head, self.contexts.versions):
                    assert error_of(partial(read, name, key)) == error, (name, key)
                if error is None:
                    self._check(name, key, space.find(key))

    def _check(self, name: str, key: str, one: Kept) -> None:
        found = self.contexts.get(name, key)
        assert found.data == one.versions[-1]
        head = found.head
        assert head == self.contexts.head(name, key)
        assert (head.version, head.tags, head.session) == (len(one.versions), one.tags, one.session)
        assert head.sealed == one.sealed
        assert (head.expires_at, head.updated_at) == (one.end, one.updated)
        numbers = [version.version for version in self.contexts.versions(name, key)]
        assert numbers == list(range(len(one.versions), max(0, len(one.versions) - Retention().versions), -1))
        oldest = numbers[-1]
        assert self.contexts.get(name, key, oldest).data == one.versions[oldest - 1]

    @invariant()
    def lists_and_searches_show_what_is_there_and_nothing_else(self) -> None:
        for name, space in self.spaces.items():
            there = {key: one for key in sorted(KEYS) if (one := space.alive(key))}
            assert self._pages(name) == list(there)
            for wanted, fits in (
                (Filter(tag="t1"), lambda key, one: "t1" in one.tags),
                (Filter(session="s1"), lambda key, one: one.session == "s1"),
                (Filter(prefix="a/"), lambda key, one: key.startswith("a/")),
                (Filter(since=self.clock.now()), lambda key, one: one.updated >= self.clock.now()),
            ):
                listed = [head.key for head in self.contexts.page(name, wanted).items]
                assert listed == [key for key, one in there.items() if fits(key, one)]
            for word in ("red", "green", "grey", "t2"):
                hits = {hit.head.key for hit in self.contexts.search(name, word)}
                assert hits == {
                    k for k, one in there.items() if word in str((not one.sealed and one.versions[-1], one.tags))
                }, word

    def _pages(self, name: str) -> list[str]:
        keys: list[str] = []
        after: str | None = None
        while True:
            page = self.contexts.page(name, limit=1, after=after)
            keys += [head.key for head in page.items]
            if page.next is None:
                return keys
            after = page.next

    @invariant()
    def changes_are_in_order_without_gaps(self) -> None:
        cursors: list[int] = []
        for name, space in self.spaces.items():
            told = self.contexts.changes_after(name, 0)
            assert [(change.kind, change.key, change.version) for change in told] == space.told
            cursors += [change.cursor for change in told]
        assert sorted(cursors) == list(range(1, len(cursors) + 1))
        assert self.contexts.cursor() == len(cursors)
        assert self.contexts.resume(0) == (0, False)
        assert self.contexts.resume(len(cursors)) == (len(cursors), False)
        assert self.contexts.resume(len(cursors) + 1) == (0, True)


ContextsMachine.TestCase.settings = settings(max_examples=examples(6), stateful_step_count=12)
TestContexts = ContextsMachine.TestCase
