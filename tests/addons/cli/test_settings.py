"""`penstock settings`: what is said without a proxy, and of a change without a value."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.control.client import Remote
from penstock.plugins.manager import Plugins
from penstock.profiles.profile import load
from penstock.settings.live import live_settings
from tests.addons.conftest import Run


@pytest.mark.parametrize(
    "words",
    [
        ("settings", "show"),
        ("settings", "set", "window.hard=0.8"),
        ("settings", "reset"),
        ("settings", "save", "mine"),
    ],
)
def test_without_a_proxy_it_says_so(run: Run, words: tuple[str, ...]) -> None:
    """And what to do, before anything is asked."""
    found = run(*words)
    assert found.exit_code == 2
    assert "`penstock up` starts one" in found.output
    assert "?" not in found.output


def test_a_change_needs_a_value(run: Run) -> None:
    """Before anybody is asked."""
    found = run("settings", "set", "window.hard")
    assert found.exit_code == 2
    assert "KEY=VALUE was expected" in found.output


@pytest.fixture
def _proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers with the settings of the profile `default`."""
    profile = load("default")
    settings = live_settings(profile, Plugins.load(blocked=("all",)).stages(profile))
    answer = {"profile": "default", "paused": False, "settings": [one.payload() for one in settings]}

    def do(remote: Remote, path: str, arguments: dict[str, Any], timeout: float) -> dict[str, Any]:
        return answer

    monkeypatch.setattr(Remote, "do", do)


def shown(output: str) -> list[str]:
    """The names of the settings in it."""
    return [line.split()[0] for line in output.splitlines() if line[:2] == "  " and "." in line.split()[0][1:-1]]


@pytest.mark.usefixtures("_proxy")
@pytest.mark.parametrize(
    ("key", "has", "lacks"),
    [
        ("tags", "stage.memory.tags.aliases", "memory.tagger"),
        ("tags.aliases", "stage.memory.tags.aliases", "stage.memory.tags.splits"),
        ("aliases", "stage.memory.tags.aliases", "stage.memory.tags.splits"),
        ("memory", "memory.recall", "stage.memory.sure"),
    ],
)
def test_a_setting_is_found_by_the_last_parts_of_its_name(run: Run, key: str, has: str, lacks: str) -> None:
    """Where none begins with them."""
    found = shown(run("settings", "show", key).output)
    assert has in found
    assert lacks not in found


@pytest.mark.usefixtures("_proxy")
def test_a_name_that_no_setting_has_is_an_error(run: Run) -> None:
    """Not so a setting that may change, and was not changed."""
    assert "nothing of tag may change" in run("settings", "show", "tag").output
    assert "Nothing was changed" in run("settings", "show", "tags", "--changed").output
