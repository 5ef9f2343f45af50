"""The contract: each hook is documented, typed and tried."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import penstock
from penstock import (
    Caller,
    Compressed,
    Compressor,
    Draft,
    Event,
    EventKind,
    Profile,
    RecalledText,
    RecallQuestion,
    RecallSource,
    Segment,
    Stage,
    Summary,
    Tool,
    ToolOutput,
    Translation,
    Translator,
    hookimpl,
)
from penstock.app import Suite
from penstock.base.errors import PluginError
from penstock.dialects.anthropic import Anthropic
from penstock.memory import chosen
from penstock.plugins import hookspecs
from penstock.plugins.manager import Plugins
from penstock.redaction.placeholders import find_all
from penstock.testing import Session, assistant, call, conversation, profile_of, results, user
from penstock.tools.table import all_tools
from penstock_plugins.trim import stage as trim
from tests.core.tools.callers import caller
from tests.engines import Does

SPECS: dict[str, FunctionType] = {
    name: spec
    for name, spec in inspect.getmembers(hookspecs, inspect.isfunction)
    if spec.__module__ == hookspecs.__name__ and hasattr(spec, "penstock_spec")
}


def with_plugin(plugin: object) -> Plugins:
    plugins = Plugins()
    plugins.add(plugin, "tried")
    return plugins


@pytest.fixture
def opened() -> Iterator[Callable[[object], Suite]]:
    """A suite with one plugin, closed after the test."""
    suites: list[Suite] = []

    def make(plugin: object) -> Suite:
        plugins = Plugins.load(blocked=["all"])
        plugins.add(plugin, "tried")
        suites.append(Suite.open(plugins=plugins))
        return suites[-1]

    yield make
    for suite in suites:
        suite.close()


@pytest.mark.parametrize("name", SPECS)
def test_each_hook_is_tried_here(name: str) -> None:
    """By a test that bears its name."""
    assert f"test_hook_{name}" in globals()


@pytest.mark.parametrize("name", SPECS)
def test_each_hook_says_what_to_count_on(name: str) -> None:
    """When it is called, and what it gets; every argument and the answer have a type."""
    spec = SPECS[name]
    doc = inspect.getdoc(spec) or ""
    assert re.search(r"\bCalled\b", doc)
    assert len(doc.splitlines()) >= 3
    assert set(spec.__annotations__) == {*inspect.signature(spec).parameters, "return"}


@pytest.mark.parametrize("name", SPECS)
def test_each_hook_is_in_the_guide(name: str) -> None:
    """Who reads only that finds it."""
    guide = Path(penstock.__file__).parents[2] / "docs" / "how-to" / "writing-a-stage.md"
    assert re.search(rf"\b{name}\b", guide.read_text(encoding="utf-8"))


def test_hook_stages() -> None:
    """Called for each profile in use; what it gives runs on requests."""
    profiles: list[Profile] = []

    class Gives:
        @hookimpl
        def stages(self, profile: Profile) -> list[Stage]:
            profiles.append(profile)
            return [Does(lambda draft: draft.note("a note", reason="r"), "mine")]

    with Session(plugins=with_plugin(Gives()), profile=profile_of("stages = []")) as session:
        assert b"a note" in session.send(conversation(user("hello")))
    assert [profile.name for profile in profiles] == ["test"]


def test_hook_dialects(opened: Callable[[object], Suite]) -> None:
    """A plugin's wire formats are asked before the bundled ones."""

    class Mine(Anthropic):
        name = "mine"

        def endpoint(self, method: str, path: str) -> Any:
            return super().endpoint(method, path.removesuffix("/mine")) if path.endswith("/v1/messages/mine") else None

    class TakesOver(Anthropic):
        name = "takes-over"

    class Gives:
        @hookimpl
        def dialects(self) -> list[Anthropic]:
            return [Mine(), TakesOver()]

    suite = opened(Gives())
    for path, name in (
        ("/v1/messages/mine", "mine"),
        ("/v1/messages", "takes-over"),
        ("/v1/chat/completions", "openai-chat"),
    ):
        found = suite.engine.route("POST", path)
        assert found is not None
        assert found[0].name == name


def test_hook_embedders() -> None:
    """Known by its name; memory can be opened with it."""

    class Lengths:
        name = "lengths"
        dimension = 1

        def embed(self, texts: Sequence[str]) -> list[list[float]]:
            return [[float(len(text))] for text in texts]

    class Gives:
        @hookimpl
        def embedders(self) -> list[Lengths]:
            return [Lengths()]

    given = with_plugin(Gives()).embedders()
    assert chosen("lengths", given) is given["lengths"]


