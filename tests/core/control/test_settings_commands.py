"""Settings of a running suite: changed whole or not at all, for this run."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock.app import Suite
from penstock.base import paths
from penstock.base.errors import PenstockError, ProfileError
from penstock.base.threads import Task
from penstock.control import settings_commands as commands
from penstock.control.settings_commands import SettingsCommands
from penstock.engine.pipeline import Pipeline
from penstock.engine.proxy_decision import ProxyDecision
from penstock.events.event import EventKind
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.testing import conversation, user
from tests.engines import request

PLUGIN = """
from pydantic import BaseModel
from penstock import Stage, hookimpl

class Own(BaseModel, extra="forbid", frozen=True):
    keep: int = 5

class Learns(Stage):
    name = "learns"

    def __init__(self, settings):
        self.settings = settings
        self.known = []

    def migrate_from(self, before):
        self.known = before.known

class Breaks(Stage):
    name = "breaks"
    settings = Own()

    def migrate_from(self, before):
        raise RuntimeError("no")

@hookimpl
def stages(profile):
    return [Learns(Own(**profile.settings_of("learns"))), Breaks()]
"""


@pytest.fixture
def suite(penstock_home: Path) -> Iterator[Suite]:
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / "learns.py").write_text(PLUGIN)
    suite = Suite.open("claude-code")
    yield suite
    suite.close()


def put(suite: Suite, profile: str = "", **values: Any) -> dict[str, Any]:
    found: dict[str, Any] = suite.settings.do(
        "set", {"values": {key.replace("__", "."): value for key, value in values.items()}, "profile": profile}
    )
    return found


def shown(suite: Suite, profile: str = "") -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in suite.settings.do("show", {"profile": profile})["settings"]}


def told(suite: Suite) -> list[dict[str, Any]]:
    suite.log.drain()
    return [dict(e.payload) for e in suite.store.events_after(limit=1000) if e.kind is EventKind.SETTINGS]


def stage(pipeline: Pipeline, name: str) -> Any:
    return next(one for one in pipeline.stages if one.name == name)


def test_a_change_is_in_force_at_once(suite: Suite) -> None:
    """For the next request, in the suite's own profile, and an event tells of it."""
    assert put(suite, window__hard="0.8") == {"changed": {"window.hard": [0.85, 0.8]}}
    assert suite.engine.pipeline("claude-code").profile.window.hard == 0.8
    assert suite.profile.window.hard == 0.8
    row = shown(suite)["window.hard"]
    assert (row["value"], row["before"], row["source"]) == (0.8, 0.85, "run")
    assert told(suite) == [{"profile": "claude-code", "changed": {"window.hard": [0.85, 0.8]}}]


def test_it_is_kept_for_this_run_only(suite: Suite) -> None:
    """Nothing is written."""
    put(suite, window__hard=0.8)
    assert profiles.load("claude-code").window.hard == 0.85
    assert not list(paths.profiles_dir().glob("*"))


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ({"window.soft": 0.9}, {"window": "above hard"}),
        ({"budget.reduced": "0.95"}, {"budget": "above minimal"}),
        ({"stage.compaction.soft": 0.9}, {"stage.compaction.soft": "above window.hard"}),
        ({"stage.pruning.age": 0}, {"stage.pruning.age": "greater than or equal to 1"}),
        ({"window.hard": 0.8, "limits.stage_ms": -1}, {"limits.stage_ms": "greater than 0"}),
        ({"limits.failures": "three", "log.preview": "x"}, {"limits.failures": "whole", "log.preview": "whole"}),
        ({"windw.hard": 0.8}, {"windw.hard": "Did you mean 'window.hard'?"}),
        ({"hosts": "llm.example.com"}, {"hosts": "start the proxy again"}),
        ({"stage.nobody.age": 1}, {"stage.nobody.age": "no stage 'nobody' runs"}),
        ({"stage.pruning.agge": 1}, {"stage.pruning.agge": "Did you mean 'stage.pruning.age'?"}),
        ({"stage.envelope.patterns": 1}, {"stage.envelope.patterns": "start the proxy again"}),
        ({"memory.recall": 1}, {"memory.recall": "true or false"}),
        ({"memory.tagger": "nobody"}, {}),
        ({"stages": "memory, nobody"}, {}),
    ],
)
def test_it_is_changed_whole_or_not_at_all(suite: Suite, values: dict[str, Any], faults: dict[str, str]) -> None:
    """What is wrong is said by key, and nothing is what it would have been."""
    before = suite.engine.pipeline("claude-code")
    with pytest.raises(ProfileError) as caught:
        suite.settings.do("set", {"values": values})
    assert caught.value.faults.keys() == faults.keys()
    for key, said in faults.items():
        assert said in caught.value.faults[key]
    assert suite.engine.pipeline("claude-code") is before
    assert not [row for row in shown(suite).values() if row["source"] == "run"]
    assert not told(suite)


