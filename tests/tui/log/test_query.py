"""The words of the filter line."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.conversation.exchange import State
from penstock.events.payload import read
from penstock.events.response_events import LoggedCost, LoggedUsage
from penstock.stats.tags import Tagged
from penstock_tui.log.query import QueryError, parse
from penstock_tui.log.row import Row


def row(**fields: Any) -> Row:
    made = Row("x-42", 100.0, number=0, client="claude-code", kind="tool-loop", agent="main", model="claude-sonnet-4-5")
    made.conversation, made.prompt, made.status = "talk-7", "Fix the parser, please", 200
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "parser",
        "PARSER fix",
        '"the parser"',
        "kind:tool client:claude",
        "kind:tool-loop",
        "conv:talk-7 id:42",
        "status:200",
        "status:2xx",
        "status:<300",
        "-codex",
        "-kind:side",
        'prompt:"the parser"',
        'words:"the parser"',  # as it was called before
        "is:live",
        "kind:",  # still being typed
    ],
)
def test_matches(text: str) -> None:
    assert parse(text).matches(row())


@pytest.mark.parametrize(
    "text",
    ["lexer", '"parser the"', "kind:main", "client:codex", "status:4xx", "-parser", "parser status:500", "is:failed"],
)
def test_does_not_match(text: str) -> None:
    assert not parse(text).matches(row())


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("tokens:>50k", {"tokens_out": 50_001}),
        ("tokens:<=1.5k", {"tokens_out": 1500}),
        ("total:>2s", {"ms": 2001.0}),
        ("total:>2m", {"ms": 120_001.0}),
        ("tokens:<2m", {"tokens_out": 1_999_999}),
        ("suite:>20ms", {"suite_ms": 20.5}),
        ("cache:<50%", {"usage": LoggedUsage(cache_read=40, input=60)}),
        ("is:edited -is:replayed", {"edits": 1}),
        ("is:replayed -is:edited", {"replayed": 1}),
        ("is:retry", {"retry": True}),
        ("is:lost", {"lost": True}),
        ("is:dearer saved:<0.01", {"money": read(LoggedCost, {"baseline": 0.01, "paid": 0.02})}),
        ("is:failed", {"status": 529}),
        ("tag:Database", {"inbound": Tagged(("docs", "database"))}),
        ('tag:"two words"', {"response": Tagged(("two words",))}),
        ("-tag:data project:kiln", {"inbound": Tagged(("database",)), "project": "/src/kiln"}),
        ("request:docs answer:auth", {"inbound": Tagged(("docs",)), "response": Tagged(("auth",))}),
        ("inbound:docs response:auth", {"inbound": Tagged(("docs",)), "response": Tagged(("auth",))}),  # as they were
        ("is:broad -is:temporal", {"inbound": Tagged(broad=True)}),
        ("is:temporal", {"response": Tagged(temporal=True)}),
        ("is:history", {"history": True}),
        (
            "baseline:>1k removed:>=500 freed:>=500 injected:100",
            {"tokens_in": 2000, "tokens_out": 1600, "injected": 100},
        ),
        ("provider:>1s", {"ms": 1100.0, "suite_ms": 50.0}),
        ("tool:bash", {"tools": ("Bash", "Read")}),
        ("error:overloaded", {"error": "Overloaded"}),
        ("processed", {"state": State.PROCESSED}),
        ("remembered", {"state": State.PROCESSED}),  # an earlier version called it so
        ("enriched", {"state": State.REWRITTEN}),
    ],
)
def test_numbers_and_qualities(text: str, fields: dict[str, Any]) -> None:
    """Each term matches the row that has it and not the one that has not."""
    assert parse(text).matches(row(**fields))
    assert not parse(text).matches(row())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kin:main", "Did you mean “kind”?"),
        ("kind:sied", "Did you mean “side”?"),
        ("is:faild", "Did you mean “failed”?"),
        ("tokens:many", "needs a number"),
        ("tokens:>5s", "tokens has no unit “s”. Units here: k, m"),
        ("total:>5k", "Units here: ms, s, m"),
        ("http://host", "Put quotes around it"),
    ],
)
def test_a_term_that_means_nothing_is_explained(text: str, said: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert said in str(caught.value)


@given(st.text(max_size=30))
def test_any_line_is_a_filter_or_an_explanation(text: str) -> None:
    """Whatever is typed, the answer is rows or a sentence."""
    with contextlib.suppress(QueryError):
        parse(text).matches(row())
