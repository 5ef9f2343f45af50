"""`read_summary`: reads the text that replaced compacted turns (`Summary`), whole from the ledger, else its beginning
from the log; and the original that it replaces, if the store still has it. Blocking: call it on a thread. Independent
of Textual."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from penstock.base.readable import readable
from penstock.edits.edit import Op
from penstock.store.opening import open_store
from penstock_tui.log.stats.compactions import Compaction

__all__ = ["Summary", "read_summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """The text of a record or summary."""

    text: str
    is_whole: bool
    """Whether it is the text that was sent; else its beginning, as the log has it."""
    original: str = ""
    """The text that it replaces. Empty: nothing was taken away, or it has expired."""


def read_summary(path: Path, one: Compaction) -> Summary:
    """The text of a compaction. Raises `StoreError`."""
    with closing(open_store(path, readonly=True)) as store:
        ledger = store.edits_of(one.conversation) if one.conversation else []
        places = {f"{landed.edit.place.key.hex()}.{landed.edit.place.nth}": landed.edit for landed in ledger}
        edit = places.get(one.place)
        originals = store.find_originals(one.handle, 1) if one.handle else []
        original = readable(originals[0].text) if originals else ""
    if edit is None or edit.op is not Op.COMPACT:  # it waits still, or its ledger is past its time
        return Summary(one.summary, False, original)
    return Summary(readable(edit.text), True, original)