def test_hook_compressors() -> None:
    """Asked before the bundled ones for each result that is sent for the first time; the first answer counts."""
    asked: list[ToolOutput] = []

    def mine(output: ToolOutput) -> Compressed | None:
        asked.append(output)
        return Compressed("[nothing new]", False, "mine", 0, 100) if "frobnicate" in output.text else None

    class Gives:
        @hookimpl
        def compressors(self) -> list[Compressor]:
            return [mine]

    plugins = with_plugin(Gives())
    plugins.add(trim, "trim", "penstock_plugins.trim.stage")
    log = "\n".join(f"frobnicate {n}" for n in range(100))
    said = [user("Why?"), assistant(call("Bash", command="make")), results(log)]
    with Session(plugins=plugins, profile=profile_of('stages = ["trim"]')) as session:
        assert b'"[nothing new]"' in session.send(conversation(*said))
        said += [assistant(call("Bash", command="ls")), results("ok\n\n\n\n" * 100)]
        left = session.send(conversation(*said))
    assert [(output.tool, output.input) for output in asked] == [("Bash", {"command": c}) for c in ("make", "ls")]
    assert b'"[nothing new]"' in left
    assert len(left) < len(conversation(*said)) - len(log)


def test_hook_prices() -> None:
    """They hide the bundled figures, and stages read them."""

    class Gives:
        @hookimpl
        def prices(self) -> dict[str, Any]:
            return {"anthropic": {"claude-sonnet-4-5": {"input": 1.0, "window": 4000}}}

    seen: list[tuple[int, float]] = []

    def look(draft: Draft) -> None:
        price = draft.services.prices.of("anthropic", draft.exchange.model)
        seen.append((draft.window, price.input))

    with Session(Does(look), plugins=with_plugin(Gives()), profile=profile_of("stages = []")) as session:
        session.send(conversation(user("hello")))
    assert seen == [(4000, 1.0)]


def test_hook_taggers() -> None:
    """Found by name; the one that the profile names is asked when a turn is complete."""

    class Mine:
        name = "mine"

        def __call__(self, text: str, known: Sequence[str]) -> list[str]:
            return ["mine"]

    mine, profiles = Mine(), []

    class Gives:
        @hookimpl
        def taggers(self, profile: Profile) -> list[Mine]:
            profiles.append(profile.name)
            return [mine]

    plugins = Plugins.load(blocked=["all"])
    plugins.add(Gives(), "tried")
    found = plugins.parts(profile_of()).taggers
    assert found["mine"] is mine
    assert "llm" in found
    assert profiles == ["test"]


def test_hook_recall_sources() -> None:
    """Called once for a profile; one of a plugin takes the place of a bundled one with its name."""

    class Wiki:
        name = "wiki"

        def __call__(self, question: RecallQuestion) -> list[RecalledText]:
            return [RecalledText(f"{question.text} Here.")]

    profiles = []

    class Gives:
        @hookimpl
        def recall_sources(self, profile: Profile) -> list[RecallSource]:
            profiles.append(profile.name)
            return [Wiki()]

    sources = with_plugin(Gives()).parts(profile_of()).recall_sources
    assert (sources.names, profiles) == (("wiki",), ["test"])
    answers = sources.ask(RecallQuestion("Where?", "", "c1", 100, 60.0))()
    assert answers.texts == (("wiki", RecalledText("Where? Here.")),)


def test_hook_redactors() -> None:
    """Every text that is logged goes through them."""

    class Gives:
        @hookimpl
        def redactors(self) -> list[Callable[[str], str]]:
            return [lambda text: text.replace("Ada", "[name]")]

    stage = Does(lambda draft: draft.note("Ada again", reason="r"))
    with Session(stage, plugins=with_plugin(Gives()), profile=profile_of("stages = []")) as session:
        left = session.send(conversation(user("Ada says hello")))
        kept = repr([e.payload for e in session.events()])
    assert left.count(b"Ada") == 2
    assert "[name] says hello" in kept
    assert "Ada" not in kept


def test_hook_analysers() -> None:
    """They find personal data besides what is found by its form."""

    class Gives:
        @hookimpl
        def analysers(self) -> list[Callable[[str], list[tuple[int, int, str]]]]:
            return [lambda text: [(0, 3, "person")]]

    assert find_all("Ada, ada@acme.io", with_plugin(Gives()).analysers()) == [(0, 3, "person"), (5, 16, "email")]


