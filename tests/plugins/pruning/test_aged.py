"""Old results: what is shortened, when, and what stays of it."""

from __future__ import annotations

from typing import Any

import pytest

from penstock import handle_of
from penstock_plugins.pruning import aged, page
from penstock_plugins.pruning.hunks import choose
from penstock_plugins.pruning.page import Line, Page, read_lines
from penstock_plugins.pruning.stub import body
from tests.plugins.pruning.talk import COLD, Talk, results, source, texts

LOG = "\n".join(
    [
        "collecting the tests of the shop",
        *(f"tests/test_cart.py::test_line_{i} passed in 0.0{i % 10}s" for i in range(150)),
        "--- FAIL: test_refund_of_gift_card (0.12s)",
        "    cart_test.go:88: expected refund_total 1999, got 0",
        "    cart_test.go:91: ledger has no entry for GiftCard",
        *(f"tests/test_ship.py::test_line_{i} passed in 0.0{i % 10}s" for i in range(150)),
        "ValueError: the carrier 'snail' is unknown",
    ]
)


def played(*, wait: float = COLD, turns: int = 8, **pruning: object) -> list[str]:
    talk = Talk(pruning=dict(pruning)).user("Why is the refund wrong?")
    talk.call("Read", {"file_path": "shop/cart.py"}, source("cart")).call("Bash", {"command": "make test"}, LOG)
    talk.send()
    talk.idle(turns)
    talk.send()
    talk.user("And now?")
    return results(talk.send(wait))


def test_waits_for_a_cold_cache() -> None:
    """What was sent stays as it is while the provider's cache may be alive."""
    read, log, *_ = played(wait=30.0)
    assert "shortened" not in read
    assert "shortened" not in log


def test_shortens_what_has_aged_when_the_cache_is_cold() -> None:
    """Then an old read and an old run become stubs: a head that says tool, target, lines kept of lines, and how to see
    the rest."""
    read, log, *_ = played()
    lines = source("cart").count("\n") + 1
    assert read.startswith("[Read shop/cart.py: shortened to ")
    assert f" of {lines} lines; run it again for the rest]" in read.split("\n")[0]
    assert log.startswith("[Bash make test: shortened to ")
    assert log.split("\n")[0].endswith(f"; see all: penstock expand {handle_of(LOG)}]")


def test_a_stub_names_the_agents_tool_where_there_is_one() -> None:
    """The name in its head shows what the tool gave, to the letter."""
    talk = Talk(pruning={}).user("Look.").call("Read", {"file_path": "shop/cart.py"}, source("cart")).idle(8)
    talk.tools = [{"name": "mcp__penstock__expand", "input_schema": {"type": "object"}}]
    talk.send()
    stub = results(talk.user("And now?").send(COLD))[0]
    assert stub.split("\n")[0].endswith(f"; see all: expand {handle_of(source('cart'))}]")
    assert [found.text for found in talk.store.find_originals(handle_of(source("cart")))] == [source("cart")]


def test_a_stub_is_short() -> None:
    """At most 60 lines stay besides the head and the marks of holes."""
    for text in played()[:2]:
        kept = [line for line in text.split("\n")[1:] if not line.startswith("…")]
        assert len(kept) <= 60


def test_error_lines_stay_with_what_stands_below_them() -> None:
    """However many lines pass, those that tell of a failure are kept, and what belongs to it."""
    log = played(value=1.0)[1]
    assert "--- FAIL: test_refund_of_gift_card" in log
    assert "expected refund_total 1999, got 0" in log
    assert "ValueError: the carrier 'snail' is unknown" in log


def test_says_how_many_error_lines_do_not_fit() -> None:
    """Where more lines tell of errors than a stub has room for, it says how many are gone."""
    talk = Talk(pruning={}).user("Build it.")
    log = "\n".join(f"src/part_{'abcdefghij'[i % 10] * (i // 10 + 1)}.c: error: no such symbol" for i in range(80))
    talk.call("Bash", {"command": "make"}, log).idle(6)
    talk.send()
    stub = results(talk.user("Go on.").send(COLD))[0]
    assert "20 lines about errors are left out" in stub.split("\n")[0]


def test_holes_are_marked_and_name_what_stood_there() -> None:
    """No line seems to follow one that it did not: a mark or a jump in line numbers stands between them. A mark tells
    which definitions were in the hole."""
    read = played()[0].split("\n")
    assert [line for line in read if "→" not in line] == [read[0], *(line for line in read if line.startswith("… "))]
    assert any("cart_step_" in line for line in read if line.startswith("… "))


def test_a_hole_among_lines_without_numbers_is_marked() -> None:
    """So is one where numbers do not count up: they may be no line numbers."""
    lines = [Line(text, {}, False, "", 0, 1) for text in ("10\ta", "11\tb", "12\tc", "7\td", "8\te", "f", "g", "9\th")]
    assert body(lines, [0, 2, 4, 6, 7]) == ["10\ta", "12\tc", "…", "8\te", "…", "g", "9\th"]


def test_the_newest_results_stay_whole() -> None:
    """What came in the agent's last turns is untouched."""
    talk = Talk(pruning={"age": 3}).user("Look.").idle(4)
    talk.call("Bash", {"command": "make test"}, LOG).idle(1)
    talk.send()
    assert results(talk.user("Well?").send(COLD))[4] == LOG


def test_a_file_being_worked_on_stays_whole() -> None:
    """A file that was just edited is what the next edit is made from."""
    talk = Talk(pruning={}).user("Fix the rounding.")
    talk.call("Read", {"file_path": "shop/cart.py"}, source("cart", 12)).idle(5)
    talk.call("Edit", {"file_path": "shop/cart.py", "old_string": "a", "new_string": "b"}, "done").idle(1)
    talk.send()
    assert "shortened" not in results(talk.user("More.").send(COLD))[0]


