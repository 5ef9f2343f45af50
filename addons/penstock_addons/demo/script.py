"""The script of the demo's coding session: `script` gives its turns (`Turn`), each with the user's prompt, the model's
answers and tool calls (`Step`, `Call`), and the tools' outputs, whose texts come from `project.py`. `answers` and
`faults` give the demo's provider what it answers to each step, and which steps fail once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from penstock_addons.demo import project

__all__ = ["Call", "Step", "Turn", "answers", "faults", "script", "session"]

TITLE = "Timetable shows the wrong hour"


@dataclass(frozen=True)
class Call:
    """A tool the model asks for, and what the tool gives back."""

    name: str
    input: dict[str, Any]
    result: str = ""
    agent: tuple[Step, ...] = ()
    """The steps of a subagent; its last text is the result."""
    is_error: bool = False


@dataclass(frozen=True)
class Step:
    """One answer of the model. The client goes on while it asks for tools."""

    text: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Turn:
    """A prompt of the user, and the model's answers to it."""

    words: str
    steps: tuple[Step, ...] = field(default=())
    is_after_pause: bool = False
    """Whether the user comes back after so long that the provider's cache has expired."""
    begins_session: bool = False


def script(turns: int) -> list[Turn]:
    """A session of so many turns, with something to remember and a pause when two thirds are done; and a second session
    that asks for what is to be remembered."""
    first = session(turns)
    at = turns * 2 // 3
    return [*first[:at], _NOTE, replace(first[at], is_after_pause=True), *first[at + 1 :], _QUESTION]


