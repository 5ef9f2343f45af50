"""The context map as lines."""

from __future__ import annotations

import pytest

from penstock_tui.exchange.context.limits import Limits
from penstock_tui.exchange.context.window import WindowMap, window_map
from penstock_tui.exchange.model import ExchangeDetail
from penstock_tui.widgets.cell_width import width_of
from penstock_tui.widgets.map_lines import map_lines
from tests.tui.exchange.context.stories import WINDOW, block, detail, edit, whole


def shown(found: WindowMap, width: int = 100) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in map_lines(found, width)]


def mapped(*stories: ExchangeDetail, limits: Limits = WINDOW) -> WindowMap:
    own, earlier = whole(*stories)
    return window_map(own, earlier, limits, lambda i: whole(*earlier[i:][::-1])[0])


RESULT = block(1, "tool_result", 4000)
TRIMMED = detail(block(0), RESULT, changes=[edit(1, 4000, 1000)], tokens_in=5100, tokens_out=2100)


def test_how_full_the_window_is() -> None:
    """In numbers and as a bar, with both thresholds on it."""
    text = shown(mapped(TRIMMED))
    assert text[0].startswith("window   █")
    assert text[0].index("┊") < text[0].index("┃")
    assert "21% full: 2.1k of 10.0k · 7.9k free · ┊ soft 7.0k · ┃ hard 8.5k" in text[1]


def test_what_fills_it_reads_without_colours() -> None:
    """Each part as its letter, as it came and as it was sent."""
    text = shown(mapped(TRIMMED))
    came = next(line for line in text if line.startswith("received"))
    sent = next(line for line in text if line.startswith("sent"))
    assert set(came.split()[1]) == set(sent.split()[1]) == set("STUR")
    assert len(came) > len(sent)


def test_the_parts_as_a_table() -> None:
    """Tokens both ways, the share of the window, and what was added since."""
    tokens = {"system": 400, "tools": 600, "messages": 4400, "total": 5400}
    second = detail(block(2, tokens=300), turn=2, tokens=tokens, tokens_in=5400, tokens_out=2400)
    text = shown(mapped(TRIMMED, second))
    rows = {line.strip().split("  ")[0]: line.split() for line in text if line[:1] in "STUR "}
    assert rows["U user text"][3:8] == ["400", "=", "4%", "+300", "+300"]
    assert rows["R tool results"][3:8] == ["4.0k", "1.0k", "10%", "·", "·"]
    assert rows["in all"][2:7] == ["5.4k", "2.4k", "24%", "+300", "+300"]


def test_a_part_that_went_is_told() -> None:
    """The client compacted: its results are gone."""
    second = detail(block(0, tokens=300), epoch=1, turn=2)
    [row] = [line for line in shown(mapped(TRIMMED, second)) if line.startswith("R tool results")]
    assert "-1.0k" in row


def test_a_window_that_is_not_known() -> None:
    """Of a model server at home."""
    assert "a window that is not known" in shown(mapped(TRIMMED, limits=Limits()))[0]


def test_no_parts() -> None:
    """A log of an older version."""
    assert shown(mapped(ExchangeDetail())) == ["The log does not say what this request held."]


@pytest.mark.parametrize("width", [38, 60, 78, 150])
def test_no_line_is_wider_than_it_may_be(width: int) -> None:
    """The bars least of all."""
    many = [block(m, "tool_result", 900, name=f"a-tool-with-a-long-name-{m}") for m in range(2, 14)]
    found = mapped(detail(block(0), RESULT, *many), detail(block(20), turn=2))
    for line in map_lines(found, width):
        assert width_of("".join(text for text, _ in line)) <= width
