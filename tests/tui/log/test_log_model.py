"""What the screen knows of a log."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.conversation.exchange import State
from penstock.events.event import Event, EventKind
from penstock_tui.log.health import Proxy, pid_alive
from penstock_tui.log.log_model import LogModel
from penstock_tui.log.query import parse
from penstock_tui.log.stats.sessions import session_of
from penstock_tui.log.stats.totals import Totals
from penstock_tui.widgets.columns import tone_of_row
from tests.tui.logs import Facts, kept_alive, life, paid_life

K = EventKind


def events(facts: Facts, exchange: str = "x1", at: float = 100.0) -> list[Event]:
    return [Event(i + 1, at + i, exchange, kind, payload) for i, (kind, payload) in enumerate(facts)]


def fact(kind: EventKind, at: float = 100.0, exchange: str = "", **payload: Any) -> Event:
    return Event(1, at, exchange, kind, payload)


def test_a_life_becomes_a_row() -> None:
    """What the columns show is read from the events of the exchange, each from the one that knows it last."""
    model = LogModel()
    changes = model.apply(events(life()))
    [row] = changes.added
    assert (row.client, row.kind, row.agent, row.turn) == ("claude-code", "main", "main", 1)
    assert row.model == "claude-sonnet-4-5-20250929", "the model that answered"
    assert (row.tokens_in, row.tokens_out, row.how) == (2000, 1500, "calibrated")
    assert (row.edits, row.replayed, row.pending) == (1, 4, 2)
    assert (row.suite_ms, row.first_ms, row.ms) == (6.0, 420.0, 2100.0)
    assert (row.status, row.state, row.running, row.failed) == (200, State.PROCESSED, False, False)
    assert row.cache_share == 0.8
    assert row.prompt == "why does it fail?"


def test_how_tokens_were_counted_is_told_by_the_event_that_counts() -> None:
    """Where it does not say, in an older log, the one before holds."""
    model = LogModel()
    classified = fact(EventKind.CLASSIFIED, exchange="x1", tokens={"total": 10, "how": "estimated"})
    model.apply([classified, fact(EventKind.REWRITTEN, exchange="x1", tokens_in=9, tokens_out=8, how="calibrated")])
    model.apply(
        [replace(classified, exchange="x2"), fact(EventKind.REWRITTEN, exchange="x2", tokens_in=9, tokens_out=8)]
    )
    assert [(row.tokens_in, row.how) for row in model.rows] == [(9, "calibrated"), (9, "estimated")]


def test_a_row_grows_as_events_come() -> None:
    """The first events of an exchange give a row at once; later ones change it, and are said to."""
    model = LogModel()
    told = events(life())
    [row] = model.apply(told[:2]).added
    assert row.running
    assert row.state is State.CLASSIFIED
    assert row.tokens_out == 2000, "the baseline, until it is known what leaves"
    changes = model.apply(told[2:])
    assert (changes.added, changes.changed) == ([], [row])
    assert not row.running


def test_a_state_never_goes_back() -> None:
    """Events written by different threads may come a little out of order."""
    told = events(life())
    model = LogModel()
    model.apply([told[-2], *told[:-2], told[-1]])
    row = model.rows[0]
    assert row.state is State.PROCESSED
    assert (row.status, row.tokens_out, row.edits) == (200, 1500, 1)
    assert row.at == 100.0, "the time it was received, not that of the first event read"


def test_a_log_that_begins_in_the_middle() -> None:
    """Retention may have cut off the beginning of an exchange: what is left of it is shown."""
    model = LogModel()
    model.apply(events(life())[-2:])
    assert model.rows[0].status == 200


def test_failures_keep_their_reason() -> None:
    model = LogModel()
    failed = (K.FAILED, {"why": "provider", "status": 529, "error": "overloaded", "ms": 900.0})
    model.apply(events([*life()[:7], failed]))
    row = model.rows[0]
    assert row.failed
    assert (row.status, row.why, row.error, row.ms) == (529, "provider", "overloaded", 900.0)


def test_a_refusal_ends_the_exchange() -> None:
    model = LogModel()
    refused = (K.REFUSED, {"status": 429, "message": "the day's budget is used up", "stage": "budget"})
    model.apply(events([*life()[:6], refused]))
    row = model.rows[0]
    assert row.state is State.REFUSED
    assert not row.running
    assert (row.status, row.error) == (429, "the day's budget is used up")
    assert (row.tokens_in, row.tokens_out, row.removed) == (2000, None, None), "it was sent nowhere"
    totals = model.totals
    assert (totals.requests, totals.turns, totals.tokens_in, totals.tokens_out) == (1, 1, 0, 0), "nor is that a saving"


def call_of(id: str, name: str, subject: str = "", m: int = 3) -> dict[str, Any]:
    """A block that calls a tool."""
    about = {"m": m, "role": "assistant", "kind": "tool_use", "name": name, "id": id}
    return about | ({"subject": subject} if subject else {})


def result_of(id: str, name: str = "", m: int = 4) -> dict[str, Any]:
    """A block that holds a tool's result."""
    return {"m": m, "role": "user", "kind": "tool_result", "name": name, "id": id}


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        ([call_of("t1", "Read", "cart.py"), result_of("t1")], "↳ Read cart.py"),
        ([call_of("t1", "Grep"), result_of("t1")], "↳ Grep"),  # an older log does not say what a call is about
        ([result_of("t1", "Bash"), result_of("t2", "Read"), result_of("t3", "Bash")], "↳ Bash +2"),
        (
            [call_of("t1", "Read", "cart.py"), call_of("t2", "Bash", "make test"), result_of("t1"), result_of("t2")],
            "↳ Read cart.py +1",
        ),
        (
            [
                call_of("t1", "Read", "old.py", 1),
                result_of("t1", m=2),
                call_of("t2", "Bash", "make test"),
                result_of("t2"),
            ],
            "↳ Bash make test",  # and nothing of the calls before, where a proxy comes to a history
        ),
        ([result_of("t1")], "↳ a tool"),
    ],
)
def test_a_tool_loop_tells_what_was_called_and_for_what(blocks: list[dict[str, Any]], told: str) -> None:
    """A request without words of a person still says what it is about."""
    model = LogModel()
    model.apply(events(life("", kind="tool-loop", blocks=blocks)))
    assert model.rows[0].prompt == told


