"""What was sent against what came, with whole texts."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from penstock.store.sql import SqlStore
from penstock_tui.exchange.diff import Difference, folded
from penstock_tui.exchange.reader import ExchangeReader, Wanted
from penstock_tui.log.log_model import LogModel
from tests.tui.logs import Log
from tests.tui.played import LISTING, RECORD, SECRET, STUB, play


def found(log: Log, exchange: str) -> list[Difference]:
    model = LogModel()
    store = SqlStore(log.path, readonly=True)
    model.apply(store.events_after())
    store.close()
    row = model.row(exchange)
    assert row is not None
    reader = ExchangeReader(log.path)
    return reader.differences(reader.read(Wanted.of(row, model.earlier(row))))


def test_both_texts_are_whole(log: Log) -> None:
    """The log has the first 400 characters of each; the store has the rest."""
    [one] = found(log, play(log, upto=3)[-1])
    assert (one.before, one.after) == (LISTING, STUB)
    assert one.is_before_whole
    assert one.is_after_whole
    assert "-row 89 of the tide table, 623 cm" in one.lines
    assert "+[the rest left out]" in one.lines


def test_what_landed_here_comes_first(log: Log) -> None:
    """Then what is replayed; what a record covers was not sent."""
    ids = play(log)
    assert [one.change.here for one in found(log, ids[3])] == [True, False]
    record, frozen = found(log, ids[4])
    assert (record.change.op, record.after, record.covers) == ("compact", RECORD, 4)
    assert (frozen.change.m, frozen.after) == (6, "80 remarks")


def test_no_secret_is_shown(log: Log) -> None:
    """The store keeps originals as they were; what is shown is redacted."""
    one = found(log, play(log)[3])[0]
    assert "[redacted github token]" in one.before
    assert SECRET not in "".join((one.before, one.after, *one.lines))


def test_what_is_not_kept_any_more_is_said(log: Log) -> None:
    """Then the log's beginning of the text stands for it."""
    exchange = play(log, upto=3)[-1]
    with sqlite3.connect(log.path) as db:
        db.execute("delete from originals")
        db.execute("delete from edits")
    db.close()
    [one] = found(log, exchange)
    assert not one.is_before_whole
    assert not one.is_after_whole
    assert LISTING.startswith(one.before.rstrip("…"))
    assert STUB.startswith(one.after.rstrip("…"))


lines = st.lists(st.sampled_from(["a", "b", "c", "", "@2", "-x", "+"]), max_size=30)


@given(lines, lines)
def test_folded_lines_are_counted(old: list[str], new: list[str]) -> None:
    """Those that came are all there: as themselves, or in the number of those that are the same."""
    found = list(folded(old, new))
    came = sum(int(line[1:]) if line[0] == "@" else line[0] != "+" for line in found)
    assert came == len(old)
    sent = sum(int(line[1:]) if line[0] == "@" else line[0] != "-" for line in found)
    assert sent == len(new)
