"""What a proxy answers to the hooks of a client: by the budgets of the session, and in the client's own form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from penstock.base.errors import PenstockError
from penstock.control.hook_commands import HookCommands
from penstock.conversation.reply import Usage
from penstock.outputs.output import Output
from penstock.plugins.compressor import handle_of
from penstock.testing import Session, conversation, profile_of, user

SESSION = "00000000-test-4e57-8e55-000000000000"
LIMIT = "[budget.session]\nrequests = 10\n"


class Hooks:
    """The hooks of one session behind a real engine."""

    def __init__(self, settings: str = LIMIT) -> None:
        self.session = Session(profile=profile_of(settings))
        self.kept: list[str] = []
        self.reasons: list[str] = []
        self.conversations: list[str] = []
        self.indexed: list[Output] = []
        self.commands = HookCommands(
            self.session.engine.admission,
            self._keep,
            self.indexed.append,
            lambda _, name: name == "batch_execute",
        )

    def _keep(self, conversation: str, text: str, why: str) -> None:
        self.conversations.append(conversation)
        self.kept.append(text)
        self.reasons.append(why)

    def ask(self, count: int = 1) -> None:
        """So many requests of the session, each answered."""
        for n in range(count):
            self.session.send(conversation(user(f"Question {n} of {self.session.clock.tick()}")))
            self.session.reply("Done.", usage=Usage(input=10, output=1))

    def __call__(self, event: str, **given: Any) -> dict[str, Any]:
        return self.commands.do(event, {"session_id": SESSION, "cwd": "/srv/kiln", **given}).get(
            "hookSpecificOutput", {}
        )


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    made = Hooks()
    yield made
    made.session.close()


def test_a_call_is_warned_of_once_for_each_level_and_then_refused(hooks: Hooks) -> None:
    """With the reason, in words that say how to go on; a session that nothing was seen of may do anything."""
    assert hooks("pre-tool-use", tool_name="Bash") == {}
    hooks.ask(6)
    assert hooks("pre-tool-use", tool_name="Bash") == {}
    hooks.ask(1)
    warned = hooks("pre-tool-use", tool_name="Bash")
    assert warned["hookEventName"] == "PreToolUse"
    assert "Most of what may be spent" in warned["additionalContext"]
    assert "permissionDecision" not in warned
    assert hooks("pre-tool-use", tool_name="Bash") == {}
    hooks.ask(2)
    assert "Nearly all" in hooks("pre-tool-use", tool_name="Bash")["additionalContext"]
    hooks.ask(1)
    for _ in range(2):
        refused = hooks("pre-tool-use", tool_name="Bash")
        assert refused["permissionDecision"] == "deny"
        assert "penstock budget raise" in refused["permissionDecisionReason"]
    assert hooks.commands.do("pre-tool-use", {"session_id": "another"}) == {}


@pytest.mark.parametrize("settings", [LIMIT + "[hooks]\ngate = false\n", 'mode = "observe"\n' + LIMIT])
def test_nothing_is_refused_where_that_is_off(settings: str) -> None:
    hooks = Hooks(settings)
    hooks.ask(10)
    assert hooks("pre-tool-use", tool_name="Bash") == {}
    hooks.session.close()


@pytest.mark.parametrize(
    "response",
    [{"stdout": "x" * 40_000, "stderr": ""}, "x" * 40_000, [{"type": "text", "text": "x" * 40_000}]],
)
def test_an_output_that_the_client_cuts_is_kept_and_indexed(hooks: Hooks, response: Any) -> None:
    """Whole, and the agent is told how to see it; under the session's own project and conversation."""
    hooks.ask()
    said = hooks("post-tool-use", tool_name="Bash", tool_input={"command": "make"}, tool_response=response)
    [text] = hooks.kept
    assert text == "x" * 40_000
    [output] = hooks.indexed
    who = hooks.session.engine.admission.sender(SESSION)
    assert who is not None
    assert (output.text, output.source, output.conversation) == (text, "Bash make", who.identity.conversation)
    assert hooks.conversations == [who.identity.conversation]  # with which it is deleted
    assert (output.project, output.owner) == (who.identity.project, who.identity.owner)
    assert f"expand {handle_of(text)}" in said["additionalContext"]


def test_a_secret_of_the_command_is_not_in_the_reason(hooks: Hooks) -> None:
    """P6: also where the reason is cut in the middle of it."""
    hooks.ask()
    key = "sk-ant-api03-" + "a1B2" * 20
    for command in (f"curl -H 'x-api-key: {key}' https://kiln", f"{'x ' * 85}{key}"):
        hooks("post-tool-use", tool_name="Bash", tool_input={"command": command}, tool_response="x" * 40_000)
    assert "curl" in hooks.reasons[0]
    assert not any("sk-ant" in one for one in [*hooks.reasons, *(output.source for output in hooks.indexed)])


@pytest.mark.parametrize(
    ("tool", "response"),
    [
        ("Bash", {"stdout": "short"}),
        ("Read", {"content": "x" * 40_000}),
        ("Bash", {"stdout": "x" * 40_000, "persistedOutputSize": 9_000_000}),
        ("Bash", None),
        ("Bash", {"stdout": 3}),
    ],
)
def test_other_outputs_are_left_to_the_wire(hooks: Hooks, tool: str, response: Any) -> None:
    """Short ones, files, what is not whole, and what is no text."""
    hooks.ask()
    assert hooks("post-tool-use", tool_name=tool, tool_response=response) == {}
    assert not hooks.kept


def test_a_subagent_is_told_of_batch_execute_where_there_is_one(hooks: Hooks) -> None:
    hooks.ask()
    said = hooks("subagent-start", agent_id="a1", agent_type="Explore")
    assert said["hookEventName"] == "SubagentStart"
    assert "batch_execute" in said["additionalContext"]
    without = HookCommands(hooks.session.engine.admission, lambda *_: None, lambda _: None, lambda *_: False)
    assert without.do("subagent-start", {"session_id": SESSION}) == {}


def test_an_unknown_event_is_named(hooks: Hooks) -> None:
    with pytest.raises(PenstockError, match="there is no hook 'pre-compact'"):
        hooks("pre-compact")