def test_words_cannot_steer_the_terminal() -> None:
    """Texts of tools and models come to the screen without escape sequences and direction marks."""
    model = LogModel()
    model.apply(events(life("a\x1b[2Jb\x1b]52;c;aGk=\x07c\u202ed\x9b1m\ne")))
    assert model.rows[0].prompt == "abcd1m e"


def test_only_the_newest_rows_are_kept() -> None:
    """Memory is bounded; the sums still count what is gone."""
    model = LogModel(limit=3)
    for i in range(5):
        changes = model.apply(events(life(), f"x{i}"))
    assert [row.id for row in model.rows] == ["x2", "x3", "x4"]
    assert [row.id for row in changes.dropped] == ["x1"]
    assert model.row("x0") is None
    assert (model.totals.requests, model.totals.turns) == (5, 5)
    assert (model.totals.tokens_out, model.totals.saved) == (7500, 2500)


def test_a_batch_larger_than_the_bound() -> None:
    """Rows that come and go in one batch are never spoken of."""
    model = LogModel(limit=2)
    changes = model.apply([e for i in range(5) for e in events(life(), f"x{i}")])
    assert [row.id for row in changes.added] == ["x3", "x4"]
    assert changes.dropped == []


def test_sums_leave_out_what_is_not_sent_to_a_model() -> None:
    """Requests that only count tokens cost nothing, and retries are no second turn."""
    model = LogModel()
    model.apply(events(life(kind="count"), "x1"))
    model.apply(events(life(retry=True), "x2"))
    assert (model.totals.requests, model.totals.turns) == (2, 0)
    assert model.totals.tokens_out == 1500
    assert model.totals.cache_share == 0.8


def test_money_is_summed_in_all_and_by_session() -> None:
    """Rows that are gone stay in the sums; what was not paid for is in none. What is negative was lost."""
    model = LogModel(limit=2)
    model.apply(events(paid_life(0.03, 0.01, session="one"), "x1"))
    model.apply(events(paid_life(0.03, 0.05, "estimated", session="two"), "x2"))
    model.apply(events(life(session="one"), "x3"))
    model.apply(events(paid_life(0.03, 0.02, session="one"), "x4"))
    costs = model.totals.costs
    assert (costs.requests, costs.saved, costs.estimated) == (3, 0.01, 1)
    older, newer = model.rows
    assert (older.saved, newer.saved, older.money) == (None, 0.01, None)
    assert newer.money is not None
    assert not newer.money.is_estimated
    assert (model.session_costs(newer).requests, model.session_costs(newer).saved) == (2, 0.03)


