"""The trim stage: what is new is shortened before it is sent, with care for what the agent can not get again."""

from __future__ import annotations

import pytest

from penstock import Compressed, EventKind, Profile, ToolOutput, hookimpl
from penstock.base.errors import ProfileError
from penstock.plugins.manager import Plugins
from penstock.testing import Call, Session, assistant, conversation, profile_of, results, user
from penstock_plugins.trim import stage as trim

PROFILE = 'stages = ["trim"]\naggressiveness = "{}"\n'
HITS = "\n".join(f"/srv/shop/{'cart' if n < 60 else 'till'}.py:{n}:    price = lookup_{n}(basket)" for n in range(120))
SAID = (user("find the lookups"), assistant("I search.", Call("Grep", {"pattern": "lookup"})), results(HITS))
EXPAND = [{"name": "mcp__penstock__expand", "description": "shows originals", "input_schema": {"type": "object"}}]


def session(aggressiveness: str = "safe", *others: object, toml: str = "") -> Session:
    plugins = Plugins()
    plugins.add(trim, "trim", "penstock_plugins.trim.stage")
    for n, other in enumerate(others):
        plugins.add(other, f"other{n}")
    return Session(profile=profile_of(PROFILE.format(aggressiveness) + toml), plugins=plugins)


def test_a_new_result_is_shortened_before_it_is_sent() -> None:
    """And reads the same in every request after."""
    with session() as on:
        first = on.send(conversation(*SAID))
        assert len(first) < len(conversation(*SAID))
        again = on.send(conversation(*SAID, assistant("seen"), user("and now?")))
        assert again.startswith(first[:-2])


def test_what_was_sent_before_the_proxy_came_is_left_alone() -> None:
    """Only the newest results of a history met for the first time are new."""
    body = conversation(*SAID, assistant("seen"), user("and now?"))
    with session() as on:
        assert on.send(body) == body


def test_an_agent_that_can_not_ask_again_is_sent_more() -> None:
    """With the tool that shows originals more is left out, and the stub names the handle."""
    long = "\n".join(f"step {n}: read module_{n % 7} and wrote table_{n}, took {n * 3} ms" for n in range(400))
    said = (user("why is it slow?"), assistant("I run it.", Call("Bash", {"command": "make build"})), results(long))
    with session("bold") as on:
        without = on.send(conversation(*said))
    with session("bold") as on:
        body = conversation(*said, tools=EXPAND)
        given = on.send(body)
    assert len(given) - len(body) < len(without) - len(conversation(*said))
    assert b"expand" in given


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("mcp__penstock__expand", {"id": "1a2b3c4d"}),
        ("penstock_expand", {"id": "1a2b3c4d"}),
        ("Bash", {"command": "penstock expand 1a2b3c4d"}),
        ("shell", {"command": ["bash", "-lc", "penstock expand 1a2b3c4d --lines 1-90"]}),
    ],
)
def test_an_original_that_was_asked_for_is_not_shortened_again(tool: str, given: dict[str, object]) -> None:
    """The agent saw the short form and wants the rest: by the tool, or by the command."""
    body = conversation(user("find the lookups"), assistant("The rest.", Call(tool, given)), results(HITS))
    with session("bold") as on:
        assert on.send(body) == body


def test_a_compressor_of_a_plugin_is_asked_first() -> None:
    """What it gives stands; what it does not know goes on to the bundled ones."""

    class Mine:
        @hookimpl
        def compressors(self) -> list[object]:
            return [self.short]

        def short(self, output: ToolOutput) -> Compressed | None:
            return Compressed("[two files]", False, "mine", 0, 120) if output.tool == "Grep" else None

    with session("safe", Mine()) as on:
        assert b"[two files]" in on.send(conversation(*SAID))


def test_a_compressor_that_makes_it_longer_is_not_heard() -> None:
    """Nothing is ever larger for us: the next one is asked."""

    class Mine:
        @hookimpl
        def compressors(self) -> list[object]:
            return [lambda output: Compressed(output.text * 2, True, "mine", 0, 0)]

    body = conversation(*SAID)
    with session("safe", Mine()) as on, session() as alone:
        assert on.send(body) == alone.send(body)


def test_tools_can_be_left_out() -> None:
    """By their names, as the client calls them."""
    body = conversation(*SAID)
    with session(toml='[stage.trim]\noff = ["Grep"]\n') as on:
        assert on.send(body) == body


def test_a_misspelled_setting_stops_the_start() -> None:
    """With the key, and the nearest one there is."""
    with pytest.raises(ProfileError, match=r"stage\.trim\.leest.*'least'"):
        trim.stages(_profile("[stage.trim]\nleest = 3\n"))


def _profile(toml: str) -> Profile:
    return profile_of(toml)


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        ('mode = "observe"', "the profile observes"),
        (
            '[prices.anthropic."claude-sonnet-4-5"]\nwindow = 2000',
            "the history as received is about to outgrow the window",
        ),
    ],
    ids=["observed", "outgrown"],
)
def test_nothing_is_looked_for_where_nothing_can_be_replaced(toml: str, why: str) -> None:
    """The event says why."""
    body = conversation(*SAID)
    with session(toml=toml) as on:
        assert on.send(body) == body
        assert not on.events(EventKind.EDIT)
        [said] = on.events(EventKind.STAGE)
    assert str(said.payload["remark"]).startswith(why)
