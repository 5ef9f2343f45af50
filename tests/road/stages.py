"""Sources of single-file plugins for the proxies of tests, as users write them, with stages that replace a text, count
their calls, wait for the test, or look at answers."""

from __future__ import annotations

__all__ = ["COUNTING", "GATED", "LOOKING", "REPLACING", "UNFENCED"]

REPLACING = '''
"""Replaces the block that reads as asked, in whatever format."""
from penstock import BlockKind, Draft, Profile, Stage, hookimpl


class Replacing(Stage):
    name = "replacing"

    def on_request(self, draft: Draft) -> str | None:
        for spot in draft.blocks(BlockKind.TEXT):
            if spot.text.startswith("replace me"):
                draft.replace(spot, 'It now reads "this" – é\\n', reason="the test says so")
        return None


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    return [Replacing()]
'''

COUNTING = '''
"""Notes how often it was called: never twice the same."""
from penstock import Draft, Profile, Stage, hookimpl


class Counting(Stage):
    name = "counting"
    calls = 0

    def on_request(self, draft: Draft) -> str | None:
        self.calls += 1
        draft.note(f"call {self.calls}", reason="counted")
        return f"call {self.calls}"


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    return [Counting()]
'''

GATED = '''
"""Stops at a request that says `wait for FILE` until that file is there; says so in FILE.reached."""
import re
import threading
from pathlib import Path

from penstock import Draft, Profile, Stage, hookimpl


class Gated(Stage):
    name = "gated"
    deadline = 60.0

    def on_request(self, draft: Draft) -> str | None:
        found = re.search(r"(wait|spin) for (\\S+)", draft.prompt)
        if found:
            Path(found[2] + ".reached").touch()
            while not Path(found[2]).exists():
                if found[1] == "wait":
                    threading.Event().wait(0.01)
            draft.note("I waited.", reason="asked to")
        return None


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    return [Gated()]
'''

LOOKING = '''
"""Three stages look at answers: `b` misbehaves as asked for, the others say in an error what they were shown."""
import time

from penstock import Event, Exchange, Profile, Reply, Stage, hookimpl


class Looking(Stage):
    def __init__(self, name: str) -> None:
        self.name = name

    def on_turn_complete(self, exchange: Exchange, reply: Reply) -> None:
        if self.name != "b":
            raise RuntimeError(f"{self.name} has seen {reply.text!r} to {exchange.prompt!r}")
        if "scribble" in exchange.prompt:
            reply.text, reply.usage, exchange.prompt = None, None, "other words"
        if "raise" in exchange.prompt:
            raise KeyboardInterrupt
        if "hang" in exchange.prompt:
            time.sleep(3600)


@hookimpl
def on_event(event: Event) -> None:
    raise OSError("a broken listener")


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    return [Looking("a"), Looking("b"), Looking("c")]
'''

UNFENCED = '''
"""Lets each proxy take the database for its own."""
from penstock.store.lease import SoleOwner
from penstock.store.postgres import PostgresStore

for name in ("is_shared", "take", "land", "release", "read"):
    setattr(PostgresStore, name, getattr(SoleOwner, name))
'''
