"""Profiles: what a person may tune, and what they are told when they mistype."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from penstock.base import paths
from penstock.base.errors import ProfileError
from penstock.memory.embedders import BUNDLED as BUNDLED_EMBEDDERS
from penstock.memory.embedders.minilm import MiniLM
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.embedders.wordllama import WordLlama256
from penstock.plugins.manager import Plugins
from penstock.profiles import files
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile

BUNDLED = sorted(
    file.name.removesuffix(".toml")
    for file in resources.files("penstock_profiles").iterdir()
    if file.name.endswith(".toml")
)


def write(name: str, text: str) -> Path:
    folder = paths.profiles_dir()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refused(text: str) -> str:
    with pytest.raises(ProfileError) as caught:
        profiles.load(str(write("mine", text)))
    return str(caught.value)


@pytest.mark.parametrize("name", BUNDLED)
def test_each_bundled_profile_loads_with_its_stages(name: str) -> None:
    """The stages it names are those that come with it; it says what it is for."""
    profile = profiles.load(name)
    assert profile.name == name
    assert profile.about
    stages = Plugins.load(blocked=["all"]).stages(profile)
    assert [stage.name for stage in stages][: len(profile.stages)] == list(profile.stages)


def test_the_clients_of_the_readme_have_a_profile() -> None:
    """And nothing is bundled that is not spoken of."""
    assert set(BUNDLED) == set(files.available())
    clients = {"default", "claude-code", "codex", "opencode", "gemini", "ollama", "openai"}
    assert {*clients, *files.PRESETS} <= set(BUNDLED)


def test_a_preset_stands_on_top_of_another_profile() -> None:
    """What it says counts, all else is as it was; it may be extended as any."""
    write("mine", 'extends = "codex"\naggressiveness = "bold"\nattested = "observe"\n[log]\npreview = 7')
    found = profiles.load("mine+balanced")
    assert (found.name, found.file) == ("mine+balanced", profiles.load("mine").file)
    below = profiles.load("mine").model_dump()
    assert found.model_dump() == below | {"name": "mine+balanced", "aggressiveness": "balanced"}
    observing = profiles.load("codex+observe")
    assert (observing.mode, observing.attested, observing.about) == ("observe", "observe", profiles.load("codex").about)
    assert profiles.load(str(write("child", 'extends = "mine+safe"'))).aggressiveness == "safe"


@pytest.mark.parametrize("preset", files.PRESETS)
def test_a_preset_alone_is_the_default_with_it(preset: str) -> None:
    """So it can be named wherever a profile can."""
    alone, on_top = profiles.load(preset), profiles.load(f"default+{preset}")
    assert alone.model_dump(exclude={"name", "about"}) == on_top.model_dump(exclude={"name", "about"})


def test_only_presets_stand_on_top() -> None:
    """Any other name is refused, with those that do."""
    with pytest.raises(ProfileError, match="safe, balanced, bold or observe"):
        profiles.load("codex+opencode")
    with pytest.raises(ProfileError, match="no profile is called 'codx'"):
        profiles.load("codx+bold")


def test_what_a_preset_means_to_a_client() -> None:
    """The client's own profile with it, unless a person has a profile of that name."""
    assert profiles.preset_for("codex", "bold") == "codex+bold"
    assert profiles.preset_for("default", "bold") == "bold"
    assert profiles.preset_for("codex", "opencode") == "opencode"
    write("bold", 'extends = "default"')
    assert profiles.preset_for("codex", "bold") == "bold"


def test_what_a_profile_does_not_say_has_a_default() -> None:
    """An empty file is a profile."""
    profile = profiles.load(str(write("mine", "")))
    assert profile.model_dump() == Profile(name="mine").model_dump()
    assert (profile.mode, profile.attested, profile.stages) == ("edit", "edit", ())


