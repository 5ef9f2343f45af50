"""New results: nothing is lost, only said once."""

from __future__ import annotations

from typing import Any

import pytest

from penstock import handle_of
from tests.plugins.pruning.talk import COLD, Talk, results, source

PATH = "shop/cart.py"


def read(talk: Talk, text: str, **given: int) -> Talk:
    return talk.call("Read", {"file_path": PATH, **given}, text)


def part(first: int, count: int) -> str:
    return "\n".join(source("cart").split("\n")[first - 1 : first - 1 + count])


def test_an_unchanged_read_points_back() -> None:
    """The same text again becomes one line that says where it stands."""
    talk = read(Talk(pruning={}).user("Look."), source("cart"))
    talk.send()
    talk.idle(2)
    again = results(read(talk, source("cart")).send())[-1]
    told = f"[Read {PATH}: unchanged, the same text as the result of Read {PATH} 3 turns ago"
    assert again == f"{told}; see all: penstock expand {handle_of(source('cart'))}]"


def test_a_part_of_what_was_read_points_back() -> None:
    """A range of a file whose lines were all read before, with their numbers, is told by its range."""
    talk = read(Talk(pruning={}).user("Look."), source("cart"))
    talk.send()
    again = results(read(talk, part(50, 40), offset=50, limit=40).send())[-1]
    assert "(offset 50, limit 40): unchanged, these lines are in the result of" in again


def test_a_pointer_names_its_own_text() -> None:
    """Whatever becomes of what it leads to, the agent can ask for the lines themselves."""
    talk = read(Talk(pruning={}).user("Look."), source("cart"))
    talk.tools = [{"name": "mcp__penstock__expand", "input_schema": {"type": "object"}}]
    talk.send()
    again = results(read(talk, part(50, 40), offset=50, limit=40).send())[-1]
    assert again.endswith(f"; see all: expand {handle_of(part(50, 40))}]")
    assert [found.text for found in talk.store.find_originals(handle_of(part(50, 40)))] == [part(50, 40)]


def test_lines_that_moved_are_no_pointer() -> None:
    """A read with other line numbers says which lines moved, and from where."""
    talk = read(Talk(pruning={}).user("Look."), source("cart"))
    talk.send()
    moved = source("cart", 10, start=3)
    sent = results(read(talk, moved, offset=3, limit=70).send())[-1].split("\n")
    assert sent[0].startswith(f"[Read {PATH}: ")
    assert "[6-69: unchanged since you read them one turn ago, there 4-67]" in sent


def test_a_file_cut_short_shows_its_end() -> None:
    """Fewer lines than asked for mean that the file ends there now: that is news, so no pointer says that nothing
    changed."""
    talk = read(Talk(pruning={}).user("Look."), source("cart"))
    talk.send()
    short = part(50, 20)
    sent = results(read(talk, short, offset=50, limit=100).send())[-1].split("\n")
    assert "[53-66: unchanged since you read them one turn ago]" in sent
    assert sent[-3:] == [line.lstrip(" ") for line in short.split("\n")[-3:]]


def test_what_changed_in_a_file_is_shown_with_what_is_around_it() -> None:
    """After an edit a read is no pointer, even if nothing changed. Runs of lines that stand above are left out, and
    the text says where they are; all others are sent."""
    talk = read(Talk(pruning={}).user("Look."), source("cart"))
    talk.send()
    talk.call("Edit", {"file_path": PATH, "old_string": "a", "new_string": "b"}, "done")
    changed = source("cart").replace("lookup(115)", "find(115)")
    sent = results(read(talk, changed).send())[-1].split("\n")
    assert sent[0] == (
        f"[Read {PATH}: 197 lines that are above in this conversation are left out;"
        f" see all: penstock expand {handle_of(changed)}]"
    )
    assert sent[1:4] == [line.strip(" ") for line in changed.split("\n")[:3]]
    assert sent[4] == "[4-104: unchanged since you read them 2 turns ago]"
    assert sent[5:12] == [line.lstrip(" ") for line in changed.split("\n")[104:111]]
    assert sent[12] == "[112-207: unchanged since you read them 2 turns ago]"
    assert len(sent) == 16


def test_lines_the_agent_wrote_need_not_come_back() -> None:
    """A read of a file after it was written shows the lines that are not the agent's."""
    wrote = "\n".join(line.partition("→")[2] for line in source("cart").split("\n"))
    talk = Talk(pruning={}).user("Write it.").call("Write", {"file_path": PATH, "content": wrote}, "done")
    talk.send()
    formatted = source("cart").replace("def cart_step_0(", "def cart_step_first(")
    sent = results(read(talk, formatted).send())[-1].split("\n")
    assert "1→def cart_step_first(basket: Basket) -> Money:" in sent
    assert "[5-207: as you wrote them one turn ago]" in sent


def test_lines_of_several_reads_are_found() -> None:
    """A file that was read in parts is compared with all of them."""
    talk = read(Talk(pruning={}).user("Look."), part(1, 100), offset=1, limit=100)
    read(talk, part(101, 110), offset=101, limit=110)
    talk.send()
    sent = results(read(talk, source("cart")).send())[-1].split("\n")
    assert "[4-97: unchanged since you read them 2 turns ago]" in sent
    assert "[104-207: unchanged since you read them one turn ago]" in sent


def test_short_runs_stay() -> None:
    """An agent that reads a few lines again wants to see where they are now."""
    talk = read(Talk(pruning={}).user("Look."), source("cart"))
    talk.send()
    moved = source("cart", 2, start=5)
    assert len(results(read(talk, moved, offset=5, limit=14).send())[-1].split("\n")) == 14


