"""What `penstock demo --stage` says of a stage, from a log alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penstock.events.event import Event, EventKind
from penstock.plugins.stage import WRONG_RESULT
from penstock.store.sql import SqlStore
from penstock.tokens.estimate import estimate
from penstock_addons.demo.recorder import RECORD, RecordedTexts
from penstock_addons.demo.stage_report import StageReport

FILE = Path("mine.py")


@pytest.fixture
def log(tmp_path: Path) -> SqlStore:
    """Of a proxy that has seen nothing yet."""
    return SqlStore(tmp_path / "penstock.db")


def verdicts(log: SqlStore, outcome: str, remark: str = "", count: int = 1) -> None:
    said = {"stage": "mine", "outcome": outcome, "remark": remark, "ms": 0.1, "edits": 0}
    log.add_events([Event(0, 1.0, f"{outcome}{n}", EventKind.STAGE, said) for n in range(count)])


def report(log: SqlStore) -> tuple[list[str], bool]:
    """Its lines, and whether it failed."""
    record = log.path.parent / RECORD
    found = StageReport(log, ["mine"], FILE, RecordedTexts(record))
    lines = list(found.lines())
    log.close()
    return lines, found.has_failed


def test_requests_that_were_skipped_after_failures_were_not_looked_at(log: SqlStore) -> None:
    """The cause comes first."""
    verdicts(log, "failed", "NameError: name 'nope' is not defined (line 9)", 3)
    verdicts(log, "resting", "it failed too often in a row", 60)
    lines, has_failed = report(log)
    assert lines == [
        f"failed: {FILE}: NameError: name 'nope' is not defined (line 9) (3 requests)",
        "mine looked at 0 requests, failed in 3, was skipped in 60 after its failures: no edits; "
        "0 tokens taken out of what was sent",
    ]
    assert has_failed


def test_a_stage_that_is_late_has_failed(log: SqlStore) -> None:
    """In some requests, at least."""
    verdicts(log, "nothing", "too small", 4)
    verdicts(log, "late", "not done after 250 ms", 2)
    lines, has_failed = report(log)
    assert lines[0] == f"late: {FILE}: not done after 250 ms (2 requests)"
    assert lines[1].startswith("mine looked at 4 requests, was late in 2: no edits")
    assert lines[2] == "nothing: too small (4 requests)"
    assert has_failed


def test_a_wrong_result_is_a_failure(log: SqlStore) -> None:
    """Although the request went on with the stage's edits."""
    verdicts(log, "edited", f"on_request {WRONG_RESULT}int (42)", 2)
    lines, has_failed = report(log)
    assert lines[0] == f"wrong result: {FILE}: on_request {WRONG_RESULT}int (42) (2 requests)"
    assert lines[1].startswith("mine looked at 2 requests: ")
    assert has_failed


def test_a_stage_that_never_ran_has_failed(log: SqlStore) -> None:
    """Nothing was tried, so nothing may look as if it was."""
    lines, has_failed = report(log)
    assert lines == ["mine was asked about no request: it was not tried. Run the same command again"]
    assert has_failed


def test_an_edit_whose_message_is_gone_is_named_without_a_number(log: SqlStore) -> None:
    """It is older than the request, or its place is not in the log."""
    edit = {"stage": "mine", "op": "replace", "state": "landed", "reason": "why", "before": 90, "after": 9, "text": ""}
    log.add_events([Event(0, 1.0, f"x{m}", EventKind.EDIT, {**edit, "m": m, "place": f"a.{m}"}) for m in (None, -1)])
    verdicts(log, "edited")
    lines, has_failed = report(log)
    assert lines[:2] == ["an earlier message, replace: ~90 -> 9 tokens (-81): why"] * 2
    assert not has_failed


def test_what_earlier_stages_took_out_is_not_counted(log: SqlStore) -> None:
    """Before and after, tokens and their sum are against the text that the stage read: that of the newest request up to
    its edit, not of one after it."""
    record = log.path.parent / RECORD
    texts = [("x0", "older"), ("x1", "word " * 20 + "\nlast "), ("x2", "newer")]
    record.write_text("".join(json.dumps(["mine", "c", 4, 0, exchange, text]) + "\n" for exchange, text in texts))
    edit = {"stage": "mine", "op": "replace", "state": "landed", "reason": "why", "before": 900, "place": "a.0"}
    edit |= {"m": 4, "b": 0, "after": 21, "text": "word " * 20 + "\nlast"}
    log.add_events(
        [
            Event(0, 1.0, "x0", EventKind.CLASSIFIED, {"conversation": "c"}),
            Event(0, 2.0, "x1", EventKind.CLASSIFIED, {"conversation": "c"}),
            Event(0, 2.0, "x1", EventKind.EDIT, edit),
            Event(0, 3.0, "x2", EventKind.CLASSIFIED, {"conversation": "c"}),
        ]
    )
    verdicts(log, "edited")
    lines, _ = report(log)
    before = estimate(texts[1][1])
    assert lines[:3] == [
        f"message 4, replace: ~{before} -> 21 tokens ({21 - before:+}): why",
        "    -last ",
        "    +last",
    ]
    assert lines[-1] == f"mine looked at 1 request: 1 landed; {before - 21} tokens taken out of what was sent"


def test_no_edits_because_earlier_stages_had_changed_the_blocks(log: SqlStore) -> None:
    """And how to see them as received."""
    record = log.path.parent / RECORD
    record.write_text("".join(json.dumps(["mine", "c", m, 0, "x", "short"]) + "\n" for m in (4, 4, 8)))
    verdicts(log, "nothing")
    lines, has_failed = report(log)
    assert lines[-1].startswith("the stages before it had changed 2 blocks: a profile with `stages = [")
    assert not has_failed


def test_no_edits_because_a_later_stage_edited_the_same_blocks(log: SqlStore) -> None:
    """The last edit of a block is the one that is sent, and logged."""
    verdicts(log, "edited")
    lines, _ = report(log)
    assert lines[-1].startswith("replaced: a later stage edited the same blocks (1 request): a profile with")


def test_a_stage_that_adds_is_said_to_add(log: SqlStore) -> None:
    """No negative number of tokens is taken out."""
    note = {"stage": "mine", "op": "note", "state": "landed", "reason": "why", "before": 0, "after": 916, "text": "x"}
    log.add_events([Event(0, 1.0, "x", EventKind.EDIT, {**note, "m": 1, "place": "a.1"})])
    verdicts(log, "edited")
    lines, _ = report(log)
    assert lines[-1] == "mine looked at 1 request: 1 landed; 916 tokens added to what was sent"