def session(turns: int) -> list[Turn]:
    """A session of so many turns. The first three have one of everything."""
    count = len(_SCENES)
    return [_SCENES[i % count](project.PARTS[i // count % len(project.PARTS)]) for i in range(turns)]


def answers(session: list[Turn]) -> dict[str, Step]:
    """Every step of a session by its id, for the demo's provider."""
    out = {"title": Step(TITLE)}
    for t, turn in enumerate(session):
        for s, step in enumerate(turn.steps):
            out[f"{t}-{s}"] = step
            for c, call in enumerate(step.calls):
                out |= {f"{t}-{s}-{c}-{a}": part for a, part in enumerate(call.agent)}
    return out


def faults(session: list[Turn]) -> dict[str, int]:
    """The status that fails a step once, by the step's id: once 429, once 529."""
    return {f"{turn}-0": status for turn, status in ((1, 429), (2, 529)) if turn < len(session)}


def _bash(command: str, result: str, *, is_error: bool = False) -> Call:
    return Call("Bash", {"command": command, "description": command.split()[0]}, result, is_error=is_error)


def _read(path: str, text: str) -> Call:
    numbered = "\n".join(f"{n:>5}\t{line}" for n, line in enumerate(text.splitlines(), 1))
    return Call("Read", {"file_path": f"/home/ines/tidewatch/{path}"}, numbered)


def _orient(part: str) -> Turn:
    return Turn(
        f"Since the clocks were put forward, the {part} page is an hour off for some harbours. Can you find out why?",
        (
            Step("I'll look at what there is first.", (_bash("ls -la src/tidewatch", project.listing(part)),)),
            Step(
                f"`{part}.py` and its tests are the place to begin.",
                (
                    _read(project.source_path(part), project.source(part)),
                    _read(project.test_path(part), project.test_source(part)),
                ),
            ),
            Step(
                "`next_after` takes the zone off both times before it compares them. Two times in different zones are "
                "then an hour apart that is not there. I would run the tests before I change anything."
            ),
        ),
    )


def _reproduce(part: str) -> Turn:
    return Turn(
        "Run them.",
        (
            Step("", (_bash("pytest -v", project.test_run(part, passes=False), is_error=True),)),
            Step("One fails, for Larkholm, as expected: its times come in UTC, all the others in local time."),
        ),
    )


def _delegate(part: str) -> Turn:
    agent = (
        Step("I'll search for the callers.", (Call("Grep", {"pattern": "next_after"}, project.search(part)),)),
        Step(
            "24 places call `next_after`. All but those in `push.py` pass a time with a zone; `push.py` passes "
            "`datetime.utcnow()`, which has none."
        ),
    )
    return Turn(
        "Who else calls that function? Have somebody look while you think about the fix.",
        (
            Step(
                "I'll have an agent go through the callers.",
                (
                    Call(
                        "Task",
                        {"description": "find callers", "prompt": f"Who calls next_after in {part}?"},
                        agent=agent,
                    ),
                ),
            ),
            Step(
                "Only `push.py` passes a time without a zone: `next_after` should refuse those, and `push.py` change."
            ),
        ),
    )


def _look_at_log(part: str) -> Turn:
    return Turn(
        "Does the log of this morning say anything about it?",
        (
            Step("", (_bash(f"ssh board journalctl -u tidewatch-{part} --since 06:00", project.server_log(part)),)),
            Step("One line in 160 does: an entry at 09:15+01:00 was compared without its zone, at 07:12 UTC."),
        ),
    )


def _mend(part: str) -> Turn:
    edit = {
        "file_path": f"/home/ines/tidewatch/{project.source_path(part)}",
        "old_string": "            if entry.at.replace(tzinfo=None) > moment.replace(tzinfo=None):",
        "new_string": "            if entry.at > moment:",
    }
    return Turn(
        "Go ahead, and run the tests again.",
        (
            Step("I'll read the file once more.", (_read(project.source_path(part), project.source(part)),)),
            Step("Now the change.", (Call("Edit", edit, f"{project.source_path(part)} has been updated."),)),
            Step("", (_bash("pytest -v", project.test_run(part, passes=True)),)),
            Step("All 24 pass."),
        ),
    )


def _ask_service(part: str) -> Turn:
    return Turn(
        f"What does the service itself answer for {part} now?",
        (
            Step("", (_bash(f"curl -s localhost:8000/v2/{part}?day=2024-03-12", project.records(part)),)),
            Step("44 entries, all with +01:00, none delayed. That is what the harbour office publishes."),
        ),
    )


def _dependencies(part: str) -> Turn:
    return Turn(
        "The server has an old tzdata. Update what we depend on.",
        (
            Step("", (_bash("pip install -U -r requirements.txt", project.install(part)),)),
            Step("tzdata, httpx, pydantic-core and uvicorn are new. The lock file needs a commit of its own."),
        ),
    )


def _review(part: str) -> Turn:
    return Turn(
        "Show me the diff, and tell me whether you would merge it.",
        (
            Step("", (_bash("git diff", project.diff(part)),)),
            Step("I would. It is four lines, it refuses what cannot be compared, and the failing test passes."),
        ),
    )


def _question(part: str) -> Turn:
    return Turn(
        f"Why did nobody see this in {part} before?",
        (
            Step(
                "Because it shows in the one week a year when the clocks here and at the harbour office differ, and "
                "only where the tide allows a departure within that hour."
            ),
        ),
    )


def _search_again(part: str) -> Turn:
    return Turn(
        "Are there other places that drop the zone like that?",
        (
            Step("", (Call("Grep", {"pattern": r"replace\(tzinfo=None\)"}, project.search(part + " zone")),)),
            Step(
                "Some do. I'll read the nearest.",
                (_read(f"src/tidewatch/{part}_board.py", project.source(part + "_board")),),
            ),
            Step("That one only formats a time for the screen. It is safe to leave."),
        ),
    )


_SCENES: tuple[Callable[[str], Turn], ...] = (
    _orient,
    _reproduce,
    _delegate,
    _look_at_log,
    _mend,
    _ask_service,
    _dependencies,
    _review,
    _question,
    _search_again,
)

_NOTE = Turn(
    "For later: the staging board at Skerry Point takes deploys before nine only, and Tomas Berg has its key.",
    (Step("Understood: before nine, and the key is with Tomas Berg."),),
)
_QUESTION = Turn(
    "I want to deploy to the staging board at Skerry Point. Until when may I, and who has the key?",
    (Step("Before nine, and Tomas Berg has the key, as you said in the session before."),),
    begins_session=True,
)