def test_hook_translators() -> None:
    """Those of plugins come before the bundled ones."""

    class Shouts(Translation):
        def __init__(self, body: dict[str, Any]) -> None:
            self.body = {**body, "model": body["model"].upper()}

        def answer(self, body: dict[str, Any]) -> dict[str, Any]:
            return body

        def feed(self, event: dict[str, Any]) -> list[dict[str, Any]]:
            return [event]

        def close(self) -> list[dict[str, Any]]:
            return []

    class Gives:
        @hookimpl
        def translators(self) -> list[Translator]:
            return [Translator("messages", "chat", Shouts)]

    plugins = Plugins.load(blocked=["all"])
    plugins.add(Gives(), "tried")
    first, *_bundled = plugins.translators()
    assert first.translate({"model": "claude"}).body == {"model": "CLAUDE"}


def test_hook_on_event() -> None:
    """Every fact comes by, in order, stored already; a listener may take no argument."""
    heard: list[EventKind] = []
    calls: list[None] = []

    class Listens:
        @hookimpl
        def on_event(self, event: Event) -> None:
            heard.append(event.kind)

    class Counts:
        @hookimpl
        def on_event(self) -> None:
            calls.append(None)

    plugins = with_plugin(Listens())
    plugins.add(Counts(), "counts")
    with Session(plugins=plugins, profile=profile_of("stages = []")) as session:
        session.send(conversation(user("hello")))
        session.reply("yes")
        stored = [e.kind for e in session.events()]
    assert heard == stored
    assert len(calls) == len(stored)


def test_hook_commands() -> None:
    """Commands join the command line."""

    class Adds:
        @hookimpl
        def commands(self, app: typer.Typer) -> None:
            @app.command()
            def greet() -> None:
                typer.echo("hello from a plugin")

            @app.command()
            def other() -> None:
                """A second one, so that both have names."""

    app = typer.Typer()
    with_plugin(Adds()).add_commands(app)
    assert "hello from a plugin" in CliRunner().invoke(app, ["greet"]).output


def test_hook_servers(tmp_path: Path) -> None:
    """Given for a profile and a store; those that were there before one that raises are stopped."""

    class Mine:
        name = "mine"
        about = "http://127.0.0.1:1"
        stopped = False

        def start(self) -> None: ...

        def stop(self) -> None:
            self.stopped = True

    mine = Mine()
    asked: list[tuple[str, Path]] = []

    class Gives:
        @hookimpl
        def servers(self, profile: Profile, store: Path) -> list[Mine]:
            asked.append((profile.name, store))
            return [mine]

    class Fails:
        @hookimpl
        def servers(self) -> list[Mine]:
            raise OSError("the port is in use")

    plugins = Plugins()
    plugins.add(Gives(), "tried")
    assert plugins.servers(profile_of(), tmp_path) == [mine]
    assert asked == [("test", tmp_path)]
    assert not mine.stopped
    failing = Plugins()
    failing.add(Gives(), "tried")
    failing.add(Fails(), "fails")
    with pytest.raises(PluginError, match="the port is in use"):
        failing.servers(profile_of(), tmp_path)
    assert mine.stopped


def test_hook_summarisers() -> None:
    """Found by the stages of that profile, by name; one of a plugin's takes a bundled one's place."""

    class Mine:
        name = "textrank"

        def __call__(self, segment: Segment) -> Summary:
            return Summary("short")

    mine, profiles = Mine(), []

    class Gives:
        @hookimpl
        def summarisers(self, profile: Profile) -> list[Mine]:
            profiles.append(profile.name)
            return [mine]

    plugins = Plugins.load(blocked=["all"])
    plugins.add(Gives(), "tried")
    found = plugins.parts(profile_of()).summarisers
    assert found["textrank"] is mine
    assert "llm" in found
    assert profiles == ["test"]


def test_hook_tools() -> None:
    """A tool is one of those that agents are offered, beside Penstock's own."""

    def echo(caller: Caller, text: str) -> str:
        """Give a text back."""
        return f"{caller.by}: {text}"

    class Echo:
        @hookimpl
        def tools(self) -> Sequence[Tool]:
            return [Tool(echo, "Echo")]

    tools = all_tools(with_plugin(Echo()))
    assert {"expand", "context_get", "echo"} <= set(tools)
    assert tools["echo"].call(caller(), {"text": "hello"}) == "a test: hello"
