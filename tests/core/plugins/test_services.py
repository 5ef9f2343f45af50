"""What plugins offer the stages: who is asked first, whose figures count."""

from __future__ import annotations

from typing import Any

import pytest

from penstock import Compressed, Compressor, Segment, Summary, ToolOutput, hookimpl
from penstock.base.errors import PluginError, ProfileError
from penstock.plugins.manager import Plugins
from penstock.plugins.services import Services
from penstock.testing import profile_of

BUNDLED, STRANGER = "penstock_plugins.some.stage", "somebody.plugin"


def compressor(kind: str) -> Compressor:
    return lambda output: Compressed("x", False, kind, 1, 2)


class Summarises:
    """A summariser that says who made it."""

    name = "brief"

    def __init__(self, who: str) -> None:
        self.who = who

    def __call__(self, segment: Segment) -> Summary:
        return Summary(self.who)


class Gives:
    """Gives what it was made with."""

    def __init__(self, compressors: Any = (), summarisers: Any = (), prices: Any = None) -> None:
        self.given = compressors, summarisers, prices

    @hookimpl
    def compressors(self) -> Any:
        return self.given[0]

    @hookimpl
    def summarisers(self) -> Any:
        return self.given[1]

    @hookimpl
    def prices(self) -> Any:
        return self.given[2]


def parts(*given: tuple[str, Gives], toml: str = "") -> Services:
    plugins = Plugins()
    for n, (source, plugin) in enumerate(given):
        plugins.add(plugin, f"p{n}", source)
    return plugins.parts(profile_of(toml))


def kinds(found: Services) -> list[str]:
    answers = [one(ToolOutput("text")) for one in found.compressors]
    return [answer.kind for answer in answers if answer is not None]


def test_compressors_of_plugins_are_asked_before_the_bundled_ones() -> None:
    """In the order in which they were found, each plugin's own in its order."""
    ours = Gives([compressor("ours"), compressor("ours too")])
    theirs, others = Gives([compressor("theirs"), compressor("theirs too")]), Gives([compressor("others")])
    found = parts((BUNDLED, ours), (STRANGER, theirs), ("a file", others))
    assert kinds(found) == ["theirs", "theirs too", "others", "ours", "ours too"]


@pytest.mark.parametrize("order", [(BUNDLED, STRANGER), (STRANGER, BUNDLED)])
def test_a_summariser_of_a_plugin_hides_a_bundled_one(order: tuple[str, str]) -> None:
    """Of the same name, whoever was found first."""
    found = parts(*((source, Gives(summarisers=[Summarises(source)])) for source in order))
    assert found.summarisers["brief"](Segment([], 10)).text == STRANGER


def price(figure: float) -> dict[str, Any]:
    return {"anthropic": {"claude-sonnet": {"input": figure}}}


def test_prices_of_plugins_hide_bundled_ones_and_the_profile_hides_both() -> None:
    """Figure by figure: what nobody changes stays as in the table."""
    plugins = [(STRANGER, Gives(prices=price(7.0))), (BUNDLED, Gives(prices=price(8.0)))]
    found = parts(*plugins).prices.of("anthropic", "claude-sonnet-4")
    assert (found.input, found.output) == (7.0, 15.0)
    found = parts(*plugins, toml='[prices.anthropic."claude-sonnet"]\ninput = 9.0').prices.of(
        "anthropic", "claude-sonnet-4-6"
    )
    assert (found.input, found.output) == (9.0, 15.0)


def test_who_gives_nothing_changes_nothing() -> None:
    """Each hook may answer with nothing, or None."""
    found = parts((STRANGER, Gives(None, None, None)), (BUNDLED, Gives()))
    assert (found.compressors, found.summarisers) == ((), {})
    assert found.prices.of("anthropic", "claude-sonnet") == Services().prices.of("anthropic", "claude-sonnet")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"anthropic": {"default": {"imput": 1}}}, r"prices.anthropic.default.imput: .*'input'"),
        ({"anthropic": 3}, r"prices.anthropic = 3: a table was expected"),
    ],
)
def test_a_wrong_figure_of_a_plugin_is_named_with_its_place(given: Any, said: str) -> None:
    """The plugin, the key, and the nearest that there is."""
    with pytest.raises(PluginError, match=r"plugin 'p0' \(somebody.plugin\): " + said):
        parts((STRANGER, Gives(prices=given)))


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[prices.anthropic]\nrea = 1", r"prices.anthropic.rea: there is no such .*'read'"),
        ("[prices.anthropic.claude]\ninput = 'x'", r"prices.anthropic.claude.input = 'x'"),
        ("[prices.anthropic.mine]\ninput = 2.0", r"prices.anthropic.mine.input = 2.0: expected output beside it"),
        ("[prices.anthropic.claude]\nleast = 2_000_000", r"prices.anthropic.claude.least = 2000000: expected at most"),
        ("[prices.openai]\nttl_hour_s = 60", r"prices.openai.ttl_hour_s = 60: expected at least ttl_s = "),
        ("[prices.antropic]\nread = 1", r"prices.antropic: there is no such provider. Did you mean 'anthropic'\?"),
    ],
)
def test_a_wrong_figure_of_a_profile_is_named_with_its_place(toml: str, said: str) -> None:
    """The file, the key, and the nearest that there is."""
    with pytest.raises(ProfileError, match="test.toml: " + said):
        parts(toml=toml)


def test_a_provider_of_ones_own_may_have_figures() -> None:
    """Where something asks for them: a plugin that gives some, or a stage that is told to take them."""
    row = "[prices.mine.default]\ninput = 4.0\noutput = 8.0"
    theirs = Gives(prices={"mine": {"default": {"input": 2.0, "output": 4.0}}})
    assert parts((STRANGER, theirs), toml=row).prices.of("mine", "x").input == 4.0
    assert parts(toml=f"{row}\n[stage.brief.llm]\nprices = 'mine'").prices.of("mine", "x").input == 4.0


def test_a_plugin_that_cannot_say_is_named() -> None:
    """With what it raised; start-up stops."""

    class Breaks:
        @hookimpl
        def prices(self) -> Any:
            raise RuntimeError("no table")

    plugins = Plugins()
    plugins.add(Breaks(), "breaks", "breaks.py")
    with pytest.raises(PluginError, match=r"'breaks' \(breaks.py\): prices\(\) failed: RuntimeError: no table"):
        plugins.parts(profile_of())
