"""What may change while the proxy runs, and what is told of it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from penstock import Stage
from penstock.plugins.manager import Plugins
from penstock.profiles.profile import Profile, load
from penstock.settings.live import LIVE, live_settings
from penstock.settings.setting import Setting, Shape, Source
from penstock.testing import profile_of


def settings_of(profile: Profile, *stages: Stage) -> dict[str, Setting]:
    return {one.key: one for one in live_settings(profile, stages)}


def test_every_key_that_is_declared_is_there() -> None:
    """None of them was renamed in the profile and forgotten here."""
    found = settings_of(load("default"))
    for key in (key for keys in LIVE.values() for key in keys):
        assert any(one == key or one.startswith(f"{key}.") for one in found), key


def test_everything_has_a_word_of_help() -> None:
    """A setting nobody can understand is none. Limits say what they limit by their names."""
    plugins = Plugins.load(blocked=("all",))
    profile = load("default")
    helpless = [one.key for one in live_settings(profile, plugins.stages(profile)) if not one.help]
    assert not [key for key in helpless if not key.startswith(("rate.", "stage.compaction.llm", "stage.memory.llm"))]


def test_what_is_read_at_the_start_is_not_there() -> None:
    """It would be a change that does nothing."""
    found = settings_of(load("default"))
    for key in ("name", "hosts", "memory.enabled", "memory.embedder", "kinds.side", "prices", "budget.day.dollars"):
        assert key not in found


def test_a_setting_says_what_it_may_be() -> None:
    """Shape, bounds, unit, choices, default, and where its value comes from."""
    found = settings_of(profile_of("[window]\nhard = 0.8\n[log]\npreview = 0"))
    hard = found["window.hard"]
    assert (hard.shape, hard.value, hard.default, hard.bounds) == (Shape.NUMBER, 0.8, 0.85, "above 0 to 1")
    assert (hard.source, hard.part) == (Source.PROFILE, "Window and cache")
    assert found["cache.margin_s"].source is Source.DEFAULT
    assert found["cache.margin_s"].unit == "s"
    assert found["cache.ttl_s"].may_be_none
    assert found["aggressiveness"].choices == ("safe", "balanced", "bold")
    assert found["log.preview"].shape is Shape.WHOLE
    assert found["memory.recall"].shape is Shape.SWITCH
    assert found["stages"].shape is Shape.WORDS


class Own(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    keep: int = Field(default=5, ge=1)
    """So many lines stay."""
    rules: dict[str, str] = Field(default_factory=dict)


class Strangers(Stage):
    name = "strangers"

    def __init__(self, settings: object) -> None:
        self.settings = settings  # type: ignore[assignment] # a stranger may call anything so


def test_a_strangers_stage_shows_its_settings_too() -> None:
    """It keeps the model it was made with; what is no value on a line stays out."""
    found = settings_of(profile_of("[stage.strangers]\nkeep = 3"), Strangers(Own(keep=3)))
    keep = found["stage.strangers.keep"]
    assert (keep.value, keep.default, keep.source, keep.help) == (3, 5, Source.PROFILE, "So many lines stay.")
    assert keep.bounds == "from 1"
    assert "stage.strangers.rules" not in found


def test_a_stage_without_a_model_shows_nothing() -> None:
    """Whatever else it calls so."""
    found = settings_of(load("default"), Strangers({"keep": 3}), Stage())
    assert not [key for key in found if key.startswith("stage.")]


def test_it_survives_the_way_to_another_process() -> None:
    """Plain data there, and fields of a later version are no harm."""
    for one in settings_of(load("default")).values():
        assert Setting.of(one.payload() | {"later": 1, "choices": list(one.choices)}) == one
