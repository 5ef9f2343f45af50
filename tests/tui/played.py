"""`play`: sends a conversation through an engine, so that a log has shortened results, compacted turns and their
originals."""

from __future__ import annotations

from penstock import Draft
from penstock.base.clock import ManualClock
from penstock.conversation.reply import Usage
from penstock.store.sql import SqlStore
from penstock.testing import Session, assistant, call, conversation, results, user
from tests.engines import Does
from tests.tui.logs import Log

__all__ = ["ASKED", "LISTING", "RECORD", "SECRET", "STUB", "play"]

SECRET = "ghp_" + "a1B2" * 9
LISTING = "".join(f"row {n} of the tide table, {n * 7} cm\n" for n in range(90))
STUB = LISTING[:400] + "\n[the rest left out]\n" + "".join(f"row {n}\n" for n in range(40, 60))
NOTES = f"token: {SECRET}\n" + "".join(f"a remark, number {n}\n" for n in range(80))
RECORD = "Earlier: the table was listed, and found to be whole.\n" * 10
TOOLS = [
    {"name": name, "description": "does it " * 40, "input_schema": {"type": "object"}} for name in ("Bash", "Find")
]
ASKED = [
    user("list the table"),
    assistant("I list it.", call("Bash", command="tide list")),
    results(LISTING),
    assistant("It is whole."),
    user("and the remarks?"),
    assistant(call("Bash", command="tide remarks")),
    results(NOTES),
    assistant("There are 80."),
    user("thank you " * 20),
]


def _trims(draft: Draft) -> None:
    for spot in draft.blocks():
        if spot.block.text == LISTING:
            draft.replace(spot, STUB, reason="a long listing")
        if spot.block.text == NOTES:
            draft.replace(spot, "80 remarks", reason="remarks")


def _records(draft: Draft) -> None:
    if len(draft.conversation.messages) >= 9:
        draft.compact(0, 3, RECORD, reason="old turns")


def play(log: Log, *, upto: int = 9) -> list[str]:
    """Send the conversation as a client would, the last request after the provider's cache has gone cold. Gives the
    ids of the exchanges."""
    ids = []
    log.close()
    store = SqlStore(log.path)
    clock = ManualClock()
    with Session(Does(_trims, "trim"), Does(_records, "compaction"), store=store, clock=clock) as session:
        for end in (1, 3, 5, 7, 9):
            if end > upto:
                break
            clock.advance(3600.0 * 3 if end == 9 else 2.0)
            session.send(conversation(*ASKED[:end], system="Be brief. " * 60, tools=TOOLS))
            ids.append(session.outcome.exchange.id if session.outcome.exchange else "")
            session.reply("so it is", usage=Usage(input=5, output=7, cache_read=100, cache_write=10))
    store.close()
    log.clock = clock
    return ids
