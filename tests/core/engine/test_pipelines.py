"""The pipelines in use."""

from __future__ import annotations

import pytest

from penstock.base.clock import ManualClock
from penstock.base.errors import ProfileError
from penstock.engine.pipeline import Pipeline
from penstock.engine.pipelines import Pipelines
from penstock.testing import profile_of


class Made:
    """Makes pipelines, and remembers for whom."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str) -> Pipeline:
        self.names.append(name)
        if name.startswith("bad"):
            raise ProfileError(f"{name} is bad")
        return Pipeline(profile_of(), [], ManualClock())


def test_each_is_made_once() -> None:
    """The proxy's own at the start."""
    made = Made()
    pipelines = Pipelines(made, "own")
    assert pipelines.get("own") is pipelines.of("own")
    assert pipelines.of("other") is pipelines.get("own")
    assert pipelines.get("other") is pipelines.of("other")
    assert made.names == ["own", "other"]


def test_a_bad_one_of_the_proxy_stops_the_start() -> None:
    """A person has to know."""
    with pytest.raises(ProfileError):
        Pipelines(Made(), "bad")


def test_a_bad_one_of_a_client_is_said_once() -> None:
    """Its requests go by the proxy's own, which is not in use twice for that."""
    pipelines = Pipelines(Made(), "own")
    assert pipelines.prepare("bad") == "bad is bad"
    assert pipelines.prepare("bad") == ""
    assert pipelines.of("bad") is pipelines.of("own")
    assert list(pipelines) == ["own"]


def test_replacing_one_leaves_the_others() -> None:
    """And goes for every name that shares it."""
    pipelines = Pipelines(Made(), "own")
    pipelines.prepare("bad")
    other, after = pipelines.get("other"), Pipeline(profile_of(), [], ManualClock())
    pipelines.replace(pipelines.of("own"), after)
    assert pipelines.of("own") is pipelines.of("bad") is after
    assert pipelines.of("other") is other


def test_what_was_changed_meanwhile_is_not_taken_back() -> None:
    """Two clients ask for a profile at once, and a person changes it as soon as the first has it: the second goes by
    the change."""
    after = Pipeline(profile_of(), [], ManualClock())
    is_first = True

    def make(name: str) -> Pipeline:
        nonlocal is_first
        if name == "slow" and is_first:
            is_first = False
            pipelines.replace(pipelines.get("slow"), after)  # another thread is through with it before
        return Pipeline(profile_of(), [], ManualClock())

    pipelines = Pipelines(make, "own")
    assert pipelines.get("slow") is after
    assert pipelines.of("slow") is after
