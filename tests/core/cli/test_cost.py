"""`penstock cost`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from penstock import Usage
from penstock.base import paths
from penstock.cli import build
from penstock.events.event import Event, EventKind
from penstock.store.sql import SqlStore
from penstock.testing import Session, assistant, conversation, user
from tests.core.cli.conftest import Run

START = 1_700_000_000.0
K = EventKind


def _paid(baseline: float, paid: float, how: str = "exact") -> dict[str, Any]:
    split = {"plain": 10, "read": 500, "write": 0}
    sums = {"reads_saved": 400, "writes_caused": -20, "how": how}
    return {"baseline": baseline, "paid": paid, "naive": 0.25, "came": split, "sent": split, **sums}


def _log(*rows: tuple[str, str, dict[str, Any] | None], **more: str) -> Path:
    """Exchanges as (session, model, money); None: the answer broke off."""
    path = paths.store_path()
    log = SqlStore(path)
    events = []
    for i, (session, model, money) in enumerate(rows):
        about = {"session": session, "conversation": f"talk {session}", "client": "claude-code", "model": model, **more}
        end = (K.FAILED, {"why": "cut"}) if money is None else (K.ANSWERED, {"status": 200, "money": money})
        events += [Event(0, START + i, f"x{i}", K.CLASSIFIED, about), Event(0, START + i, f"x{i}", *end)]
    log.add_events(events)
    log.close()
    return path


def test_is_a_line_for_each_session_and_a_total(run: Run, penstock_home: Path) -> None:
    """What it would have cost, what was paid, what was saved; then the models."""
    _log(("s-one", "m1", _paid(2, 1)), ("s-one", "m2", _paid(1, 0.5)), ("s-two", "m2", _paid(1, 1)))
    found = run("cost")
    assert found.exit_code == 0, found.output
    lines = [line.split() for line in found.stdout.splitlines()]
    by_name = {line[0]: line for line in lines if line}
    assert by_name["s-one"][-8:] == ["2", "$3.00", "$1.50", "$1.50", "50.0%", "$0.5000", "800", "-40"]
    assert by_name["s-two"][-5:-2] == ["$0", "0.0%", "$0.2500"]
    assert by_name["total"][1:] == ["3", "$4.00", "$2.50", "$1.50", "37.5%", "$0.7500", "1,200", "-60"]
    assert by_name["m2"][1:4] == ["2", "$2.00", "$1.50"]


def test_the_old_name_of_the_command_goes_on_working(run: Run, penstock_home: Path) -> None:
    """Scripts use it; help shows the new one only."""
    _log(("s-one", "m1", _paid(2, 1)))
    assert run("money").stdout == run("cost").stdout
    assert not [line for line in run("--help").stdout.splitlines() if line.startswith("│ money ")]


def test_a_loss_is_red_and_negative(penstock_home: Path) -> None:
    """Never by colour alone."""
    _log(("s-one", "m1", _paid(1, 1.5)))
    found = CliRunner().invoke(build(), ["cost"], prog_name="penstock", color=True)
    assert "\x1b[31m-$0.5000\x1b[0m" in found.stdout
    assert "\x1b[31m-50.0%\x1b[0m" in found.stdout


def test_a_long_name_of_a_model_makes_no_wide_table(run: Run, penstock_home: Path) -> None:
    """A client may send any; one without a name has a word in its place."""
    _log(("s-one", "m" * 300, _paid(2, 1)), ("s-one", "", _paid(2, 1)))
    lines = run("cost").stdout.splitlines()
    assert max(map(len, lines[:8])) < 200
    assert any(line.startswith("no model named ") for line in lines)


def test_what_broke_off_is_not_paid(run: Run, penstock_home: Path) -> None:
    """It is neither here nor there."""
    _log(("s-one", "m1", None), ("s-one", "m1", _paid(2, 1)))
    assert json.loads(run("cost", "--json").stdout)["total"]["requests"] == 1


def test_estimates_are_called_so(run: Run, penstock_home: Path) -> None:
    """Where the provider gave no count."""
    _log(("s-one", "m1", _paid(2, 1, "estimated")), ("s-two", "m1", _paid(2, 1)))
    found = run("cost").stdout
    assert "~$1.00" in found
    assert "for 1 of 2 requests the provider gave no count" in found


def test_is_one_session_or_some_days(run: Run, penstock_home: Path) -> None:
    """By the beginning of its id; an unknown one is said to be unknown."""
    _log(("s-one", "m1", _paid(2, 1)), ("other", "m1", _paid(4, 1)))
    [session] = json.loads(run("cost", "--json", "--session", "s-o").stdout)["sessions"]
    assert (session["session"], session["saved"], session["share"]) == ("s-one", 1.0, 0.5)
    assert json.loads(run("cost", "--json", "--days", "1").stdout)["sessions"] == [], "they are years old"
    unknown = run("cost", "--session", "nobody")
    assert unknown.exit_code == 2
    assert "'nobody'" in unknown.output


def test_of_an_empty_log(run: Run, store: Path) -> None:
    """Says that there is nothing; answers of older versions have no money in them."""
    found = run("cost")
    assert (found.exit_code, found.stdout) == (0, "Nothing was paid for yet, as far as this log says.\n")


def _unknown() -> dict[str, Any]:
    split = {"plain": 10, "read": 500, "write": 0}
    return {"came": split, "sent": split, "reads_saved": 400, "writes_caused": -20, "how": "unknown"}


def test_an_unknown_price_is_no_figure(run: Run, penstock_home: Path) -> None:
    """Neither alone nor in a sum with others, and not in JSON either; the way out of it is named."""
    _log(("s-one", "new", _unknown()), ("s-two", "m1", _paid(2, 1)))
    found = run("cost").stdout
    by_name = {line.split()[0]: line.split() for line in found.splitlines() if line}
    assert by_name["new"][1:5] == ["1", "?", "?", "?"]
    assert by_name["total"][1:8] == ["2", "$2.00", "+", "?", "$1.00", "+", "?"]
    assert "unknown price: nobody has said what the models of 1 requests cost" in found
    document = json.loads(run("cost", "--json").stdout)
    assert (document["models"]["new"]["paid"], document["models"]["new"]["unpriced"]) == (None, 1)
    assert document["models"]["m1"]["paid"] == 1


def test_only_unknown_prices(run: Run, penstock_home: Path) -> None:
    """There is no dollar in sight."""
    _log(("s-one", "new", _unknown()))
    assert "$" not in run("cost").stdout


def test_one_session_says_why_it_saved_little(run: Run, penstock_home: Path) -> None:
    """Below the figures, and as JSON; where a tenth was saved there is nothing to explain."""
    _log(("s-one", "claude-sonnet-4-5", _paid(1, 1)), ("s-two", "m", _paid(2, 1)), kind="main")
    reason = "There is no history to shorten: 1 request, the first of its conversation."
    found = run("cost", "--session", "s-one").stdout
    assert f"why little was saved in s-one\n- {reason}\n" in found
    assert "why" not in run("cost", "--session", "s-two").stdout
    [session] = json.loads(run("cost", "--session", "s-one", "--json").stdout)["sessions"]
    assert session["why_little_saved"] == [reason]
    [session] = json.loads(run("cost", "--session", "s-two", "--json").stdout)["sessions"]
    assert session["why_little_saved"] == []


def test_of_all_sessions_the_newest_says_why(run: Run, penstock_home: Path) -> None:
    """To look at each would read every event of the log."""
    _log(("s-one", "claude-sonnet-4-5", _paid(1, 1)), ("s-two", "claude-sonnet-4-5", _paid(1, 1)), kind="main")
    found = run("cost").stdout
    assert "why little was saved in s-two" in found
    assert "saved in s-one" not in found
    assert ["why_little_saved" in one for one in json.loads(run("cost", "--json").stdout)["sessions"]] == [False, True]


def test_the_reasons_of_a_session_that_was_played(run: Run, penstock_home: Path) -> None:
    """From the log that an engine wrote, with a pause longer than the cache lives."""
    log = SqlStore(paths.store_path())
    with Session(store=log) as session:
        said = [user("why does it fail?")]
        for usage in (Usage(input=9, cache_write=30_000), Usage(input=9, cache_read=0, cache_write=30_100)):
            session.send(conversation(*said, model="claude-sonnet-4-5"))
            session.reply("because", usage=usage)
            said += [assistant("because"), user("and now?")]
            session.wait(400)
    log.close()
    found = run("cost", "--session", session.headers["x-session-id"]).stdout
    assert "- The cache was cold once: nothing that was sent before was shortened then.\n" in found
    assert (
        "- After 1 cold pause 30,009 tokens were written to the cache again, for $0.10 more than reading them" in found
    )


def test_keep_alive_requests_have_their_own_line(run: Run, penstock_home: Path) -> None:
    """They are a part of what was paid, in their session, its model and the total."""
    path = _log(("s-one", "m1", _paid(2, 1)))
    log = SqlStore(path)
    read = {"conversation": "talk s-one", "session": "s-one", "model": "m1", "read": 9, "write": 0, "usd": 0.25}
    log.add_events([Event(0, START + 9, "x0", K.KEPT_ALIVE, read)] * 2)
    log.close()
    found = run("cost")
    assert "2 keep-alive requests, $0.50" in found.stdout
    total = next(line.split() for line in found.stdout.splitlines() if line.startswith("total"))
    assert total[2:5] == ["$2.00", "$1.50", "$0.5000"]
    assert json.loads(run("cost", "--json").stdout)["sessions"][0]["reads"] == 2


def test_at_other_prices(run: Run, penstock_home: Path) -> None:
    """As for a cheap, a middling and a dear model; also where the price of the model is not known."""
    money = _paid(2, 1) | {"came": {"plain": 100_000, "read": 1_000_000, "write": 80_000}, "how": "unknown"}
    del money["baseline"], money["paid"], money["naive"]
    _log(("s-one", "m1", money))
    lines = run("cost", "--at", "0.25", "--at", "15").stdout.splitlines()[-3:]
    assert lines[0].split() == ["input,", "a", "million", "tokens", "without", "Penstock", "sent", "saved"]
    assert [line.split()[:2] for line in lines[1:]] == [["$0.25", "$0.0750"], ["$15", "$4.50"]]
    document = json.loads(run("cost", "--at", "15", "--json").stdout)
    assert document["at"] == [{"input": 15.0, "untouched": 4.5, "sent": 0.0009, "saved": 4.4991}]
    for price in ("nan", "1e300", "-1"):
        assert run("cost", "--at", price).exit_code == 2
