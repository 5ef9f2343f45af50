"""Whole sessions of a coding agent, with the stages that come with Penstock: what holds whatever happens in them.

`tests.played` holds every request against P3, P4, P5, P8, P9, P10 and P12 as it leaves: between flushes what was sent
is sent again and only goes on; nothing of a hot prefix changes; the provider takes it; every original can be shown; a
retry and a count get what their request got; and it is never dearer than doing nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from penstock.cost.account import SLACK
from penstock.store.sql import SqlStore
from tests.played import Play
from tests.sessions import Client, Step, plays
from tests.sizing import examples

pytestmark = pytest.mark.slow

# Old turns become records in sessions as short as these, too.
RECORDS = "[stage.compaction]\nsoft = 0.0\nturns = 2\nleast = 500\nsegment = 6000\ntokens = 1500"
ttls = st.sampled_from(["", "1h"])
# Not made smaller when it fails: that takes minutes, and the steps that led there are printed.
FEW = settings(max_examples=examples(5), phases=[Phase.explicit, Phase.reuse, Phase.generate])


def settled(play: Play) -> None:
    assert max(play.losses, default=0.0) <= SLACK


@pytest.mark.parametrize("aggressiveness", ["safe", "balanced", "bold"])
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@FEW
@given(plays(), ttls)
def test_a_session_keeps_the_promises(aggressiveness: str, steps: list[Step], ttl: str) -> None:
    """With gaps, retries, counts, restarts, subagents, rewinds and the client's own compactions."""
    settled(Play(aggressiveness, Client(ttl), toml=RECORDS).run(steps))


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@FEW
@given(plays(), ttls)
def test_a_session_at_work_keeps_the_promises(steps: list[Step], ttl: str) -> None:
    """The cache hardly ever goes cold: where something is edited then, the money model said that it pays."""
    busy = [Step(step.what, min(step.gap, 60.0), step.seed) for step in steps]
    settled(Play("bold", Client(ttl, can_expand=False), toml=RECORDS).run(busy))


LONG = [Step("ask" if n % 9 == 0 else "work", 400.0 if n % 8 == 7 else 3.0, n) for n in range(40)]


@pytest.mark.parametrize("aggressiveness", ["safe", "balanced", "bold"])
def test_a_long_session_is_cheaper(aggressiveness: str) -> None:
    """The promises are not kept by doing nothing."""
    play = Play(aggressiveness).run(LONG)
    talk = play.talks["main"]
    assert play.replaced
    assert play.flushes
    assert talk.cost_left < 0.9 * talk.cost_came
    settled(play)


def test_originals_outlive_the_process(tmp_path: Path) -> None:
    """On disk, and found by what stands in their stead."""
    store = SqlStore(tmp_path / "penstock.db")
    steps = [*LONG[:16], Step("restart", 0.0, 0), *LONG[16:24], Step("restart", 0.0, 0), *LONG[24:]]
    play = Play("bold", store=store, toml=RECORDS).run(steps)
    assert play.replaced
    assert play.gone
    store.close()
