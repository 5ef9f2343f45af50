"""The settings of both stages."""

from __future__ import annotations

import pytest

from penstock import Profile
from penstock.base.errors import ProfileError
from penstock.profiles import profile as profiles
from penstock_plugins.common.settings import read_settings
from penstock_plugins.compaction import settings as compaction
from penstock_plugins.pruning.settings import PRESETS, Settings


def profile(**tables: dict[str, object]) -> Profile:
    return profiles.load("default").model_copy(update={"stage": tables})


@pytest.mark.parametrize("aggressiveness", ["safe", "balanced", "bold"])
def test_each_setting_loads(aggressiveness: str) -> None:
    """Every preset names keys that exist and values they take."""
    assert set(PRESETS) == set(compaction.PRESETS) == {"safe", "balanced", "bold"}
    table: dict[str, object] = {"aggressiveness": aggressiveness}
    assert read_settings(profile(pruning=table), "pruning", Settings, PRESETS).aggressiveness == aggressiveness
    found = read_settings(profile(compaction=table), "compaction", compaction.Settings, compaction.PRESETS)
    assert found.aggressiveness == aggressiveness


def test_a_number_of_ones_own_wins() -> None:
    """What the profile says is stronger than the preset it names."""
    found = read_settings(profile(pruning={"aggressiveness": "bold", "lines": 7}), "pruning", Settings, PRESETS)
    assert found.lines == 7
    assert found.value == PRESETS["bold"]["value"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"linse": 7}, "'lines'"),
        ({"aggressiveness": "brave"}, "stage.pruning.aggressiveness = 'brave'"),
        ({"share": 3}, "stage.pruning.share = 3"),
    ],
)
def test_what_is_wrong_is_told(table: dict[str, object], said: str) -> None:
    """A misspelled key, an unknown aggressiveness, a value out of bounds: start-up stops and says where."""
    with pytest.raises(ProfileError, match=r"stage\.pruning") as e:
        read_settings(profile(pruning=table), "pruning", Settings, PRESETS)
    assert said in str(e.value)
