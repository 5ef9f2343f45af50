"""Which lines stay of a text."""

from __future__ import annotations

from penstock_plugins.pruning.hunks import Room, choose
from penstock_plugins.pruning.page import Page

SOURCE = """\
12→def open_till(shop: Shop) -> Till:
13→    till = shop.till
14→    till.unlock()
15→    log.info("a till is open")
16→    day = calendar.today()
17→    if day.is_holiday:
18→        rate = holidayRates.lookup(day)
19→        till.set_rate(rate)
20→    return till
21→
22→def close_till(till: Till) -> None:
23→    till.lock()
"""


def kept(text: str, *names: str, report: bool = False, **room: float) -> list[str]:
    settings = {"value": 0.001, "share": 0.9, "lines": 40, **room}
    page = Page(text)
    chosen = choose(
        page,
        dict.fromkeys(names, 1.0),
        set(),
        Room(**settings),  # type: ignore[arg-type]
        is_report=report,
    )
    return [page.lines[at].text for at in chosen]


def test_a_statement_brings_its_definition() -> None:
    """A line deep in a function does not stay without the line that opens the function, and that one not bare."""
    stay = kept(SOURCE, "holidayRates", lines=4)
    assert stay[0].startswith("12→def open_till")
    assert "18→        rate = holidayRates.lookup(day)" in stay


def test_a_line_takes_what_follows_it() -> None:
    """With `below` the lines that belong to it stay too, not those of the block around it."""
    stay = kept(SOURCE, "holidayRates", below=2)
    assert "19→        till.set_rate(rate)" in stay
    assert "20→    return till" not in kept(SOURCE, "holidayRates", below=2, lines=4)


def test_a_hit_brings_its_file() -> None:
    """A search hit under its file's path does not stay without the path."""
    text = "shop/cart.py:\n 10:one\n 11:two\nshop/till.py:\n 20:three\n 21:lookup_rate\n"
    assert kept(text, "lookup_rate", lines=2) == ["shop/till.py:", " 21:lookup_rate"]


def test_a_name_is_kept_once() -> None:
    """A second line with nothing but a name that stays already is not worth its tokens."""
    text = "\n".join(["first the cart_total is here", *["nothing to see"] * 9, "again the cart_total is here"])
    assert kept(text, "cart_total") == ["first the cart_total is here"]


def test_what_stands_elsewhere_is_worth_nothing() -> None:
    """Names known from another place do not keep a line."""
    known = {"holidayRates"}
    whole, line = Page(SOURCE), Page("x holidayRates y")
    assert choose(whole, dict.fromkeys(whole.names, 1.0), known | {"is_holiday"}, Room(0.001, 0.9, 40)) != []
    assert choose(line, dict.fromkeys(line.names, 1.0), known, Room(0.001, 0.9, 40)) == []


def test_never_more_lines_than_there_is_room_for() -> None:
    """The bound on lines holds for failures, too."""
    text = "\n".join(f"{'abcdefghij'[i % 10] * (i // 10 + 1)} failed" for i in range(90))
    assert len(kept(text, report=True, lines=40)) == 40


def test_one_line_tells_of_failures_that_differ_in_numbers() -> None:
    """The same complaint about many lines is told once."""
    text = "\n".join(f"cart.c:{i}: error: no such member" for i in range(50))
    assert kept(text, report=True) == ["cart.c:0: error: no such member"]


def test_in_what_stands_in_files_an_error_is_a_line_like_any_other() -> None:
    """Source that raises errors is no report of one."""
    assert kept('raise ValueError("the cart is empty")') == []


def test_the_order_of_names_in_a_line_does_not_count() -> None:
    """Of two lines worth the same the first stays, on every machine: sums are exact."""
    page = Page("first_a first_b first_c\n" + "plain words\n" * 9 + "last_bb last_c2 last_a3")
    worth = {"first_a": 0.3, "first_b": 0.2, "first_c": 0.1, "last_bb": 0.1, "last_c2": 0.2, "last_a3": 0.3}
    assert choose(page, worth, set(), Room(0.001, 0.9, 1)) == [0]