def test_tables_merge_and_the_rest_replaces() -> None:
    """`extends` takes everything over; what is said again counts."""
    write("base", 'stages = ["a", "b"]\n[limits]\nstage_ms = 10\nfailures = 7\n[stage.a]\nx = 1\ny = [1, 2]')
    child = profiles.load(
        str(write("child", 'extends = "base"\nstages = ["b"]\n[limits]\nstage_ms = 20\n[stage.a]\ny = [3]'))
    )
    assert child.name == "child"
    assert child.stages == ("b",)
    assert (child.limits.stage_ms, child.limits.failures) == (20, 7)
    assert child.settings_of("a") == {"x": 1, "y": [3]}
    assert child.settings_of("unknown") == {}


def test_a_profile_extends_a_profile_that_extends_one() -> None:
    """The nearest word counts."""
    write("one", "[limits]\nstage_ms = 1\nread_ms = 1\nrest_s = 1")
    write("two", 'extends = "one"\n[limits]\nread_ms = 2\nrest_s = 2')
    limits = profiles.load(str(write("three", 'extends = "two"\n[limits]\nrest_s = 3'))).limits
    assert (limits.stage_ms, limits.read_ms, limits.rest_s) == (1, 2, 3)


def test_a_persons_own_profile_hides_a_bundled_one() -> None:
    """And is found by its name."""
    file = write("codex", 'about = "mine"')
    assert files.available()["codex"] == file
    assert profiles.load("codex").about == "mine"


def test_a_persons_own_profile_may_extend_the_bundled_one_that_it_hides() -> None:
    """So that a change to it is there with the next version; all that extend it have what it adds."""
    bundled = profiles.load("codex")
    write("codex", 'extends = "codex"\nstages = ["trim"]')
    assert profiles.load("codex").stages == ("trim",)
    assert profiles.load("codex").about == bundled.about
    assert profiles.load(str(write("child", 'extends = "codex"'))).stages == ("trim",)


def test_a_profile_that_extends_itself_is_refused() -> None:
    """However long the way round."""
    assert "extends itself" in refused('extends = "mine"')
    write("other", 'extends = "mine"')
    assert "extends itself, by way of" in refused('extends = "other"')


