"""Where a block belongs, and how a number is shared out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.exchange.context.parts import PartName, part_of, share_out
from tests.tui.exchange.context.stories import block


@given(st.integers(0, 10**7), st.lists(st.floats(0, 1e6), max_size=20))
def test_shares_add_up(total: int, weights: list[float]) -> None:
    """To the whole, none below nothing, each within one of its exact share."""
    shares = share_out(total, weights)
    assert len(shares) == len(weights)
    if not weights:
        return
    assert sum(shares) == total
    assert all(one >= 0 for one in shares)
    if whole := sum(weights):
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - total * weight / whole) <= 1 + 1e-6 * total


@pytest.mark.parametrize(
    ("role", "kind", "text", "name"),
    [
        ("system", "text", "Be brief.", PartName.SYSTEM),
        ("user", "text", "Why?", PartName.USER),
        ("user", "text", "<system-reminder>\nThe list is emp…", PartName.REMINDERS),
        ("user", "text", "<user_query>Why?</user_query>", PartName.USER),
        ("user", "text", "<b>bold</b> is HTML", PartName.USER),
        ("assistant", "text", "Because.", PartName.ASSISTANT),
        ("assistant", "thinking", "", PartName.THINKING),
        ("assistant", "tool_use", "{}", PartName.CALLS),
        ("user", "tool_result", "found", PartName.RESULTS),
        ("tool", "tool_result", "found", PartName.RESULTS),
        ("user", "media", "", PartName.MEDIA),
        ("system", "other", "", PartName.TOOLS),
        ("user", "other", "", PartName.OTHER),
        ("prophet", "text", "", PartName.OTHER),
    ],
)
def test_each_block_has_its_part(role: str, kind: str, text: str, name: PartName) -> None:
    assert part_of(block(0, kind, role=role, text=text)) is name


def test_each_part_has_a_sign_of_its_own() -> None:
    """Colours alone tell nothing."""
    assert len({name.letter for name in PartName}) == len(PartName)
