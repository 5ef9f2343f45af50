"""What the screen knows of settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from penstock.control.client import NotUp, Refused
from penstock.settings.setting import Source
from penstock_tui.data.settings import read_settings


class Says:
    """A proxy with one answer."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def do(self, path: str, arguments: Mapping[str, object], timeout: float = 0) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


ROW = {"key": "window.hard", "part": "Window", "shape": "number", "value": 0.8, "default": 0.85, "source": "run"}


def test_what_the_proxy_says() -> None:
    """It may be changed; what steers a terminal is not shown."""
    snapshot = read_settings(
        Says({"profile": "a\x1b[2J", "paused": True, "settings": [ROW | {"help": "x\x07\ny"}]}), ""
    )
    assert (snapshot.profile, snapshot.is_live, snapshot.is_paused, snapshot.error) == ("a", True, True, "")
    assert snapshot.changed == snapshot.settings
    assert snapshot.settings[0].help == "x y"
    assert snapshot.setting("window.hard") is snapshot.settings[0]
    assert snapshot.setting("window.soft") is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (NotUp("no proxy with the store x is up"), "`penstock up` starts one"),
        (Refused(404, "there is POST /compact"), "there is POST /compact"),
        ({}, "cannot be read"),
        ({"profile": "x", "settings": [{"key": "a"}]}, "cannot be read"),
        ({"profile": "x", "settings": [ROW | {"shape": "colour"}]}, "cannot be read"),
        ({"profile": "x", "settings": 7}, "cannot be read"),
    ],
)
def test_without_it_the_profile_is_shown(answer: object, said: str) -> None:
    """To look at only, with the reason: none is up, or it is of another version."""
    snapshot = read_settings(Says(answer), "codex")
    assert not snapshot.is_live
    assert said in snapshot.error
    assert snapshot.profile == "codex"
    keys = {one.key for one in snapshot.settings}
    assert {"window.hard", "stage.pruning.age"} <= keys
    assert Source.RUN not in {one.source for one in snapshot.settings}


def test_a_log_that_names_no_profile() -> None:
    """The default one is as good as any."""
    assert read_settings(Says(NotUp("no")), "").profile == "default"
