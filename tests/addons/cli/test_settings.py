"""`penstock settings`: what is said without a proxy, and of a change without a value."""

from __future__ import annotations

import pytest

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
