"""The facts above a record."""

from __future__ import annotations

from typing import Any

from tests.plugins.compaction.test_compaction import BALANCED, record
from tests.plugins.pruning.talk import COLD, Talk, source


def told(talk: Talk) -> dict[str, str]:
    """Each fact by its name, after two more turns that stay."""
    for turn in (1, 2):
        talk.user(f"Later {turn}.").idle(3).agent("Well.")
    talk.send()
    lines = record(talk.user("Go on.").send(COLD)).split("\n")[1:]
    names = ("Files edited", "Files read", "Failed, and not seen to go well later", "Decisions", "Tags")
    return {name: line.removeprefix(f"{name}: ") for name in names for line in lines if line.startswith(f"{name}: ")}


def begun(**compaction: Any) -> Talk:
    talk = Talk(compaction={**BALANCED, **compaction})
    return talk.user("Look.").call("Read", {"file_path": "shop/cart.py"}, source("cart", 120))


def test_files_are_told_once() -> None:
    """Those written, and those only read."""
    talk = begun().call("Read", {"file_path": "shop/tax.py"}, source("tax"))
    for old in ("a", "b"):
        talk.call("Edit", {"file_path": "shop/tax.py", "old_string": old, "new_string": "c"}, "Done.")
    found = told(talk.agent("Done."))
    assert found["Files edited"] == "shop/tax.py"
    assert found["Files read"] == "shop/cart.py"


def test_many_files_are_counted() -> None:
    """The last touched are named, the others told by their number."""
    talk = begun()
    for n in range(20):
        talk.call("Read", {"file_path": f"shop/p{n}.py"}, source(f"p{n}", 2))
    read = told(talk.agent("Done."))["Files read"]
    assert read.startswith("shop/p19.py, shop/p18.py")
    assert read.endswith("and 13 more")


def test_a_command_that_failed_is_open() -> None:
    """With what it complained of, whether the client marks it or its exit code tells."""
    talk = begun().call("Bash", {"command": "make test"}, "ok 1\nerror: cart is empty\n", failed=True)
    talk.call("Bash", {"command": "make lint"}, "Exit code: 2\nE501 too long\n")
    assert told(talk.agent("Bad."))["Failed, and not seen to go well later"] == (
        "make test: error: cart is empty; make lint: E501 too long"
    )


def test_a_command_that_went_well_later_is_not_open() -> None:
    """Be it in turns that are not recorded."""
    talk = begun().call("Bash", {"command": "make test"}, "error: cart is empty", failed=True).agent("Bad.")
    talk.user("Again.").call("Bash", {"command": "make test"}, "ok").agent("Good.")
    assert "Failed, and not seen to go well later" not in told(talk)


def test_decisions_are_told() -> None:
    """The newest, with who said it, where a record has not all words."""
    talk = begun(tokens=20).agent("It rounds twice. I decided to round once, in Money.")
    found = told(talk.user("Fine. Let's keep the old name.").idle(1).agent("Good."))
    assert found["Decisions"] == "Agent: I decided to round once, in Money. / User: Let's keep the old name."


def test_tags_are_names_of_these_turns() -> None:
    """Those in several calls and texts here, before those that are everywhere."""
    talk = begun().agent("See roundHalf and Basket.").user("Why?").agent("For roundHalf is wrong.").user("And?")
    talk.call("Bash", {"command": "grep roundHalf"}, "x").agent("So.")
    assert told(talk)["Tags"].split(", ")[0] == "roundHalf"


def test_what_there_is_not_is_not_told() -> None:
    """No line for a sort without facts."""
    assert set(told(begun().agent("Yes."))) == {"Files read"}