def test_a_key_may_be_given_by_its_old_name(suite: Suite) -> None:
    """To set and to reset it; what is answered and logged has the new name. Both at once are refused."""
    assert put(suite, setting="bold", stage__trim__setting="safe")["changed"]["aggressiveness"] == ["safe", "bold"]
    assert set(shown(suite)) >= {"aggressiveness", "stage.trim.aggressiveness"}
    assert "aggressiveness" in told(suite)[0]["changed"]
    suite.settings.do("reset", {"keys": ["setting", "stage.trim.setting"]})
    assert suite.profile.aggressiveness == "safe"
    with pytest.raises(ProfileError, match="`setting` is the old name of `aggressiveness`, and both are given"):
        put(suite, setting="bold", aggressiveness="balanced")


def test_what_goes_together_is_changed_together(suite: Suite) -> None:
    """Either alone would be refused."""
    put(suite, window__soft=0.9, window__hard=0.95)
    assert suite.profile.window.soft == 0.9


def test_soft_follows_hard(suite: Suite) -> None:
    """As in a profile that says nothing of it; and what is shown is what is in force."""
    put(suite, window__hard=0.5)
    assert shown(suite)["window.soft"]["value"] == 0.5
    with pytest.raises(ProfileError):
        put(suite, window__soft=0.7)


def test_other_profiles_are_left_alone(suite: Suite) -> None:
    """A client that asks for another one has its own."""
    suite.engine.process_now(_asked("codex"))
    other = suite.engine.pipeline("codex")
    put(suite, window__hard=0.8)
    assert suite.engine.pipeline("codex") is other
    put(suite, "codex", window__hard=0.9)
    assert (suite.profile.window.hard, suite.engine.pipeline("codex").profile.window.hard) == (0.8, 0.9)
    assert suite.settings.do("show", {})["profiles"] == ["claude-code", "codex"]
    with pytest.raises(PenstockError, match="no client of this proxy uses a profile 'gemini'"):
        put(suite, "gemini", window__hard=0.8)


def test_a_profile_that_could_not_be_used_follows_the_proxys_own(suite: Suite) -> None:
    """Its clients go by that one, with what is changed there."""
    suite.engine.process_now(_asked("nobody"))
    put(suite, window__hard=0.8)
    assert suite.engine.pipelines.of("nobody") is suite.engine.pipelines.of("claude-code")


def test_what_stages_know_is_kept(suite: Suite) -> None:
    """The new one takes over; one that fails at it goes on as after a restart."""
    before = suite.engine.pipeline("claude-code")
    stage(before, "learns").known.append("a thing")
    put(suite, stage__learns__keep="7")
    after = suite.engine.pipeline("claude-code")
    assert stage(after, "learns").settings.keep == 7
    assert stage(after, "learns").known is stage(before, "learns").known
    held = {"pruning": "_histories", "trim": "_standing", "compaction": "_ahead", "memory": "_talks"}
    for name, what in held.items():
        assert getattr(stage(after, name), what) is getattr(stage(before, name), what)
    assert stage(after, "breaks") is not stage(before, "breaks")


def test_a_stage_that_rests_goes_on_resting(suite: Suite) -> None:
    """Unless what its rest hangs on was changed."""
    name = "claude-code"

    def is_allowed() -> bool:
        return suite.engine.pipeline(name)._breakers["trim"].allows()

    for _ in range(3):
        suite.engine.pipeline(name)._breakers["trim"].failed()
    put(suite, window__hard=0.8)
    assert not is_allowed()
    put(suite, limits__failures=9)
    assert is_allowed()