def test_a_name_nobody_has_names_the_nearest() -> None:
    """And says where a person's own would stand."""
    with pytest.raises(ProfileError, match=r"no profile is called 'claude'.*'claude-code'.*profiles"):
        profiles.load("claude")
    assert "no profile is called 'defualt'" in refused('extends = "defualt"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mod = 'edit'", ["mod: there is no such key", "'mode'"]),
        ("[limits]\nstage_mss = 3", ["limits.stage_mss: there is no such key", "'stage_ms'"]),
        ("[cache]\nttl = 3", ["cache.ttl: there is no such key", "'ttl_s'"]),
        ("[kinds]\nsides = []", ["kinds.sides: there is no such key", "'side'"]),
        ("mode = 'edti'", ["mode = 'edti'", "'edit' or 'observe'"]),
        ("[limits]\nstage_ms = 'fast'", ["limits.stage_ms = 'fast'", "number"]),
        ("[limits]\nstage_ms = 0", ["limits.stage_ms = 0", "greater than 0"]),
        ("[log]\npreview = -1", ["log.preview = -1", "greater than or equal to 0"]),
        ("aggressiveness = 'brave'", ["aggressiveness = 'brave'", "'safe', 'balanced' or 'bold'"]),
        ("[window]\nsofter = 0.5", ["window.softer: there is no such key", "'soft'"]),
        ("[window]\nhard = 1.2", ["window.hard = 1.2", "less than or equal to 1"]),
        ("[window]\nsoft = 0", ["window.soft = 0", "greater than 0"]),
        ("[window]\nsoft = 0.9\nhard = 0.8", ["window: soft = 0.9 is above hard = 0.8"]),
        ("[window]\nsoft = 0.9", ["window: soft = 0.9 is above hard = 0.85"]),
        ("[window]\nhard = inf", ["window.hard = inf"]),
        ("window = 0", ["window = 0: a table was expected"]),
        ("[prices]\nanthropic = 3", ["prices.anthropic = 3: a table was expected"]),
        ("[log]\nevents = '9'", ["log.events = '9': a whole number was expected"]),
        ("[log]\nevents = true", ["log.events = True: a whole number was expected"]),
        ("about = 3", ["about = 3: a string was expected"]),
        ("stages = 'envelope'", ["stages = 'envelope': a list was expected"]),
        ("stages = [7]", ["stages.0 = 7", "string"]),
        ("[stage]\nenvelope = 7", ["stage.envelope = 7"]),
        ("[kinds]\nside = ['(']", ["kinds.side", "'(' is no regular expression"]),
        ("[kinds]\nside = ['a', 'b']\ncompaction = ['b']", ["kinds: 'b' is in `side` and in `compaction`"]),
        ("stages = ['trim', 'memory', 'trim']", ["stages = ['trim', 'memory', 'trim']: 'trim' is listed twice"]),
        (
            "hosts = ['https://llm.example.com']",
            ["hosts = [", "'https://llm.example.com' is no host", "localhost:8000"],
        ),
        ("hosts = ['llm.example.com/v1']", ["'llm.example.com/v1' is no host"]),
        ("hosts = ['']", ["'' is no host"]),
        ("hosts = ['llm.example.com:http']", ["'llm.example.com:http' is no host"]),
        ("[budget]\nmargin = 0.8", ["budget: margin = 0.8 is not below reduced = 0.7", "never be left"]),
        ("[budget]\nreduced = 0.95", ["budget: reduced = 0.95 is above minimal = 0.9"]),
        ("limits = 7", ["limits = 7"]),
        ("extends = ['a', 'b']", ["extends = ['a', 'b']", "the name of one profile was expected"]),
        ("mode =", ["is not TOML", "line 1"]),
        ("about = 'x'\nhosts = [\n", ["is not TOML", "line 2"]),
    ],
)
def test_what_is_wrong_is_said(text: str, said: list[str]) -> None:
    """File, key, value, what was expected, and the nearest key there is."""
    message = refused(text)
    assert message.startswith(str(paths.profiles_dir() / "mine.toml"))
    for part in said:
        assert part in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[memory]\nembedder = 'wordlama-256'", ["memory.embedder = 'wordlama-256'", "Did you mean 'wordllama-256'?"]),
        (
            "[memory]\nembedder = 'openai'\nembedder_settings = { dimension = 'x' }",
            ["memory.embedder_settings.dimension = 'x'"],
        ),
        (
            "[memory]\nembedder = 'openai'\nembedder_settings = { model = 'mine' }",
            ["memory.embedder_settings.dimension: say how long"],
        ),
        ("[memory]\ntagger = 'keyword'", ["memory.tagger = 'keyword'", "Did you mean 'keywords'?"]),
        (
            "[memory]\ntagger = 'llm'\n[stage.memory.llm]\nurl = 'http://127.0.0.1/v1'\nmodel = 'm'\ntimeout_s = 30",
            ["stage.memory.llm.timeout_s = 30.0: it is not below limits.background_s = 30"],
        ),
        (
            "[stage.compaction]\nsummariser = 'llm'\n[stage.compaction.llm]\nurl = 'http://127.0.0.1/v1'\nmodel = 'm'\n"
            "[limits]\nbackground_s = 10",
            ["stage.compaction.llm.timeout_s = 20", "limits.background_s = 10"],
        ),
        (
            "[stage.compaction]\nsegment = 9000\ntokens = 9001",
            ["stage.compaction: tokens = 9001 is above segment = 9000"],
        ),
        ("[stage.compaction]\nsoft = 0.9", ["stage.compaction.soft = 0.9: it is above window.hard = 0.85"]),
        ("[stage.pruning]\nage = 5\nage_warm = 4", ["stage.pruning.age_warm = 4: it is below age = 5"]),
        ("[stage.envelope]\nsets = ['user', 'chat', 'user']", ["stage.envelope.sets: 'user' is listed twice"]),
    ],
)
def test_what_contradicts_itself_is_said_before_anything_starts(text: str, said: list[str]) -> None:
    """`penstock profiles check` and a proxy that starts say it alike: file, key, value, what was expected."""
    file = write("mine", f"extends = 'default'\n{text}")
    with pytest.raises(ProfileError) as caught:
        Plugins.load(blocked=["all"]).check(profiles.load(str(file)))
    assert str(caught.value).startswith(str(file))
    for part in said:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "hosts = ['llm.example.com', '*.example.com', 'localhost:8000', '*:11434', 'bedrock.*.amazonaws.com', 'a']",
        "[stage.compaction]\nsegment = 5000",
        "[stage.pruning]\nage = 9",
        "aggressiveness = 'bold'\n[stage.pruning]\nage = 9",
        "[memory]\nembedder = 'trigrams-256'",
        "[memory]\nenabled = false\nembedder = 'unknown'",
    ],
)
def test_what_agrees_with_what_was_left_out_is_fine(text: str) -> None:
    """Who sets one of two settings that hang together need not set the other."""
    file = write("mine", f"extends = 'default'\n{text}")
    Plugins.load(blocked=["all"]).check(profiles.load(str(file)))