def test_a_keep_alive_request_has_a_line_and_is_no_request() -> None:
    """It says what was read and paid, counts as no request or turn, and its tokens are in no sum of `usage`."""
    model = LogModel()
    model.apply(events(paid_life(0.03, 0.01), "x1"))
    before = asdict(model.totals)
    changes = model.apply(events(kept_alive(48_211, 0.004), "x1", 400.0))
    changes.added += model.apply(events(kept_alive(0, 0.0, "the entry was gone"), "x1", 700.0)).added
    first, second = changes.added
    assert [(row.kind, row.client, row.exchange) for row in changes.added] == [("keep-alive", "penstock", "x1")] * 2
    assert first.prompt == "↻ $0.0040: 48,211 tokens read, sent again for no answer"
    assert (first.tokens_out, first.saved, first.cache_share, first.failed) == (48_211, -0.004, 1.0, False)
    assert second.failed
    assert second.prompt.endswith("; no more: the entry was gone")
    costs = before["costs"] | {"reads": 2, "reads_cost": 0.004, "paid": 0.014}
    assert asdict(model.totals) == before | {"costs": costs}
    session = model.sessions.get("session-1")
    assert session is not None
    assert asdict(session.totals) == asdict(model.totals)
    assert session.last_at < 400, "nobody was active"
    assert model.per_minute(401.0) == 0


def test_a_keep_alive_request_is_no_part_of_its_conversation() -> None:
    """What follows looks back at requests of the client alone; the filter finds it by its kind."""
    model = LogModel()
    for facts, exchange in ((life(), "x1"), (kept_alive(), "x1"), (life(), "x2")):
        model.apply(events(facts, exchange))
    one, read, two = model.rows
    assert model.earlier(two) == [one]
    assert [parse("kind:keep").matches(row) for row in (one, read, two)] == [False, True, False]


def test_a_keep_alive_request_for_one_that_is_gone_is_passed_over() -> None:
    """No line says that a request came which did not."""
    model = LogModel(limit=1)
    model.apply([*events(life(), "x1"), *events(life(session="two"), "x2")])
    assert not model.apply(events(kept_alive(), "x1"))
    assert model.totals.requests == 2


def test_a_turn_of_a_history_has_a_line_and_is_no_request() -> None:
    """Dim, with its tags; whose request brought it is opened with it. What follows does not look back at it."""
    model = LogModel()
    model.apply(events(life(turn=3), "x1"))
    before = asdict(model.totals)
    turns = [
        {"turn": n, "tags": [f"tag{n}", "glaze"], "primary_tag": f"tag{n}", "message": f"about {n}"} for n in (1, 2)
    ]
    changes = model.apply(events([(K.INGESTED_TURN, one) for one in turns], "x1", 400.0))
    assert [(row.kind, row.turn, row.exchange, row.prompt) for row in changes.added] == [
        ("ingested", 1, "x1", "⇡ 1 about 1"),
        ("ingested", 2, "x1", "⇡ 2 about 2"),
    ]
    first, second = changes.added
    assert (first.all_tags, tone_of_row(first), first.session_name) == (("tag1", "glaze"), "dim", "session-")
    assert asdict(model.totals) == before
    model.apply(events(life(), "x2"))
    assert [one.id for one in model.earlier(model.rows[-1])] == ["x1"]
    assert parse("kind:ingested").matches(second)
    assert model.tags.covered("talk-1", 1, 2) == ["glaze", "tag1", "tag2"]
    assert not model.apply(events([(K.INGESTED_TURN, turns[0])], "gone"))


def test_requests_per_minute_are_those_of_the_last_minute() -> None:
    model = LogModel()
    for i, at in enumerate((10.0, 100.0, 130.0)):
        model.apply(events(life(), f"x{i}", at))
    assert model.per_minute(150.0) == 2
    assert model.per_minute(1000.0) == 0


def test_earlier_exchanges_of_a_conversation_newest_first() -> None:
    model = LogModel()
    for i in range(3):
        model.apply(events(life(), f"x{i}"))
    model.apply(events(life(conversation="other"), "y"))
    model.apply(events(life(), "x3"))
    row = model.row("x3")
    assert row is not None
    assert [one.id for one in model.earlier(row)] == ["x2", "x1", "x0"]