def test_resetting(suite: Suite) -> None:
    """Some, or all; what the profile says counts again."""
    put(suite, window__hard=0.8, limits__stage_ms=100, stage__pruning__setting="bold")
    assert suite.settings.do("reset", {"keys": ["window.hard"]})["changed"] == {"window.hard": [0.8, 0.85]}
    with pytest.raises(PenstockError, match="is as the profile"):
        suite.settings.do("reset", {"keys": ["window.hard"]})
    suite.settings.do("reset", {})
    assert not [row for row in shown(suite).values() if row["source"] == "run"]
    assert suite.profile.limits.stage_ms == 250


def test_set_back_by_hand_is_not_changed(suite: Suite) -> None:
    """What the profile says itself is no change to it."""
    put(suite, memory__recall="off")
    put(suite, memory__recall="on")
    assert shown(suite)["memory.recall"]["source"] == "profile"
    assert put(suite, memory__recall="on") == {"changed": {}}
    assert len(told(suite)) == 2


def test_no_value_where_none_is_given_is_no_change(suite: Suite, penstock_home: Path) -> None:
    """So that what else was changed can be saved: a file has no word for none."""
    assert suite.settings.do("set", {"values": {"cache.ttl_s": "none"}})["changed"] == {}
    suite.settings.do("set", {"values": {"window.hard": "0.8"}})
    assert Path(suite.settings.do("save", {"name": "mine"})["saved"]).is_file()


def test_a_stage_comes_and_goes(suite: Suite) -> None:
    """With the list of stages."""
    put(suite, stages="envelope, memory, compaction, pruning")
    assert "trim" not in [one.name for one in suite.engine.pipeline("claude-code").stages]
    assert "stage.trim.least" not in shown(suite)
    suite.settings.do("reset", {"keys": ["stages"]})
    assert "trim" in [one.name for one in suite.engine.pipeline("claude-code").stages]


def test_nothing_is_left_of_what_was_replaced(suite: Suite) -> None:
    """However often settings change: pipelines, stages and threads of before are gone."""
    suite.close()
    (paths.plugins_dir() / "learns.py").unlink()  # the error it raises, which the test's own log keeps, holds a stage
    suite = Suite.open("claude-code")
    gone: list[weakref.ref[Pipeline]] = []
    for turn in range(20):
        gone.append(weakref.ref(suite.engine.pipeline("claude-code")))
        put(suite, stage__pruning__age=turn % 5 + 1)
    gc.collect()
    left = sum(one() is not None for one in gone)
    suite.close()
    assert left <= 1


def test_requests_go_on_while_settings_change(suite: Suite) -> None:
    """None is lost, and none goes unread."""
    outcomes: list[ProxyDecision] = []

    def ask(who: int) -> None:
        for turn in range(30):
            body = conversation(user(f"hello {who}-{turn}"))
            outcomes.append(suite.engine.process_now(request(body, ident=f"y{who}-{turn}")))

    asking = [threading.Thread(target=ask, args=(who,)) for who in range(2)]
    for thread in asking:
        thread.start()
    for turn in range(20):
        put(suite, stage__pruning__age=turn % 5 + 1, stages="memory, trim, pruning" if turn % 2 else "pruning")
    for thread in asking:
        thread.join()
    assert [outcome.why for outcome in outcomes] == [""] * 60
    assert all(outcome.exchange is not None for outcome in outcomes)


def test_pausing(suite: Suite) -> None:
    """For all profiles; told once."""
    assert suite.settings.do("pause", {}) == {"paused": True, "was": False}
    assert suite.settings.do("pause", {}) == {"paused": True, "was": True}
    assert suite.settings.do("show", {})["paused"]
    assert suite.settings.do("resume", {}) == {"paused": False, "was": True}
    assert told(suite) == [{"paused": True}, {"paused": False}]


