"""An agent whose command fails until it does something about it, played through the learning stage."""

from __future__ import annotations

from typing import Any

from penstock.memory import Item, MemoryService
from penstock.plugins.manager import Plugins
from penstock.testing import assistant, call, profile_of, results, user
from penstock_plugins.learning import stage
from tests.plugins.memory.talks import Talk

__all__ = ["BROKEN", "FIXED", "PROJECT", "agent", "failing", "learned", "learns"]

PROJECT = "/srv/shop"
BROKEN = "E   ModuleNotFoundError: No module named 'till'\n1 failed"
FIXED = "pip install -e ."
_DAY = 86_400.0


def agent(memory_service: MemoryService, *, settings: str = "", top: str = "", **options: Any) -> Talk:
    """A conversation with the learning stage alone."""
    plugins = Plugins()
    plugins.add(stage, "learning")
    profile = profile_of(f'{top}\nstages = ["learning"]\n[stage.learning]\n{settings}')
    return Talk(memory_service, plugins=plugins, profile=profile, **options)


def failing(talk: Talk, error: str = BROKEN, command: str = "pytest -q") -> bytes:
    """A prompt, and a command that fails: what is sent with its error."""
    talk.send(user(f"Run the tests, please ({talk.session.clock.tick()})."))
    return step(talk, command, error, failed=True)


def step(talk: Talk, command: str, output: str, *, failed: bool = False) -> bytes:
    """One command and its output."""
    called = call("Bash", command=command)
    talk.session.reply(called)
    return talk.send(assistant(called), results(output, failed=failed))


def learns(memory_service: MemoryService, *, fix: str = FIXED, day: int = 0, **options: Any) -> None:
    """One session in which `pytest` fails, `fix` is run and it passes."""
    with agent(memory_service, at=1_900_000_000.0 + day * _DAY, **options) as talk:
        failing(talk)
        if fix:
            step(talk, fix, "Installed.")
        step(talk, "pytest -q", "12 passed")
        talk.answer("They pass.")


def learned(memory_service: MemoryService, kind: str = "fix", project: str = PROJECT) -> list[Item]:
    """What is learned of a kind."""
    found = memory_service.open().newest(f"{project} (learned)", limit=1_000)
    return [item for item in found if item.role == kind]