def test_a_result_is_shortened_once() -> None:
    """At the next cold cache a stub reads what it read, though the agent has since drawn on all of it."""
    talk = (
        Talk(pruning={"value": 0.0001, "least": 100}).user("Look.").call("Read", {"file_path": "a.py"}, source("cart"))
    )
    talk.idle(6).send()
    first = results(talk.user("Go on.").send(COLD))[0]
    assert "shortened" in first
    talk.agent(source("cart")).user("Well.").idle(10)
    assert results(talk.send(COLD))[0] == first


def test_a_name_stays_in_one_place() -> None:
    """What an older result still holds is not kept again in a newer one."""
    talk = Talk(pruning={"share": 0.9, "value": 0.0001}).user("Look.")
    filler = "\n".join(f"nothing of note {'x' * (i % 7)}" for i in range(60))
    for command in ("one", "two"):
        talk.call("Bash", {"command": command}, f"{filler}\nsee parcelTrackingCode\n{filler}\n{command}")
    talk.idle(5).send()
    first, second, *_ = results(talk.user("Go on.").send(COLD))
    assert "parcelTrackingCode" in first
    assert "parcelTrackingCode" not in second


def test_a_repeated_run_leaves_less_of_the_first() -> None:
    """Of a run that was made again less stays, and its stub says so; the newer one is judged by its age."""
    talk = Talk(pruning={}).user("Test it.")
    talk.call("Bash", {"command": "make test"}, LOG).idle(2).call("Bash", {"command": "make test"}, LOG + "\nend").idle(
        6
    )
    talk.send()
    (
        old,
        *_,
    ) = results(talk.user("Go on.").send(COLD))
    assert old.startswith("[Bash make test: the same was asked again below; shortened to")
    assert "--- FAIL: test_refund_of_gift_card" in old


def test_a_failed_attempt_that_was_made_good_says_so() -> None:
    """An edit that failed and then went well leaves a stub with the error."""
    given = {"file_path": "shop/cart.py", "old_string": "total", "new_string": "sum"}
    error = "Error: the text to replace was not found\n" + "\n".join(
        f"context line number {i} of the file" for i in range(60)
    )
    talk = Talk(pruning={}).user("Rename it.").call("Edit", given, error, failed=True)
    talk.call("Edit", given, "The file was changed.").idle(6)
    talk.send()
    stub = results(talk.user("Go on.").send(COLD))[0]
    assert "it failed, and went well below" in stub
    assert "the text to replace was not found" in stub


def test_only_results_change() -> None:
    """Words, thinking and calls leave as they came."""
    talk = Talk(pruning={"aggressiveness": "bold"}).user("Why is the refund wrong?\n" * 200)
    talk.call("Bash", {"command": "make test"}, LOG, said="I run the tests. " * 100).idle(9)
    talk.send()
    sent = talk.user("Go on.").send(COLD)
    assert texts(sent, "user") == texts(talk.messages, "user")
    assert [m for m in sent if m["role"] == "assistant"] == [m for m in talk.messages if m["role"] == "assistant"]


def test_names_the_agent_speaks_of_are_favoured() -> None:
    """Of two lines that hold one name each, the one made of the agent's own recent words stays."""
    filler = [f"plain words without any name at all number {'x' * (i % 5)}" for i in range(80)]
    text = "\n".join([*filler[:40], "see parcel_tracking_code here", *filler[40:], "see zq_unrelated_wobble here"])
    talk = Talk(pruning={"lines": 1, "below": 0, "value": 0.0001}).user("Find it.")
    talk.call("Bash", {"command": "./list"}, text).idle(5)
    talk.call("Grep", {"pattern": "parcel_tracking_label"}, "none", said="I look for parcel_tracking_label.")
    talk.send()
    stub = results(talk.user("Go on.").send(COLD))[0]
    assert "parcel_tracking_code" in stub
    assert "zq_unrelated_wobble" not in stub


def test_what_is_judged_again_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under `bold` old results are judged with every request, and none of its lines is searched for names twice."""
    read: list[str] = []
    judged: list[Page] = []

    def reads(text: str) -> list[Line]:
        read.append(text)
        return read_lines(text)

    def judges(page: Page, *given: Any, **more: Any) -> list[int]:
        judged.append(page)
        return choose(page, *given, **more)

    monkeypatch.setattr(page, "read_lines", reads)
    monkeypatch.setattr(aged, "choose", judges)
    talk = Talk(pruning={"aggressiveness": "bold"}).user("Why is the refund wrong?")
    talk.profile = talk.profile.model_copy(update={"aggressiveness": "bold"})
    talk.start()
    for i in range(12):
        talk.call("Bash", {"command": f"test {i}"}, f"run {i} of the shop\n{LOG[: 600 + i]}").send()
    assert len(read) == len(set(read))
    assert len(judged) > 2 * len(read) > 0


def test_a_file_that_was_seen_through_a_command_stays_while_it_is_worked_on() -> None:
    """As one that a reader gave does, under whatever path the next call names it."""
    text = "\n".join(line.partition("→")[2] for line in source("cart").split("\n"))
    talk = Talk(pruning={"active": 4}).user("Look.").call("exec_command", {"cmd": "cat shop/cart.py"}, text).idle(3)
    talk.call("exec_command", {"cmd": "sed -n '1,9p' cart.py"}, "ok").idle(1)
    talk.send()
    assert results(talk.user("And now?").send(COLD))[0] == text
    talk.idle(5).send()
    assert "shortened" in results(talk.user("Go on.").send(COLD))[0]
