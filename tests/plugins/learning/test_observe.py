"""What a finished turn shows: fixes, files that change together, unused outputs, corrections."""

from __future__ import annotations

import tracemalloc

import pytest

from penstock.memory import PatternKind
from penstock.testing import Turn, assistant, call, conversation, draft_for, results, user
from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.learning.observe import observations_of
from penstock_plugins.learning.patterns import Observation, Pattern, read_pattern, text_of
from penstock_plugins.learning.steps import Step
from penstock_plugins.learning.turn_record import TurnRecord
from penstock_plugins.learning.unused import unused_in

FIX, TOGETHER, UNUSED, CORRECTION = PatternKind
LINT = Pattern(FIX, "mise run lint", "unknown linter: kiln", "mise install")


def seen(*turns: Turn, prompt: str = "", known: tuple[Pattern, ...] = (), kind: PatternKind = FIX) -> list[Observation]:
    """What the turn shows of one kind, read request by request as on the road."""
    record, said = TurnRecord(), [user(prompt or "Go on."), *turns]
    for n in range(1, len(said) + 1):
        record.follow(draft_for(conversation(*said[:n])).conversation.messages)
    return [one for one in observations_of(record, prompt, known) if one.pattern.kind is kind]


def ran(command: str, output: str = "done", *, failed: bool = False) -> tuple[Turn, Turn]:
    return assistant(call("Bash", command=command)), results(output, failed=failed)


def edited(path: str, output: str = "The file was updated.", *, failed: bool = False) -> tuple[Turn, Turn]:
    return assistant(call("Edit", file_path=path, old_string="a", new_string="b")), results(output, failed=failed)


FAILED = ran("mise run lint", "Exit code 1\nunknown linter: kiln", failed=True)


def test_what_was_run_between_an_error_and_a_pass_is_its_fix() -> None:
    found = seen(*FAILED, *ran("mise install"), *ran("mise run lint 2>&1 | tail -3"))
    assert found == [Observation(LINT, followed=True)]


def test_another_form_of_the_command_is_its_fix() -> None:
    found = seen(*ran("gh pr diff 8 --stat", "unknown flag: --stat", failed=True), *ran("gh pr diff 8 --name-only"))
    assert [one.pattern.action for one in found] == ["gh pr diff N --name-only"]


def test_reading_the_file_first_is_a_fix() -> None:
    unread = edited("/k/a.py", "<tool_use_error>File has not been read yet.</tool_use_error>", failed=True)
    read = assistant(call("Read", file_path="/k/a.py")), results("a = 1")
    [found] = seen(*unread, *read, *edited("/k/a.py"))
    assert text_of(found.pattern) == "When `Edit` fails with `File has not been read yet.`: read the file"


@pytest.mark.parametrize(
    "between",
    [
        ran("mise install", "Exit code 1\nno network was found", failed=True),
        ran("mise install", "The user doesn't want to proceed with this tool use.", failed=True),
        ran("cat mise.toml"),
        edited("/k/mise.toml"),
    ],
)
def test_what_failed_was_refused_or_only_looked_is_no_fix(between: tuple[Turn, Turn]) -> None:
    """Nor is the command that passes after an edit, however it is written then."""
    assert seen(*FAILED, *between, *ran("mise run lint && mise run test")) == []


def test_a_fix_without_which_it_passed_is_refuted() -> None:
    """One that never passed says nothing."""
    assert seen(*FAILED, *edited("/k/a.py"), *ran("mise run lint"), known=(LINT,)) == [
        Observation(LINT, followed=False)
    ]
    assert seen(*FAILED, *edited("/k/a.py"), known=(LINT,)) == []


def test_files_that_change_in_a_turn_are_together() -> None:
    """Not those of a turn that changes many; one that changes without the other speaks against it."""
    a, b = Pattern(TOGETHER, "k/a.py", action="k/b.py"), Pattern(TOGETHER, "k/b.py", action="k/a.py")
    found = seen(*edited("/srv/k/a.py"), *edited("/srv/k/b.py"), kind=TOGETHER)
    assert found == [Observation(a, followed=True), Observation(b, followed=True)]
    assert seen(*edited("/srv/k/a.py"), known=(a, b), kind=TOGETHER) == [Observation(a, followed=False)]
    many = [turn for n in range(7) for turn in edited(f"/srv/k/{n}.py")]
    assert seen(*many, kind=TOGETHER) == []


def test_an_output_is_unused_if_none_of_its_names_comes_again() -> None:
    """In a later call or text; what the call itself named does not count."""
    used = (*ran("make kiln_one", "kiln_one built as firing_77"), *ran("run firing_77", "ok, all_is_well"))
    found = {one.pattern.trigger: one.followed for one in seen(*used, kind=UNUSED)}
    assert found == {"make kiln_one": False, "run firing_77": True}
    found = {one.pattern.trigger: one.followed for one in seen(*used, assistant("So all_is_well."), kind=UNUSED)}
    assert found == {"make kiln_one": False, "run firing_77": False}


@pytest.mark.parametrize(
    ("prompt", "pairs"),
    [
        ("no, use pnpm instead of npm", [("npm", "pnpm")]),
        ("Please don't use `pip install`, use `uv add` instead.", [("pip install", "uv add")]),
        ("Instead of black use ruff format.", [("black", "ruff format")]),
        ("use the new one instead of that", []),
        ("Why do you use npm?", []),
    ],
)
def test_a_correction_names_what_is_wanted(prompt: str, pairs: list[tuple[str, str]]) -> None:
    found = seen(prompt=prompt, kind=CORRECTION)
    assert [(one.pattern.trigger, one.pattern.action) for one in found] == pairs
    reverse = tuple(Pattern(CORRECTION, wanted, action=unwanted) for unwanted, wanted in pairs)
    followed = [one.followed for one in seen(prompt=prompt, known=reverse, kind=CORRECTION)]
    assert followed == [True, False][: 2 * len(pairs)]


@pytest.mark.parametrize(
    "pattern",
    [
        LINT,
        Pattern(FIX, "Edit", "File has not been read yet."),
        Pattern(TOGETHER, "k/a.py", action="k/b.py"),
        Pattern(UNUSED, "mise run test"),
        Pattern(CORRECTION, "npm", action="pnpm"),
    ],
)
def test_a_pattern_is_read_back_from_its_text(pattern: Pattern) -> None:
    assert read_pattern(text_of(pattern)) == pattern
    assert read_pattern(f"{text_of(pattern)} or so") is None


def test_a_new_prompt_begins_a_new_turn() -> None:
    """And what was read is not read again."""
    record = TurnRecord()
    said = [user("One."), *ran("make"), assistant("Done."), user("Two."), *ran("make test")]
    for n in range(1, len(said) + 1):
        record.follow(draft_for(conversation(*said[:n])).conversation.messages)
    assert [step.command for step in record.steps] == ["make test"]
    record.follow(draft_for(conversation(*said)).conversation.messages)
    assert len(record.steps) == 1


def test_a_turn_of_many_steps_needs_memory_for_its_names_once() -> None:
    """P14: not once for each step."""
    few, many = (
        peak_of([Step("Write", ToolKind.EDIT, names(n), "written") for n in range(count)]) for count in (50, 200)
    )
    assert many < 8 * few


def names(step: int) -> str:
    return " ".join(f"name_{step}_{n}" for n in range(200))


def peak_of(steps: list[Step]) -> int:
    """The most bytes that looking for unused outputs takes."""
    tracemalloc.start()
    try:
        unused_in(steps, [])
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