def test_numbers_that_are_a_files_own_are_not_taken_for_those_of_its_lines() -> None:
    """A table whose rows begin with numbers comes whole when its numbers changed."""
    rows = "\n".join(f"{n}|the order of day {n // 3}, with the price that was agreed" for n in range(100, 700, 7))
    talk = read(Talk(pruning={"repack": False}).user("Look."), rows)
    talk.send()
    assert results(read(talk, rows + "\n707|one more").send())[-1] == rows + "\n707|one more"


def test_what_is_left_out_of_a_read_is_held() -> None:
    """An earlier read that a young result refers to is not shortened, so that the lines stay in the request."""
    talk = read(Talk(pruning={"active": 0, "age": 3}).user("Look."), source("cart")).idle(8)
    talk.send()
    read(talk, source("cart").replace("lookup(115)", "find(115)"))
    talk.send()
    sent = results(talk.idle(1).user("Go on.").send(COLD))
    assert "shortened" not in sent[0]
    assert any("unchanged since you read them" in text for text in sent)
    talk.idle(5).send()
    assert "shortened" in results(talk.user("Go on.").send(COLD))[0]


def test_a_stub_is_no_target() -> None:
    """What was shortened since does not stand above, so a new read of it is whole."""
    talk = read(Talk(pruning={}).user("Look."), source("cart")).idle(8)
    talk.send()
    talk.user("Go on.").send(COLD)
    talk.agent("Again.").user("Read it.")
    assert "unchanged" not in results(read(talk, source("cart")).send())[-1]


def test_a_pointer_holds_its_target() -> None:
    """What a young pointer leads to stays as long as the pointer's own text would have."""
    talk = read(Talk(pruning={"active": 0, "age": 3}).user("Look."), source("cart")).idle(8)
    talk.send()
    read(talk, source("cart"))
    talk.send()
    assert "shortened" not in results(talk.idle(1).user("Go on.").send(COLD))[0]
    talk.idle(5).send()
    assert "shortened" in results(talk.user("Go on.").send(COLD))[0]


def test_a_repeat_in_a_request_that_is_flushed_stays_whole_once() -> None:
    """The pointer and what it leads to are never both cut, neither now nor when the pointer has aged: then the older
    result is judged by its age, for the newer one says nothing."""
    report = "\n".join(f"tests/test_cart.py::test_line_{i} passed in 0.0{i % 10}s" for i in range(100))
    talk = Talk(pruning={}).user("Test it.").call("Bash", {"command": "pytest -q"}, report)
    talk.send()
    talk.idle(8).send()
    sent = results(talk.call("Bash", {"command": "pytest -q"}, report).send(COLD))
    assert sent[0] == report
    assert "unchanged, the same text" in sent[-1]
    sent = results(talk.idle(4).user("Go on.").send(COLD))
    assert sent[0].startswith("[Bash pytest -q: shortened to")


def test_hits_of_a_search_tell_their_file_once() -> None:
    """Every hit keeps its line number and its text."""
    hits = [f"shop/basket/cart_model.py:{n}:    total_{n} = price_{n}" for n in range(10, 30)]
    sent = results(Talk(pruning={}).user("Find.").call("Grep", {"pattern": "total"}, "\n".join(hits)).send())[0]
    assert sent.split("\n")[0] == "shop/basket/cart_model.py:"
    assert [f"shop/basket/cart_model.py:{line.strip()}" for line in sent.split("\n")[1:]] == [
        hit.replace(":    ", ":    ") for hit in hits
    ]


def test_a_terminal_is_shown_as_it_looks_in_the_end() -> None:
    """Colours, overwritten progress, blank runs and repeated lines go; what they say stays."""
    text = (
        "\x1b[32mbuilding\x1b[0m\n"
        + "\r".join(f"{i} %" for i in range(0, 101, 5))
        + "\n\n\n\n"
        + "retrying later\n" * 30
    )
    sent = results(Talk(pruning={}).user("Build.").call("Bash", {"command": "make"}, text).send())[0]
    assert sent == "building\n100 %\n\nretrying later\n[the line above 29 more times]\n"


def test_the_lines_of_a_file_stay_to_the_character() -> None:
    """Only the padding before line numbers goes."""
    text = "\n".join(f"{n:6}→\tx = 1  \t" if n % 3 else f"{n:6}→" for n in range(1, 60))
    sent = results(read(Talk(pruning={}).user("Look."), text).send())[0]
    assert sent == "\n".join(line.lstrip(" ") for line in text.split("\n"))


def test_each_can_be_switched_off() -> None:
    """With `repack` and `repeats` off a result arrives as it came."""
    talk = read(Talk(pruning={"repack": False, "repeats": False}).user("Look."), source("cart"))
    talk.send()
    assert results(read(talk, source("cart")).send()) == [source("cart")] * 2


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("mcp__penstock__expand", {"id": "1a2b3c4d"}),
        ("Bash", {"command": "penstock expand 1a2b3c4d --lines 1-90"}),
        ("shell", {"command": ["penstock", "expand", "1a2b3c4d"]}),
    ],
)
def test_an_original_that_was_asked_for_stays_as_it_is(tool: str, given: dict[str, Any]) -> None:
    """Neither repacked nor pointed away from: the agent wants to read exactly that, at its second asking too."""
    hits = "\n".join(f"shop/cart.py:{n}:    price = lookup_{n}(basket)" for n in range(60)) + "\n\n\n\nend"
    talk = Talk(pruning={}).user("Look.")
    for _ in range(2):
        assert results(talk.call(tool, given, hits).send())[-1] == hits