def test_the_bundled_embedders_are_known_by_name() -> None:
    """The list that a profile is checked by is the one that is opened."""
    assert {WordLlama256.name, Trigrams.name, MiniLM.name} == set(BUNDLED_EMBEDDERS)


def test_a_window_that_is_full_early_needs_no_word_on_soft() -> None:
    """`soft` goes along with it; what a person said of both must make sense."""
    window = profiles.load(str(write("mine", "[window]\nhard = 0.5"))).window
    assert (window.soft, window.hard) == (0.5, 0.5)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """One line for each."""
    assert len(refused("mod = 1\nmode = 2\n[limits]\nx = 3").splitlines()) == 3


def test_a_file_that_cannot_be_read_is_named() -> None:
    """It is not there, or no text."""
    with pytest.raises(ProfileError, match=r"nowhere\.toml: cannot be read"):
        profiles.load("nowhere.toml")
    file = write("bytes", "")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match="cannot be read"):
        profiles.load("bytes")


def test_a_profile_can_not_be_written_to() -> None:
    """Stages share it."""
    profile = profiles.load("default")
    with pytest.raises(ValueError, match="frozen"):
        profile.mode = "observe"  # type: ignore[misc]


@pytest.mark.parametrize("name", sorted(set(BUNDLED) - set(files.PRESETS)))
def test_bundled_profiles_say_only_what_differs(name: str) -> None:
    """What a child repeats would hide the next change to its parent: that is for presets to do."""
    text = resources.files("penstock_profiles").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    if "extends" in data:
        parent = profiles.load(data.pop("extends")).model_dump()
        assert data.pop("about") != parent["about"]
        assert not [key for key, value in data.items() if parent.get(key) == value]


def test_who_chooses_nothing_is_safe() -> None:
    """The aggressiveness, and the shares of the window, that nobody has changed."""
    profile = profiles.load("default")
    assert (profile.aggressiveness, profile.window.soft, profile.window.hard, profile.prices) == (
        "safe",
        0.70,
        0.85,
        {},
    )


def test_prices_of_a_child_join_those_of_its_parent() -> None:
    """Figure by figure, as in every table."""
    write("parent", '[prices.anthropic."claude-opus"]\ninput = 4.0\nwindow = 1_000_000')
    write("mine", 'extends = "parent"\n[prices.anthropic."claude-opus"]\ninput = 5.0')
    assert profiles.load("mine").prices == {"anthropic": {"claude-opus": {"input": 5.0, "window": 1_000_000}}}