def test_what_only_counts_tokens_tells_nothing_of_a_conversation() -> None:
    """Claude Code counts its first message alone before each request: that hides none of what was sent between."""
    model = LogModel()
    for i in range(3):
        model.apply(events(life(), f"x{i}"))
        model.apply(events(life(kind="count"), f"c{i}"))
    row = model.row("x2")
    assert row is not None
    assert [one.id for one in model.earlier(row)] == ["x1", "x0"]


def test_what_was_under_way_when_the_proxy_ended_is_lost() -> None:
    """No row turns for ever; and one whose answer still comes was not lost after all."""
    model = LogModel()
    told = events(life())
    model.apply(told[:4])
    changes = model.apply([fact(K.STOPPED, pid=7)])
    row = model.rows[0]
    assert changes.changed == [row]
    assert row.lost
    assert not row.running
    model.apply(told[4:])
    assert not row.lost


def test_a_start_makes_history_of_what_was_there() -> None:
    """Of all of it, and of nothing twice; what comes later in the same batch is live."""
    model = LogModel()
    changes = model.apply([*events(life(), "x1"), fact(K.STARTED, pid=7), *events(life(), "x2")])
    assert [(row.id, row.history) for row in model.rows] == [("x1", True), ("x2", False)]
    assert changes.changed == []
    changes = model.apply([fact(K.STARTED, pid=8)])
    assert [row.id for row in changes.changed] == ["x2"]
    assert model.apply([fact(K.STARTED, pid=9)]).changed == []


def test_what_was_injected_and_freed() -> None:
    """As the log tells; of an older log, what a request grew smaller by."""
    model = LogModel()
    model.apply(events(life(), "old"))
    told = [
        (kind, data | {"injected": 100, "freed": 600}) if kind is K.REWRITTEN else (kind, data) for kind, data in life()
    ]
    model.apply(events(told, "new"))
    assert [(row.injected, row.removed) for row in model.rows] == [(None, 500), (100, 600)]


def test_the_time_of_the_provider_is_not_that_of_the_suite() -> None:
    """Nor what the request waited for its turn."""
    model = LogModel()
    model.apply(
        events([(kind, data | {"queued_ms": 4}) if kind is K.FORWARDED else (kind, data) for kind, data in life()])
    )
    row = model.rows[0]
    assert (row.suite_ms, row.queued_ms, row.provider_ms) == (2.0, 4.0, 2094.0)


def test_health_knows_who_runs() -> None:
    """Running, stopped, or gone without a word."""
    running = {7}
    model = LogModel(alive=running.__contains__)
    assert model.health.proxy() is Proxy.UNKNOWN
    model.apply([fact(K.STARTED, pid=7, profile="default", stages=["pruning"], listen=["127.0.0.1:8899"])])
    assert model.health.proxy() is Proxy.RUNNING
    assert (model.health.profile, model.health.stages) == ("default", ("pruning",))
    running.clear()
    assert model.health.proxy() is Proxy.GONE
    model.apply([fact(K.STOPPED, pid=7)])
    assert model.health.proxy() is Proxy.STOPPED


def test_health_counts_faults_since_the_start_and_forgets_them_slowly() -> None:
    model = LogModel()
    model.apply([fact(K.FAULT, where="store", error="old"), fact(K.STARTED, pid=7)])
    assert model.health.faults == 0
    model.apply([fact(K.FAULT, at=200.0, where="store", error="disk full")])
    assert model.health.faults == 1
    assert model.health.degraded(now=210.0) == "store: disk full"
    assert model.health.degraded(now=9999.0) == ""


def test_a_log_with_the_old_name_of_a_setting_is_read() -> None:
    """Changes of one run are one key, whether they were logged before or after it was renamed."""
    model = LogModel()
    model.apply([fact(K.STARTED, pid=7, profile="default")])
    model.apply([fact(K.SETTINGS, profile="default", changed={"setting": ["safe", "bold"]})])
    assert model.health.changed == {"aggressiveness": "bold"}
    model.apply([fact(K.SETTINGS, profile="default", changed={"aggressiveness": ["bold", "safe"]})])
    assert model.health.changed == {"aggressiveness": "safe"}


