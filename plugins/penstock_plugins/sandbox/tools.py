"""`sandbox_tools`: the agent tools `run_code` and `batch_execute`. Outputs of 5,000 characters and more are kept whole
as originals, so that `expand` shows what an answer leaves out. The tools raise `PenstockError` for a language that is
not installed, a wrong name of a state, or a sandbox that does not work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from penstock import Caller, PenstockError, Tool, did_you_mean, estimate_tokens, handle_of
from penstock_plugins.sandbox.run import Outcome, Program, SandboxFault, run
from penstock_plugins.sandbox.runtimes import RUNTIMES
from penstock_plugins.sandbox.settings import Settings
from penstock_plugins.sandbox.shares import fitted, matches, shares
from penstock_plugins.sandbox.states import States

__all__ = ["sandbox_tools"]

_RUN_TOKENS = 6_000
_KEPT = 5_000
"""Characters of output from which on the whole of it is kept as an original."""
_STATE = "The name of a working directory that is kept for the next calls. Empty: one that is deleted."


def sandbox_tools(settings: Settings, installed: dict[str, str], states: States) -> list[Tool]:
    """The tools, for the runtimes `installed`: their programs by name."""
    runner = _Runner(settings, installed, states, threading.BoundedSemaphore(settings.at_once))
    # It can do nothing outside, but a client is to show its person the code as it would show a command.
    found = [Tool(_run_code(runner), "Run code in a sandbox", effect="deletes", always_listed=True)]
    if "bash" in installed:
        about = "Run commands in a sandbox"
        found.append(Tool(_batch_execute(runner), about, effect="deletes", always_listed=True))
    return found


@dataclass(frozen=True)
class _Runner:
    """Runs code for callers, so many at once."""

    settings: Settings
    installed: dict[str, str]
    states: States
    free: threading.BoundedSemaphore

    @contextmanager
    def directory(self, caller: Caller, state: str) -> Iterator[str]:
        """A working directory, once there is room for a run. Raises `PenstockError`."""
        with ExitStack() as held:
            try:
                work = held.enter_context(self.states.opened(caller.project or caller.workspace, state))
            except (ValueError, OSError) as e:
                raise PenstockError(f"state: {e}") from e
            held.enter_context(self.free)
            yield work

    def run(self, language: str, code: str, stdin: str, work: str) -> Outcome:
        """Raises `PenstockError` if the sandbox does not start, or cannot end what it ran."""
        try:
            return run(Program(RUNTIMES[language], self.installed[language], code, stdin, work), self.settings)
        except SandboxFault as e:
            raise PenstockError(str(e)) from e


def _run_code(runner: _Runner) -> Callable[..., str]:
    installed = runner.installed

    def run_code(
        caller: Caller,
        language: str,
        code: Annotated[str, Field(min_length=1, max_length=1_000_000)],
        stdin: Annotated[str, Field(max_length=1_000_000)] = "",
        state: Annotated[str, Field(description=_STATE)] = "",
        question: Annotated[str, Field(description="What you look for in a long output; lines about it stay.")] = "",
    ) -> str:
        if language not in installed:
            raise PenstockError(
                f"{language!r} is not installed here.{did_you_mean(language, installed)} There are "
                f"{', '.join(sorted(installed))}"
            )
        with runner.directory(caller, state) as work:
            outcome = runner.run(language, code, stdin, work)
        kept = _kept(caller, outcome.output, language)
        text = fitted(outcome.output, _RUN_TOKENS, question=question, left_out=kept)
        return f"[{language}: {_end_of(outcome)}]\n{text}"

    run_code.__doc__ = f"""Run a program in a sandbox: no network, none of the user's files, no environment. Use it to
    compute something, or to work through data that you pass as `stdin`; print what you need. Long output is shortened,
    and kept whole for `expand`.

    language: one of {", ".join(sorted(installed))}."""
    return run_code


def _batch_execute(runner: _Runner) -> Callable[..., str]:
    def batch_execute(
        caller: Caller,
        commands: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=20)],
        searches: Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=10)] = [],  # noqa: B006
        token_budget: Annotated[int, Field(ge=200, le=20_000)] = 2_000,
        state: Annotated[str, Field(description=_STATE)] = "",
    ) -> str:
        """Run several shell commands in a sandbox (no network, none of the user's files) in one call, one after
        another in one working directory, and search what they print. The answer has about `token_budget` tokens in
        all; whole outputs are kept for `expand`. Use it instead of many calls, most of all when the budget runs low.

        searches: what you want to know from the outputs: the lines about it are shown, `2:17` being line 17 of the
        second command's output."""
        with runner.directory(caller, state) as work:
            outcomes = [runner.run("bash", line, "", work) for line in commands]
        room = token_budget // 2 if searches else token_budget
        question = " ".join(searches)
        sizes = [estimate_tokens(one.output) for one in outcomes]
        parts = []
        whole: dict[str, int] = {}
        for n, (line, one, share) in enumerate(zip(commands, outcomes, shares(sizes, room), strict=True), 1):
            kept = _kept(caller, one.output, line) if sizes[n - 1] > share else ""
            if kept:
                whole[handle_of(one.output)] = n
            text = fitted(one.output, share, command=line, question=question, left_out=kept)
            parts.append(f"[{n}] $ {line[:200]}\n[{_end_of(one)}]\n{text}".rstrip("\n"))
        for search in searches:
            share = room // len(searches)
            lines = matches(search, [one.output for one in outcomes], share) or _indexed(caller, search, whole, share)
            parts.append(f"[search] {search}\n{lines or '[no line of the outputs has one of these words]'}")
        return "\n\n".join(parts)

    return batch_execute


def _indexed(caller: Caller, search: str, whole: dict[str, int], tokens: int) -> str:
    """What the index finds in the kept outputs (`whole`: their numbers by handle) where no line has the words: parts of
    words, and words that are misspelled. Empty: nothing, or there is no index."""
    if caller.outputs is None or not caller.project or not whole:
        return ""
    try:
        hits = caller.outputs().search(caller.project, search, limit=3, only=list(whole))
    except PenstockError:
        return ""
    texts = [
        f"[by {', '.join(hit.found_by)}]\n"
        + "\n".join(f"{whole[hit.handle]}:{n}: {line}" for n, line in enumerate(hit.text.split("\n"), hit.lines[0]))
        for hit in hits
    ]
    return fitted("\n".join(texts), tokens)


def _kept(caller: Caller, output: str, what: str) -> str:
    """How to get the whole of an output; why that cannot be, where it could not be stored. Empty: it is short."""
    if len(output) < _KEPT:
        return ""
    why = caller.keep(output, f"run in the sandbox: {what[:100]}")
    return why or f"see all: expand {handle_of(output)}"


def _end_of(outcome: Outcome) -> str:
    end = f"ended, since {outcome.ended}" if outcome.ended else f"exit code {outcome.exit_code}"
    return f"{end}, {outcome.seconds:.1f} s"
