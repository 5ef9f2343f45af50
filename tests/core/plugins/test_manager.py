"""Plugins are found, checked against the contract, and named when something is wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import typer

from penstock import Stage, hookimpl
from penstock.base import paths
from penstock.base.errors import PluginError, ProfileError
from penstock.plugins import manager
from penstock.plugins.manager import BLOCK_VARIABLE, Plugins, in_order
from penstock.plugins.services import Services
from penstock.testing import profile_of

GIVES = """
from penstock import Stage, hookimpl

class Mine(Stage):
    name = "{name}"

@hookimpl
def stages(profile):
    return [Mine()]
"""


@pytest.fixture(autouse=True)
def _no_module_stays() -> Iterator[None]:
    """Single files are imported under names of ours; each test finds none."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("penstock_user_plugin_"):
            del sys.modules[name]


def write(name: str, text: str) -> Path:
    folder = paths.plugins_dir()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    return file


def only(*given: object) -> Plugins:
    found = Plugins()
    for n, plugin in enumerate(given):
        found.add(plugin, f"plugin-{n}", "a test")
    return found


def gives(*stages: Any) -> object:
    class Gives:
        @hookimpl
        def stages(self) -> list[Any]:
            return list(stages)

    return Gives()


def stage(name: str, *after: str, default: bool = True) -> Stage:
    made = Stage()
    made.name, made.after, made.enabled_by_default = name, after, default
    return made


def names(found: list[Stage]) -> list[str]:
    return [one.name for one in found]


def test_the_bundled_plugins_are_there() -> None:
    """By entry point, like anyone else's."""
    found = Plugins.load().names()
    assert {"addons", "envelope", "tui"} <= set(found)
    assert found["envelope"] == "penstock_plugins.envelope"


def test_a_file_in_the_folder_is_a_plugin() -> None:
    """Under its own name, with its path; those that begin with an underscore are not."""
    file = write("mine", GIVES.format(name="mine"))
    write("_helper", "raise RuntimeError")
    found = Plugins.load()
    assert found.names()["mine"] == str(file)
    assert "_helper" not in found.names()
    assert "mine" in names(found.stages(profile_of()))


def test_a_folder_can_be_named(tmp_path: Path) -> None:
    """Instead of a person's own; one that is not there holds nothing."""
    (tmp_path / "other.py").write_text(GIVES.format(name="other"))
    write("mine", GIVES.format(name="mine"))
    assert "mine" not in Plugins.load(tmp_path).names()
    assert "other" in Plugins.load(tmp_path).names()
    assert "envelope" in Plugins.load(tmp_path / "nowhere").names()


def test_a_file_shadows_no_module() -> None:
    """A plugin may be called what it likes."""
    write("json", GIVES.format(name="json"))
    import json

    Plugins.load()
    assert json.loads("[1]") == [1]
    assert sys.modules["json"] is json
    assert "penstock_user_plugin_json" in sys.modules


class Distribution:
    """What an installed package would be."""

    def __init__(self, name: str, module: object) -> None:
        self.name, self.module = name, module
        self.value = f"some_package.{name}"

    def load(self) -> object:
        if isinstance(self.module, Exception):
            raise self.module
        return self.module


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Adds entry points to those that are really there."""
    real = manager.entry_points

    def make(*entries: Distribution) -> None:
        def both(group: str) -> list[Any]:
            found: list[EntryPoint] = list(real(group=group))
            return [*found, *entries]

        monkeypatch.setattr(manager, "entry_points", both)

    return make


def test_an_installed_package_is_a_plugin(install: Callable[..., None]) -> None:
    """Its entry point names it."""
    install(Distribution("theirs", gives(stage("theirs"))))
    found = Plugins.load()
    assert found.names()["theirs"] == "some_package.theirs"
    assert "theirs" in names(found.stages(profile_of()))


def test_a_package_that_cannot_be_imported_is_named(install: Callable[..., None]) -> None:
    """With the way to start without it."""
    install(Distribution("theirs", ImportError("no module named x")))
    with pytest.raises(PluginError, match=r"(?s)'theirs'.*some_package.theirs.*named x.*BLOCK_PLUGINS=theirs"):
        Plugins.load()


def test_plugins_can_be_blocked(install: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, from the environment or by the caller; files and packages alike, before they are imported."""
    install(Distribution("theirs", ImportError("never imported")))
    write("mine", "raise RuntimeError('never imported')")
    found = Plugins.load(blocked=["theirs", "mine", "envelope"])
    assert not {"theirs", "mine", "envelope"} & set(found.names())
    monkeypatch.setenv(BLOCK_VARIABLE, " theirs, mine,,")
    found = Plugins.load()
    assert not {"theirs", "mine"} & set(found.names())
    assert "envelope" in found.names()


