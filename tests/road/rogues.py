"""A plugin with stages that misbehave in every way (`FAILING`, `LATE`, `NOTHING`, `OTHERS`), when a request asks them
to by name, between two that work."""

from __future__ import annotations

__all__ = ["FAILING", "LATE", "NOTHING", "OTHERS", "PLUGIN"]

FAILING = {
    "raises": "raise RuntimeError('a broken stage')",
    "exits": "sys.exit(3)",
    "exits-its-thread": "_thread.exit()",
    "interrupts": "raise KeyboardInterrupt",
    "cancels": "raise asyncio.CancelledError",
    "recurses": "self.on_request(draft)",
    "replaces-with-a-number": "draft.replace(draft.blocks(BlockKind.TEXT)[-1], 42, reason='wrong')",
    "replaces-with-half-a-character": "draft.replace(draft.blocks(BlockKind.TEXT)[-1], '\\ud83d', reason='wrong')",
    "replaces-thinking": "draft.replace(draft.blocks(BlockKind.THINKING)[0], 'I think not.', reason='wrong')",
    "replaces-what-is-not-there": "draft.replace(None, 'text', reason='wrong')",
    "empties-a-text": "draft.replace(draft.blocks(BlockKind.TEXT)[-1], '  ', reason='wrong')",
    "notes-then-raises": "draft.note('half done', reason='wrong'); raise ValueError('in the middle')",
    "compacts-the-newest": "draft.compact(0, 99, 'all of it', reason='wrong')",
    "gives-a-reason-that-raises": "draft.note('x', reason=Unprintable())",
    "takes-all-edits-away": "draft.edits = ()",
    "sets-edits-to-junk": "draft.edits = ['junk', 42]",
    "sets-refused-to-junk": "draft.refused = 'no'",
    "sets-prompt-to-junk": "draft.prompt = object()",
    "takes-the-conversation-away": "draft.conversation = None",
    "takes-the-exchange-away": "draft.exchange = None",
    "changes-the-body": "draft.conversation.body = b'{}'",
    "changes-a-block": "draft.blocks(BlockKind.TEXT)[0].block.text = 'changed'",
    "removes-a-message": "del draft.conversation.messages[0]",
    "clears-the-fields": "draft.conversation.fields.clear()",
}
"""What a stage does, and fails by."""

LATE = {
    "sleeps": "time.sleep(3600)",
    "loops": "while True: pass",
    "catches-everything": """
        while True:
            try:
                time.sleep(0.05)
            except BaseException:
                continue""",
    "is-late-with-much-memory": "kept = [bytes(1 << 16) for _ in range(1000)]; time.sleep(3600)",
    "edits-and-sleeps": "draft.note('too late', reason='late'); time.sleep(3600)",
}
"""What a stage does, and is late by."""

NOTHING = {
    "returns-a-dict": "return {'remark': 'a dict'}",
    "returns-bytes": "return b'remark'",
    "returns-much": "return 'long ' * 100_000",
    "changes-the-exchange": "draft.exchange.kind = None; draft.exchange.identity = 42; draft.exchange.state = 'failed'",
    "ends-the-exchange": "draft.exchange.advance(State.FAILED)",
}
"""What a stage does, and nothing comes of it."""

OTHERS = {
    "breaks-a-pair": "draft.drop(1, 1, reason='no call needed')",
    "tells-a-secret": "raise ValueError('I saw sk-ant-api03-' + 'x' * 40)",
    "fails-often": "raise RuntimeError('again')",
}
"""What each does is told by its test."""

_PLUGIN = """
import _thread
import asyncio
import sys
import time

from penstock import BlockKind, Draft, Profile, Stage, hookimpl
from penstock.conversation.exchange import State


class Unprintable:
    def __str__(self) -> str:
        raise TypeError("no words for it")


class Good(Stage):
    def __init__(self, name: str) -> None:
        self.name = name

    def on_request(self, draft: Draft) -> None:
        draft.note(f"noted by {{self.name}}", reason="a good stage")


class Rogue(Stage):
    def on_request(self, draft: Draft):
        if draft.prompt.split() == ["please:", self.name]:
            return self.misbehave(draft)


{classes}


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    rogues = [cls() for cls in Rogue.__subclasses__()]
    return [Good("a-first"), *rogues, Good("z-last")]
"""
_CLASS = """
class Rogue{number}(Rogue):
    name = "{name}"
    deadline = {deadline}

    def misbehave(self, draft: Draft):
        {does}
"""


def _classes() -> str:
    rows = [(name, does, "None") for name, does in (FAILING | NOTHING | OTHERS).items()]
    rows += [(name, does, "0.2") for name, does in LATE.items()]
    return "\n".join(
        _CLASS.format(number=n, name=name, does=does.strip(), deadline=deadline)
        for n, (name, does, deadline) in enumerate(rows)
    )


PLUGIN = _PLUGIN.format(classes=_classes())
