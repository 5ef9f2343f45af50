"""What is wrong in an export is named with its line, and nothing of the file is imported."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.transfer.lines import FORMAT
from penstock.transfer.reading import BadExport, read_export
from tests.core.transfer.conftest import Installation

CONTEXT = {
    "key": "a/b",
    "tags": ["t"],
    "session": "",
    "agent": "",
    "created_at": 1.0,
    "updated_at": 2.0,
    "expires_at": None,
    "by": "owner",
    "versions": 1,
}
VERSION = {"version": 1, "at": 1.0, "by": "owner", "change": "put", "data": {"n": 1}}
FIRST = {"penstock_export": FORMAT, "version": "0.1.0", "at": 1.0, "workspace": "default", "what": "all"}
END = {"contexts": 1, "versions": 1, "items": 0, "left_out": 0}
WHOLE = [FIRST, {"context": CONTEXT}, {"version": VERSION}, {"end": END}]


ITEM = {"project": "p", "session": "", "conversation": "", "seq": 0, "part": 0, "at": 1.0, "role": "user"}
ITEM |= {"kind": "chat", "text": "x", "tags": [], "pinned": False, "expires_at": None, "helpful": 0, "wrong": 0}


def lines(*parts: Any) -> bytes:
    return b"".join((part if isinstance(part, bytes) else json.dumps(part).encode()) + b"\n" for part in parts)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        *(("item", one) for one in ({"at": 1e300}, {"at": -1e300}, {"expires_at": 1e300}, {"text": "x" * 2_000_001})),
        *(("item", {field: "\ud800"}) for field in ("project", "session", "conversation", "role", "text")),
        *(("context", {field: bad}) for field in ("session", "agent", "by") for bad in ("x" * 201, "a\nb", "\ud800")),
        *(("context", {"tags": bad}) for bad in ([""], ["x" * 101], ["a\x00"], ["\ud800"], ["t"] * 51)),
        *(("version", {"change": bad}) for bad in ("x" * 81, "a\nb", "\ud800")),
        ("version", {"by": "a\nb"}),
        ("item", {"tags": ["\ud800"]}),
    ],
)
def test_values_that_cannot_be_kept_are_refused(kind: str, wrong: dict[str, Any]) -> None:
    parts: dict[str, dict[str, Any]] = {"context": CONTEXT, "version": VERSION, "item": ITEM}
    end = {"contexts": 1, "versions": 1, "items": 1, "left_out": 0}
    assert len(list(read_export(BytesIO(lines(FIRST, *({k: v} for k, v in parts.items()), {"end": end}))))) == 3
    parts[kind] = parts[kind] | wrong
    raw = lines(FIRST, *({k: v} for k, v in parts.items()), {"end": end})
    with pytest.raises(BadExport, match=rf"line \d: {kind}\.{next(iter(wrong))}"):
        list(read_export(BytesIO(raw)))


def test_the_whole_is_read() -> None:
    context, end = read_export(BytesIO(lines(*WHOLE)))
    assert (context.key, context.versions[0].value.text) == ("a/b", '{"n":1}')  # type: ignore[union-attr]
    assert end.contexts == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "line 1 is no JSON"),
        ([{"key": "a/b"}], "line 1: an export begins with"),
        ([FIRST | {"penstock_export": FORMAT + 1}], "update it"),
        ([FIRST | {"penstock_export": "1"}], "line 1: penstock_export"),
        ([FIRST], "not whole"),
        (WHOLE[:2], "line 3: version 1 of 1 of the context a/b was expected"),
        (WHOLE[:3], "line 3 is the last one"),
        ([FIRST, b"{", *WHOLE[1:]], "line 2 is no JSON"),
        ([FIRST, b"[" * 100_000, *WHOLE[1:]], "line 2 is no JSON"),
        ([FIRST, b"[]", *WHOLE[1:]], "line 2: an object was expected"),
        ([FIRST, {"version": VERSION}, *WHOLE[1:]], "line 2: a version stands behind its context only"),
        ([FIRST, {"context": CONTEXT, "item": None}], "line 2: one field was expected"),
        ([FIRST, {"contxt": CONTEXT}], "line 2: there is no field 'contxt'. Did you mean 'context'?"),
        ([FIRST, {"context": CONTEXT | {"tgs": []}}], "there is no field 'context.tgs'. Did you mean 'tags'?"),
        ([FIRST, {"context": CONTEXT | {"key": "a//b"}}, {"version": VERSION}], "line 2: 'a//b' is no key"),
        ([FIRST, {"context": CONTEXT | {"versions": 101}}], "line 2: context.versions"),
        ([FIRST, {"context": CONTEXT | {"updated_at": "now"}}], "line 2: context.updated_at"),
        ([FIRST, {"context": CONTEXT}, b'{"version": {"version": 1, "at": NaN}}'], "line 3: version.at"),
        ([FIRST, {"context": CONTEXT}, {"version": VERSION | {"data": "\ud800"}}], "line 3: the data cannot be kept"),
        ([FIRST, {"context": CONTEXT}, {"version": VERSION | {"data": "x" * (9 << 20)}}], "line 3: the data has"),
        (
            [
                FIRST,
                {"context": CONTEXT | {"versions": 2}},
                {"version": VERSION},
                {"version": VERSION | {"version": 3}},
            ],
            "line 2: the versions of a/b have the numbers [1, 3]",
        ),
        ([FIRST, {"end": END}], "line 2: the end says 1 contexts, 1 versions, 0 items, and there are 0"),
        ([*WHOLE, {"end": END}], "line 5: nothing was expected behind the end"),
        ([FIRST, {"item": {"project": "p", "text": " "}}], "line 2: item.session: Field required"),
        ([FIRST, b'"' + b"x" * (16 << 20) + b'"'], "line 2: it has more than"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(parts: list[Any], said: str) -> None:
    with pytest.raises(BadExport) as refused:
        list(read_export(BytesIO(lines(*parts))))
    assert said in str(refused.value)


def test_nothing_of_a_file_with_a_wrong_line_is_imported(full: Installation, empty: Installation) -> None:
    *whole, end = full.export("contexts").splitlines()
    with pytest.raises(BadExport, match=f"line {len(whole) + 1} is no JSON"):
        empty.take(b"\n".join([*whole, b"{", end]) + b"\n")
    assert empty.contexts.page("default").items == []


@given(st.integers(0, 500), st.binary(min_size=1, max_size=4))
def test_a_damaged_file_is_refused_or_means_what_it_says(at: int, instead: bytes) -> None:
    """Whatever bytes there are: a `BadExport`, or lines that are well."""
    whole = lines(*WHOLE)
    at %= len(whole)
    damaged = BytesIO(whole[:at] + instead + whole[at + len(instead) :])
    found, said = [], "line "
    try:
        found = list(read_export(damaged))
    except BadExport as e:
        said = str(e)
    assert said.startswith("line ")
    assert len(found) in (0, 2)
