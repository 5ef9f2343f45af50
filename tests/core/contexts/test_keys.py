"""Which names a context can have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import InvalidContext
from penstock.contexts.keys import MAX_KEY, check_key, new_key
from penstock.contexts.records import Filter, NewContext

GOOD = ["a", "plan/api", "a/b/c", "~me@host:1", "...", ".env", "a-b_c.d", "x" * MAX_KEY]
BAD = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/../b",
    "a/.",
    "a b",
    "a\n",
    "é",
    "a\x00",
    "\ud800",
    "x" * (MAX_KEY + 1),
]
_SEGMENTS = st.from_regex(r"\A[A-Za-z0-9._~:@-]{1,20}\Z").filter(lambda segment: segment not in {".", ".."})


@pytest.mark.parametrize("key", GOOD)
def test_a_good_key_is_taken(key: str, contexts: Contexts) -> None:
    assert check_key(key) == key
    with contexts.write("w", "me") as writer:
        writer.put(key, NewContext(key))
    assert contexts.get("w", key).data == key


@pytest.mark.parametrize("key", BAD)
def test_a_bad_key_is_refused_by_every_call(key: str, contexts: Contexts) -> None:
    for read in (contexts.get, contexts.head, contexts.versions):
        with pytest.raises(InvalidContext, match="key"):
            read("w", key)
    for name, more in (
        ("put", (NewContext(1),)),
        ("patch", ({}, NewContext(None))),
        ("append", ([], NewContext(None))),
        ("touch", (NewContext(None),)),
        ("delete", ()),
        ("undelete", ()),
        ("rollback", (1,)),
    ):
        with pytest.raises(InvalidContext, match="key"), contexts.write("w", "me") as writer:
            getattr(writer, name)(key, *more)
    assert contexts.cursor() == 0


@given(st.lists(_SEGMENTS, min_size=1, max_size=6))
def test_segments_joined_by_slashes_are_a_key(segments: list[str]) -> None:
    assert check_key("/".join(segments))


def test_a_new_key_is_a_key_and_another_each_time() -> None:
    keys = {check_key(new_key()) for _ in range(100)}
    assert len(keys) == 100


@pytest.mark.parametrize("prefix", ["/", "a b", "\U0010ffff", "\ud7ff", "\ud800"])
def test_a_prefix_that_no_key_has_is_refused(prefix: str, contexts: Contexts) -> None:
    """By both calls that take one."""
    with pytest.raises(InvalidContext):
        contexts.page("w", Filter(prefix=prefix))
    with pytest.raises(InvalidContext):
        contexts.search("w", "word", Filter(prefix=prefix))


@pytest.mark.parametrize("prefix", ["notes/", "notes/.", "n", "notes/.e"])
def test_a_prefix_may_end_anywhere_in_a_key(prefix: str, contexts: Contexts) -> None:
    with contexts.write("w", "me") as writer:
        writer.put("notes/.env", NewContext("word"))
        writer.put("other", NewContext("word"))
    assert [head.key for head in contexts.page("w", Filter(prefix=prefix)).items] == ["notes/.env"]
    assert [hit.head.key for hit in contexts.search("w", "word", Filter(prefix=prefix))] == ["notes/.env"]