def test_saving(suite: Suite) -> None:
    """A profile that extends the one in use, and starts as this run is."""
    put(suite, window__hard=0.8, stage__trim__off="Bash, Read")
    file = Path(suite.settings.do("save", {"name": "mine"})["saved"])
    assert file == paths.profiles_dir() / "mine.toml"
    assert file.read_text().startswith('extends = "claude-code"\n')
    saved = profiles.load("mine")
    assert (saved.window.hard, list(saved.settings_of("trim")["off"])) == (0.8, ["Bash", "Read"])
    with pytest.raises(PenstockError, match="is there already"):
        suite.settings.do("save", {"name": "mine"})
    put(suite, window__hard=0.9)
    suite.settings.do("save", {"name": "mine", "replace": True})
    assert profiles.load("mine").window.hard == 0.9
    assert "hard = 0.8" in file.with_name("mine.toml.old").read_text()


def test_there_must_be_something_to_save(suite: Suite) -> None:
    """An empty profile is none."""
    with pytest.raises(PenstockError, match="nothing to save"):
        suite.settings.do("save", {"name": "mine"})


def _asked(profile: str) -> Any:
    return replace(request(conversation(user("hello"))), profile=profile)


@pytest.mark.parametrize(
    ("key", "value"),
    [("api_key", "correct-horse"), ("token", "correct-horse"), ("url", "https://ada:correct-horse@host/v1")],
)
def test_a_credential_that_is_set_is_not_told(penstock_home: Path, key: str, value: str) -> None:
    """P6: the stage has it; the log says that it was changed, and not to what. Nor does it once it is taken back."""
    paths.plugins_dir().mkdir(parents=True)
    (paths.plugins_dir() / "learns.py").write_text(PLUGIN.replace("keep: int = 5", f"{key}: str = ''"))
    suite = Suite.open("claude-code")
    try:
        name = f"stage.learns.{key}"
        put(suite, **{name: value})
        assert getattr(stage(suite.engine.pipelines.of(""), "learns").settings, key) == value
        suite.settings.do("reset", {})
        assert [list(one["changed"]) for one in told(suite)] == [[name], [name]]
        assert "correct-horse" not in str(told(suite))
    finally:
        suite.close()


def test_stages_that_are_never_ready_change_nothing(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: a plugin that does not come back costs a person that change, and no other command; nor does the end of the
    proxy wait for it."""
    begun, ever, threads = threading.Event(), threading.Event(), list[threading.Thread]()

    def make(profile: Profile) -> Pipeline:
        threads.append(threading.current_thread())
        begun.set()
        ever.wait()
        raise AssertionError("nobody waits for it any more")

    made = SettingsCommands(suite.engine, suite.log, make, lambda name, profile: None)
    before, submit = suite.engine.pipelines.of(""), made._makers.submit

    def submitted(work: Callable[[], Pipeline]) -> Task[Pipeline]:
        task = submit(work)
        assert begun.wait(10)
        return task

    monkeypatch.setattr(made._makers, "submit", submitted)
    monkeypatch.setattr(commands, "MAKE_S", 0.01)
    with pytest.raises(PenstockError, match="not ready"):
        made.do("set", {"values": {"window.hard": 0.8}})
    assert suite.engine.pipelines.of("") is before
    assert made.do("show", {})["profile"] == "claude-code"
    assert [thread.daemon for thread in threads] == [True]
    ever.set()
    made.close()


def test_pausing_waits_for_no_stage(suite: Suite) -> None:
    """A person may want to pause because of what is being made."""
    begun, may_end, order = threading.Event(), threading.Event(), list[str]()

    def make(profile: Profile) -> Pipeline:
        begun.set()
        may_end.wait(10)
        order.append("made")
        return suite.engine.pipelines.of("")

    made = SettingsCommands(suite.engine, suite.log, make, lambda name, profile: None)
    changing = threading.Thread(target=lambda: made.do("set", {"values": {"window.hard": 0.8}}))
    changing.start()
    begun.wait(10)
    assert made.do("pause", {}) == {"paused": True, "was": False}
    order.append("paused")
    may_end.set()
    changing.join()
    made.close()
    assert order == ["paused", "made"]


def test_a_password_in_a_url_is_not_shown(suite: Suite) -> None:
    """Neither where settings are listed nor in the answer to a change."""
    told = put(suite, stage__memory__nats__url="tls://ada:lovelace@host")
    shown = suite.settings.do("show", {})
    assert "lovelace" not in f"{told}{shown}"
    assert told["changed"]["stage.memory.nats.url"] == ["", "tls://[withheld]@host"]