def test_health_names_stages_that_rest() -> None:
    model = LogModel()
    model.apply([fact(K.STAGE, exchange="x1", stage="recall", outcome="resting", remark="3 failures")])
    assert "recall" in model.health.degraded(now=0.0)
    model.apply([fact(K.STAGE, exchange="x2", stage="recall", outcome="nothing")])
    assert model.health.degraded(now=0.0) == ""


def test_processes_are_asked_for_safely() -> None:
    """Ids that name groups, or are no ids at all, are nobody's."""
    assert pid_alive(os.getpid())
    assert not pid_alive(0)
    assert not pid_alive(-1)
    assert not pid_alive(2**80)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(sorted({name for _, payload in life() for name in payload} | {"pid", "where", "why", "error"}))
payloads = st.dictionaries(fields, values, max_size=8) | values


paid = paid_life(0.04, 0.01) + paid_life(0.02, 0.05, "estimated", kind="count", session="two") + paid_life(0.1, 0.1)
known = st.sampled_from(paid).map(lambda fact: (fact[0], dict(fact[1])))


@given(st.lists(st.tuples(known, st.sampled_from(["x1", "x2", "x3"])), max_size=40))
def test_sums_are_those_of_the_rows(told: list[tuple[tuple[EventKind, dict[str, Any]], str]]) -> None:
    """In whatever order events come and however often: no event that changes what a row counts for is passed over."""
    model = LogModel()
    model.apply([Event(i, float(i), exchange, kind, data) for i, ((kind, data), exchange) in enumerate(told)])
    totals = Totals()
    sessions: dict[str, Totals] = {}
    for row in model.rows:
        totals.add(row, 1)
        if session_of(row):
            sessions.setdefault(session_of(row), Totals()).add(row, 1)
    assert rounded(model.totals) == rounded(totals)
    assert {one.name: rounded(one.totals) for one in model.sessions.listed()} == {
        name: rounded(one) for name, one in sessions.items()
    }


def rounded(totals: Totals) -> dict[str, Any]:
    """Sums of floats differ by a hair."""
    found = asdict(totals)
    return found | {"costs": {name: round(value, 9) for name, value in found["costs"].items()}}


@given(st.lists(st.tuples(st.sampled_from(K), st.sampled_from(["", "x1", "x2"]), payloads), max_size=12))
def test_any_payload_is_read(told: list[tuple[EventKind, str, Any]]) -> None:
    """A log of an older or a newer version has fields missing, or of other types: rows have gaps, nothing breaks."""
    model = LogModel(alive=lambda _pid: False)
    model.apply([Event(i, float(i), exchange, kind, payload) for i, (kind, exchange, payload) in enumerate(told)])
    requests = {exchange for kind, exchange, _ in told if exchange and kind not in (K.KEPT_ALIVE, K.INGESTED_TURN)}
    assert {row.exchange for row in model.rows} == requests
    model.health.proxy()
    model.health.degraded(0.0)


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e308, -1e308])
def test_a_number_beyond_all_measure_is_none(number: float) -> None:
    """JSON may hold a number that no float does, and sums of two others would be none."""
    life = paid_life(0.04, 0.01, tokens={"total": number}, turn=number, first=number)
    facts = [(kind, {**data, "ms": number, "queued_ms": number, "tokens_in": number}) for kind, data in life]
    model = LogModel(alive=lambda _pid: False)
    model.apply([*events(facts, "x1"), *events(facts, "x2")])
    row = model.rows[0]
    assert (row.turn, row.first, row.tokens_in, row.suite_ms, row.ms) == (0, None, None, None, None)
    assert model.totals.tokens_in == 0


def test_labels_reach_the_rows_of_their_session() -> None:
    """Those that are there, and those that come; only rows whose label changed are given."""
    model = LogModel()
    model.apply([*events(life(session="s"), "x1"), *events(life(session="t"), "x2")])
    assert [row.id for row in model.label({"s": "the kiln"})] == ["x1"]
    assert model.label({"s": "the kiln"}) == []
    model.apply(events(life(session="s"), "x3"))
    assert [row.label for row in model.rows] == ["the kiln", "", "the kiln"]
    assert [row.id for row in model.label({})] == ["x1", "x3"]
    model.apply([fact(EventKind.DELETED, conversations=["c"])])
    assert model.deleted == 1