def test_all_but_the_bundled_ones_can_be_blocked(install: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """`all`: to find out whose fault it is."""
    install(Distribution("theirs", ImportError("never imported")))
    write("mine", "raise RuntimeError('never imported')")
    monkeypatch.setenv(BLOCK_VARIABLE, "all")
    assert set(Plugins.load().names()) >= {"addons", "envelope", "tui"}
    assert not {"theirs", "mine"} & set(Plugins.load().names())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = (", "cannot be imported: SyntaxError"),
        ("import no_such_module", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise RuntimeError('no')", "cannot be imported: RuntimeError: no"),
        ("from penstock import Stage, Spot", ": Spot is called BlockRef now"),
        ("from penstock import Parts", ": Parts is called Services now"),
    ],
)
def test_a_file_that_cannot_be_imported_is_named(text: str, said: str) -> None:
    """With its path; nothing of it stays imported."""
    file = write("broken", text)
    with pytest.raises(PluginError) as caught:
        Plugins.load()
    assert str(file) in str(caught.value)
    assert said in str(caught.value)
    assert "penstock_user_plugin_broken" not in sys.modules


def test_a_misspelled_hook_is_named_with_the_one_that_was_meant() -> None:
    """It would otherwise never be called, and nobody would know."""
    file = write("mine", "from penstock import hookimpl\n\n@hookimpl\ndef stagse(profile):\n    return []\n")
    with pytest.raises(PluginError) as caught:
        Plugins.load()
    assert f"plugin 'mine' ({file}): there is no hook 'stagse'. Did you mean 'stages'?" in str(caught.value)


def test_a_hook_with_an_argument_it_does_not_have_is_refused() -> None:
    """Fewer are allowed."""
    write("mine", "from penstock import hookimpl\n\n@hookimpl\ndef stages(profil):\n    return []\n")
    with pytest.raises(PluginError, match="profil"):
        Plugins.load()


def test_a_plugin_there_twice_is_refused() -> None:
    """Two of one name would hide each other."""
    write("envelope", GIVES.format(name="other"))
    with pytest.raises(PluginError, match=r"'envelope'.*there twice"):
        Plugins.load()


def test_a_stage_of_a_name_that_is_taken_is_refused() -> None:
    """Profiles and events would not know which."""
    with pytest.raises(PluginError, match="another plugin has a stage 'mine' already"):
        only(gives(stage("mine")), gives(stage("mine"))).stages(profile_of("stages = []"))


@pytest.mark.parametrize("given", ["a stage", stage(""), None, Stage])
def test_what_is_no_stage_is_refused(given: object) -> None:
    """The plugin is named."""
    with pytest.raises(PluginError, match=r"plugin 'plugin-0' \(a test\): stages\(\) is to give a list of stages"):
        only(gives(given)).stages(profile_of("stages = []"))


@pytest.mark.parametrize(
    "hook", ["stages", "dialects", "compressors", "summarisers", "redactors", "prices", "commands"]
)
def test_every_hook_is_held_to_its_shape(hook: str) -> None:
    """What gives something else is named, with the hook and what was expected; so is one that fails while it gives."""

    def fails(given: object) -> Any:
        yield from ()
        raise LookupError("late")

    for given in (3, object(), [3], "text"):
        with pytest.raises(PluginError, match=rf"plugin 'plugin-0' \(a test\): {hook}\(\) is to give .*: .+"):
            asked(only(SimpleNamespace(**{hook: hookimpl(lambda given=given: given)})), hook)
    if hook not in ("prices", "commands"):
        with pytest.raises(PluginError, match=rf"plugin 'plugin-0' \(a test\): {hook}\(\) failed: LookupError: late"):
            asked(only(SimpleNamespace(**{hook: hookimpl(lambda: fails(None))})), hook)


def asked(found: Plugins, hook: str) -> None:
    """Whatever needs `hook`, as a start does."""
    if hook == "commands":
        found.add_commands(typer.Typer())
    else:
        found.check(profile_of("stages = []", base="observe"))


@pytest.mark.parametrize("hook", ["stages", "on_event"])
def test_an_async_hook_is_refused(hook: str) -> None:
    """Nobody would wait for it."""

    async def waits() -> None:
        """Never runs."""

    with pytest.raises(PluginError, match=rf"{hook}\(\) is async.*write `def {hook}`"):
        only(SimpleNamespace(**{hook: hookimpl(waits)}))


def test_what_is_asked_once_is_asked_once() -> None:
    """Dialects and redactors, however often they are needed; a plugin that joins is asked as well."""
    calls: list[int] = []
    gives_one = SimpleNamespace(redactors=hookimpl(lambda: calls.append(1) or [str.strip]))
    found = only(gives_one)
    assert found.redactors() == found.redactors() == [str.strip]
    assert calls == [1]
    found.add(SimpleNamespace(redactors=hookimpl(lambda: [str.upper])), "another")
    assert len(found.redactors()) == 2


def test_a_hook_that_raises_is_named() -> None:
    """At start-up, not at the first request; an error of ours keeps its own words."""

    class Fails:
        @hookimpl
        def stages(self) -> list[Stage]:
            raise LookupError("no such thing")

        @hookimpl
        def dialects(self) -> list[Any]:
            raise ProfileError("mine.toml: x")

    with pytest.raises(PluginError, match=r"plugin 'plugin-0' \(a test\): stages\(\) failed: LookupError: no such"):
        only(Fails()).stages(profile_of("stages = []"))
    with pytest.raises(ProfileError, match=r"^mine\.toml: x$"):
        only(Fails()).dialects()


def test_a_plugin_may_give_nothing() -> None:
    """An empty list, or None."""

    class Empty:
        @hookimpl
        def stages(self) -> None:
            return None

    assert only(Empty(), gives()).stages(profile_of("stages = []")) == []


def test_a_profile_that_names_a_stage_nobody_gives_is_refused() -> None:
    """With the nearest there is."""
    with pytest.raises(ProfileError, match=r"no plugin gives a stage 'shortn'.*'shorten'"):
        only(gives(stage("shorten"))).stages(profile_of('stages = ["shortn"]'))


@pytest.mark.parametrize(
    ("wanted", "found", "order"),
    [
        ([], [stage("b"), stage("a")], ["a", "b"]),
        (["b", "a"], [stage("a"), stage("b")], ["b", "a"]),
        (["b"], [stage("a"), stage("b"), stage("c")], ["b", "a", "c"]),
        ([], [stage("a", "b"), stage("b")], ["b", "a"]),
        ([], [stage("a", "b"), stage("b", "c"), stage("c")], ["c", "b", "a"]),
        (["z"], [stage("a", "z"), stage("z")], ["z", "a"]),
        (["a"], [stage("a", "b"), stage("b")], ["a", "b"]),
        ([], [stage("a", "nobody")], ["a"]),
        ([], [stage("a", default=False), stage("b")], ["b"]),
        (["a"], [stage("a", default=False), stage("b")], ["a", "b"]),
    ],
)
def test_the_profiles_list_decides_the_order_then_after(
    wanted: list[str], found: list[Stage], order: list[str]
) -> None:
    """What the list does not name runs behind it, if it is on by default."""
    assert names(in_order(wanted, {one.name: one for one in found})) == order


def test_stages_that_wait_for_each_other_run_all_the_same() -> None:
    """In a circle nobody can be first; none is lost, and none runs twice."""
    found = in_order([], {"a": stage("a", "b"), "b": stage("b", "a"), "c": stage("c", "b")})
    assert sorted(names(found)) == ["a", "b", "c"]


def test_a_name_twice_in_the_list_runs_once() -> None:
    """A stage is one step."""
    assert names(in_order(["a", "a"], {"a": stage("a")})) == ["a"]


def test_each_profile_gets_stages_of_its_own() -> None:
    """Set up with its own settings."""
    seen: list[Any] = []

    class Gives:
        @hookimpl
        def stages(self, profile: Any) -> list[Stage]:
            seen.append(profile.settings_of("mine"))
            return [stage("mine")]

    found = only(Gives())
    one = found.stages(profile_of("stages = []\n[stage.mine]\nx = 1"))
    other = found.stages(profile_of("stages = []\n[stage.mine]\nx = 2"))
    assert seen == [{"x": 1}, {"x": 2}]
    assert one[0] is not other[0]


def test_a_module_is_a_plugin_too() -> None:
    """So is any object."""
    module = ModuleType("a_plugin")
    module.stages = hookimpl(lambda: [stage("mine")])  # type: ignore[attr-defined]
    assert names(only(module).stages(profile_of("stages = []"))) == ["mine"]


class _Misspelled(Stage):
    name = "misspelled"

    def on_requst(self, draft: object) -> None:
        """Nothing calls this."""


class _Async(Stage):
    name = "async"

    async def on_request(self, draft: object) -> str | None:  # type: ignore[override]
        """A thread would get a coroutine nobody awaits."""
        return None


@pytest.mark.parametrize(("stage", "said"), [(_Misspelled(), "on_request"), (_Async(), "write `def")])
def test_a_method_that_would_never_run_is_refused(stage: Stage, said: str) -> None:
    """A misspelled or async method must not pass for one that works."""
    manager = Plugins()
    manager.add(SimpleNamespace(stages=hookimpl(lambda: [stage])), "mine")
    with pytest.raises(PluginError, match=said):
        manager.stages(profile_of().model_copy(update={"stages": ()}))


def test_a_table_of_a_stage_nobody_gives_is_named() -> None:
    """It would be a setting that does nothing; the nearest stage is said."""
    said = Plugins.load().unknown_settings(profile_of("[stage.envelop]\napply = 'send'"))
    assert "stage.envelop" in said
    assert "'envelope'" in said


def test_a_stage_sees_what_plugins_offer_before_it_runs() -> None:
    """One that does not go with it stops start-up."""

    class Picky(Stage):
        name = "picky"

        def on_services(self, parts: Services) -> None:
            if "mine" not in parts.summarisers:
                raise ProfileError("no summariser is called 'mine'")

    class Gives:
        name = "mine"

        @hookimpl
        def summarisers(self) -> list[object]:
            return [self]

        def __call__(self, segment: object) -> None:
            """Makes nothing of it."""

    profile = profile_of("stages = []")
    with pytest.raises(ProfileError, match="no summariser is called 'mine'"):
        only(gives(Picky())).stages(profile)
    assert names(only(gives(Picky()), Gives()).stages(profile)) == ["picky"]


def test_a_stage_that_fails_at_what_plugins_offer_is_named() -> None:
    """Start-up stops, with its name and what it raised."""

    class Broken(Stage):
        name = "broken"

        def on_services(self, parts: Services) -> None:
            raise RuntimeError("no")

    with pytest.raises(PluginError, match=r"'broken': on_services\(\) failed: RuntimeError: no"):
        only(gives(Broken())).stages(profile_of("stages = []"))


def test_a_plugin_that_others_can_write_is_refused() -> None:
    """With its path and what to do; left out by name, it stops nothing."""
    file = write("mine", GIVES.format(name="mine"))
    file.chmod(0o666)
    with pytest.raises(PluginError, match=rf"{file} is not loaded: .*chmod go-w"):
        Plugins.load()
    assert "mine" not in Plugins.load(blocked=["mine"]).names()
    file.chmod(0o644)
    assert "mine" in Plugins.load().names()


def test_a_bundled_stage_that_cannot_be_loaded_later_is_missed_by_everybody_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P1: a first error that was caught somewhere must not leave the others without it in silence."""
    plugins = Plugins.load(blocked=("all",), stages_later=True)

    def broken(_: EntryPoint) -> object:
        raise PluginError("it does not load")

    with monkeypatch.context() as patched:
        patched.setattr(manager, "load_entry", broken)
        for _ in range(2):
            with pytest.raises(PluginError, match="it does not load"):
                plugins.stages(profile_of(""))
    assert "trim" in {stage.name for stage in plugins.stages(profile_of(""))}
