"""`Talk`: a coding agent's conversation, played turn by turn through the stages, with one memory for all
conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType

from penstock import Event, EventKind, Profile
from penstock.memory.service import MemoryService
from penstock.plugins.manager import Plugins
from penstock.testing import Call, ManualClock, Session, Turn, assistant, conversation, profile_of, results, user

__all__ = ["FACT", "QUESTION", "STAGES", "Talk", "plugins_of"]

FACT = "Remember: the staging database listens on port 6543 and its user is walrus."
QUESTION = "On which port does the staging database listen?"
STAGES = 'stages = ["envelope", "memory"]\n'
_NAMES = ("envelope", "memory")
DAY = 86_400.0


def plugins_of(*names: str) -> Plugins:
    """The bundled stages of these names."""
    from penstock_plugins import envelope
    from penstock_plugins.memory import stage

    plugins = Plugins()
    for name in names or _NAMES:
        plugins.add({"envelope": envelope, "memory": stage}[name], name)
    return plugins


class Talk:
    """One conversation, turn by turn."""

    number = 0

    def __init__(
        self,
        memory_service: MemoryService,
        *,
        folder: str = "/srv/shop",
        profile: Profile | None = None,
        plugins: Plugins | None = None,
        headers: Mapping[str, str] | None = None,
        at: float = 1_900_000_000.0,
        session: str = "",
    ) -> None:
        Talk.number += 1
        self.memory_service, self.folder = memory_service, folder
        given = {"x-session-id": session or f"{Talk.number:08}-0000-4000-8000-test", "authorization": "Bearer t"}
        self.session = Session(
            plugins=plugins or plugins_of(),
            memory=memory_service,
            profile=_patient(profile or profile_of(STAGES)),
            headers=given | dict(headers or {}),
            clock=ManualClock(at),
        )
        self.turns: list[Turn] = []
        memory_service.open()

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.session.close()

    def ask(self, words: str, answer: str = "Done, as you asked.", *, calls: Sequence[tuple[Call, str]] = ()) -> bytes:
        """A turn: what left at its first request. The agent makes `calls`, each with its result, then answers."""
        sent = self.send(user(words))
        for call, result in calls:
            self.session.reply(call)
            self.send(assistant(call), results(result))
        self.answer(answer)
        return sent

    def send(self, *turns: Turn) -> bytes:
        """One request, the history with these at its end."""
        self.turns += turns
        return self.session.send(self.body())

    def answer(self, text: str) -> None:
        """Answer without a tool call, and wait until all is remembered."""
        self.session.reply(text)
        self.turns.append(assistant(text))
        assert self.memory_service.drain(30)
        self.session.clock.advance(5)

    def body(self) -> bytes:
        """The request as the client sends it."""
        system = f"You are a coding agent.\n<env>\n  Working directory: {self.folder}\n</env>"
        return conversation(*self.turns, system=system)

    def verdict(self) -> str:
        """The memory stage's last remark."""
        said = [e for e in self.session.events(EventKind.STAGE) if e.payload["stage"] == "memory"]
        return f"{said[-1].payload['outcome']}: {said[-1].payload['remark']}"

    def tagged(self) -> list[Event]:
        """The events that say what was talked about."""
        return self.session.events(EventKind.TAGGED)


def _patient(profile: Profile) -> Profile:
    """A profile whose requests wait for the memory for as long as a slow machine takes, unless it says how long."""
    memory = {"wait_ms": 60_000, **profile.settings_of("memory")}
    return profile.model_copy(update={"stage": {**profile.stage, "memory": memory}})
