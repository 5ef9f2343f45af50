"""A plugin that only listens: one CSV row for each answer, with the tokens the provider counted.

The file is the one named by SPEND_LOG, or spend.csv where the proxy was started.
"""

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

from penstock import Event, EventKind, hookimpl

COLUMNS = ("time", "exchange", "model", "input", "cache_read", "cache_write", "output")


@hookimpl
def on_event(event: Event) -> None:
    # Every fact of the log comes by, on a thread that no request waits for.
    # docs/reference/events.md lists what each one holds.
    if event.kind is not EventKind.ANSWERED:
        return
    usage = event.payload.get("usage", {})
    if not usage:  # the provider did not say
        return
    file = Path(os.environ.get("SPEND_LOG", "spend.csv"))
    is_new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as out:
        rows = csv.DictWriter(out, COLUMNS, restval=0, extrasaction="ignore")
        if is_new:
            rows.writeheader()
        when = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="seconds")
        rows.writerow({"time": when, "exchange": event.exchange, "model": event.payload.get("model", ""), **usage})
