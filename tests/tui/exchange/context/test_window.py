"""The context map of a conversation that went through an engine."""

from __future__ import annotations

from penstock.store.sql import SqlStore
from penstock.tokens.estimate import estimate
from penstock_tui.exchange.context.parts import PartName
from penstock_tui.exchange.context.weights import Weigh, Weights
from penstock_tui.exchange.context.window import WindowMap
from penstock_tui.exchange.model import EditState
from penstock_tui.exchange.reader import ExchangeReader, Wanted
from penstock_tui.log.log_model import LogModel
from tests.tui.logs import Log
from tests.tui.played import play


def mapped(log: Log, exchange: str, weights: Weights | None = None) -> WindowMap:
    model = LogModel()
    store = SqlStore(log.path, readonly=True)
    model.apply(store.events_after())
    store.close()
    row = model.row(exchange)
    assert row is not None
    return ExchangeReader(log.path, weights).map(Wanted.of(row, model.earlier(row)))


def parts(found: WindowMap) -> dict[str, tuple[int, int]]:
    return {part.name: (part.came, part.sent) for part in found.now.parts}


def test_a_result_that_was_trimmed_is_smaller_as_sent(log: Log) -> None:
    """And stays so in each request that follows, where the edit is frozen."""
    ids = play(log, upto=7)
    for id in ids[1:]:
        came, sent = parts(mapped(log, id))[PartName.RESULTS]
        assert 0 < sent < came
    assert [change.edit_state for change in mapped(log, ids[2]).detail.changes] == [EditState.FROZEN]


def test_a_record_stands_for_the_messages_it_covers(log: Log) -> None:
    """As many as the ledger says; what had been shortened in them counts no more."""
    found = mapped(log, play(log)[-1])
    assert parts(found)[PartName.RECORD][0] == 0 < parts(found)[PartName.RECORD][1]
    gone = [block.m for block in found.detail.blocks if block.sent == 0]
    assert sorted(set(gone)) == [0, 1, 2, 3]
    assert [(one.op, one.edit_state, one.is_covered) for one in found.detail.changes] == [
        ("replace", EditState.FROZEN, True),
        ("replace", EditState.FROZEN, False),
        ("compact", EditState.LANDED, False),
    ]


def test_it_is_compared_with_the_request_and_the_turn_before(log: Log) -> None:
    """The first request has neither; the second request of a turn is compared with the last of the turn before."""
    ids = play(log)
    assert (mapped(log, ids[0]).request_before, mapped(log, ids[0]).turn_before) == (None, None)
    before, turn_before = mapped(log, ids[2]).now, mapped(log, ids[1]).now
    found = mapped(log, ids[3])
    assert found.request_before == before
    assert found.turn_before == turn_before


def test_tools_that_nobody_called_are_named(log: Log) -> None:
    """From what the engine writes of the request's head, in the first request and no more."""
    found = [one.text for one in mapped(log, play(log)[-1]).findings if one.about == "unused"]
    assert [text.split(":")[0].split(",")[0] for text in found] == ["1 of 2 tools never called"]
    assert "Find" in found[0]


class Doubled(Weights):
    """As if every model had a tokenizer, by which each text has twice as many tokens as we estimate."""

    def of(self, model: str) -> Weigh:
        return Weigh("double", lambda text: 2 * estimate(text))


def test_parts_are_weighed_by_the_tokenizer(log: Log) -> None:
    """The map says by which. The whole stays what was counted, and what is compared is weighed alike."""
    ids = play(log)
    plain, found = mapped(log, ids[3]), mapped(log, ids[3], Doubled())
    assert (plain.by, found.by) == ("", "double")
    assert (found.now.came, found.now.sent) == (plain.now.came, plain.now.sent)
    assert found.now.estimates[PartName.USER] == 2 * plain.now.estimates[PartName.USER]
    assert found.request_before is not None
    assert plain.request_before is not None
    assert found.request_before.estimates[PartName.USER] == 2 * plain.request_before.estimates[PartName.USER]
