"""A bad configuration stops start-up: it must not be a setting that silently does nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.road.client import Road
from tests.road.proxy import Proxy, Setup
from tests.road.stages import COUNTING

pytestmark = pytest.mark.slow

PROFILES = {
    "an unknown key": ('extends = "default"\n[limits]\nstage_msec = 5\n', ["limits.stage_msec", "'stage_ms'"]),
    "a wrong type": ('extends = "default"\n[limits]\nstage_ms = "soon"\n', ["limits.stage_ms", "'soon'", "number"]),
    "no TOML": ('extends = "default\n', ["is not TOML", "line 1"]),
    "an unknown stage": ('extends = "default"\nstages = ["envelop"]\n', ["stages", "'envelop'", "'envelope'"]),
    "an unknown key of a stage": (
        'extends = "default"\n[stage.envelope]\naply = "send"\n',
        ["stage.envelope.aply", "'apply'"],
    ),
    "an unknown parent": ('extends = "defalt"\n', ["'defalt'", "'default'"]),
}
PLUGINS = {
    "no Python": ("def stages(:\n", ["mine.py", "SyntaxError"]),
    "an exit at import": ("import sys\nsys.exit(0)\n", ["mine.py", "SystemExit"]),
    "a misspelled hook": (COUNTING.replace("def stages(", "def stage("), ["mine.py", "'stage'", "'stages'"]),
    "a hook that raises": (COUNTING.replace("[Counting()]", "[Counting[0]]"), ["mine.py", "stages()", "TypeError"]),
    "a hook that gives something else": (
        COUNTING.replace("return [Counting()]", "return Counting()"),
        ["mine.py", "stages()", "a list of stages"],
    ),
    "a stage that is there already": (COUNTING.replace('"counting"', '"envelope"'), ["mine", "'envelope'"]),
}


def refused(setup: Setup) -> str:
    """What the proxy says when it does not start."""
    proxy = Proxy(setup, keeps_events=False)
    try:
        assert proxy.ended() == 1, proxy.output
    finally:
        proxy.stop()
    return proxy.output


@pytest.mark.parametrize("what", PROFILES)
def test_a_broken_profile_stops_start_up(tmp_path: Path, what: str) -> None:
    """Section 14: the proxy ends with an error that names the file, the key, what was expected and the nearest key."""
    text, said = PROFILES[what]
    output = refused(Setup(tmp_path, profile=text))
    assert [word for word in ("road.toml", *said) if word not in output] == []


@pytest.mark.parametrize("what", PLUGINS)
def test_a_broken_plugin_stops_start_up(tmp_path: Path, what: str) -> None:
    """Section 14: the proxy ends with an error that names the plugin, its file, and the nearest hook."""
    source, said = PLUGINS[what]
    output = refused(Setup(tmp_path, plugins={"mine": source}))
    assert [word for word in said if word not in output] == []


def test_a_broken_plugin_can_be_left_out(start: Callable[..., Road]) -> None:
    """A person who can not mend it at once starts without it."""
    road = start(plugins={"mine": "1 / 0\n", "counting": COUNTING}, options=["penstock_block_plugins=mine"])
    assert "mine" not in road.proxy.events()[0].payload["plugins"]
    assert "counting" in road.proxy.events()[0].payload["stages"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["penstock_profile=defualt"], ["'defualt'", "'default'"]),
        (["penstock_plugins_dir=/nowhere/at/all"], ["penstock_plugins_dir", "/nowhere/at/all"]),
        (["penstock_profil=x"], ["penstock_profil.", "'penstock_profile'"]),
    ],
)
def test_a_broken_option_stops_start_up(tmp_path: Path, options: list[str], said: list[Any]) -> None:
    """Section 14: so it is with the options of the command line."""
    output = refused(Setup(tmp_path, options=options))
    assert [word for word in said if word not in output] == []
