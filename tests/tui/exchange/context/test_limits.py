"""What a window holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock_tui.exchange.context.limits import limits_of


def test_the_bundled_figures() -> None:
    """And the thresholds of a profile that says nothing of them."""
    found = limits_of("default", "anthropic", "claude-sonnet-4-5")
    assert (found.window, found.soft, found.hard, found.is_own) == (200_000, 140_000, 170_000, True)


def test_a_profiles_own_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds, and windows of models."""
    own = tmp_path / "own.toml"
    own.write_text('[window]\nsoft = 0.5\nhard = 0.6\n[prices.anthropic."claude-big"]\nwindow = 1000\n')
    found = limits_of(str(own), "anthropic", "claude-big-1")
    assert (found.window, found.soft, found.hard) == (1000, 500, 600)


@pytest.mark.parametrize("profile", ["", "nobody-has-this"])
def test_a_profile_that_is_not_here(profile: str) -> None:
    """A log from elsewhere: the bundled figures, and it is said that they are."""
    found = limits_of(profile, "anthropic", "claude-sonnet-4-5")
    assert (found.window, found.is_own) == (200_000, False)


def test_an_unknown_provider_has_no_window() -> None:
    assert limits_of("default", "my-own", "m").window == 0
