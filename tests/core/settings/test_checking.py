"""Values are checked while they are typed."""

from __future__ import annotations

import pytest

from penstock.profiles.profile import load
from penstock.settings.checking import fault_of
from penstock.settings.live import live_settings


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("window.hard", "0.9", ""),
        ("window.hard", "90%", ""),
        ("window.hard", "0.5", "soft = 0.7 is above hard = 0.5"),
        ("window.hard", "1.5", "less than or equal to 1"),
        ("window.hard", "high", "a number was expected"),
        ("window.soft", "0.86", "is above hard = 0.85"),
        ("budget.reduced", "0.95", "is above minimal = 0.9"),
        ("memory.recall_items", "0", "greater than 0"),
        ("cache.ttl_s", "none", ""),
        ("aggressiveness", "wild", "safe, balanced, bold"),
        ("stages", "memory", ""),
    ],
)
def test_what_would_be_refused_is_known_before(key: str, text: str, said: str) -> None:
    """Its shape, its bounds, and what it has to agree with, as things are."""
    settings = live_settings(load("default"), [])
    found = next(one for one in settings if one.key == key)
    fault = fault_of(found, text, settings)
    assert bool(fault) is bool(said)
    assert said in fault
