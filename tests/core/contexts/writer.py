"""A program that writes contexts until it is killed: `python -m tests.core.contexts.writer FILE NAME [COUNT]`. For
tests of what survives a kill.

Each change is printed as a line of JSON after it is acknowledged: key, version and value by key; None for a
deletion.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext


def main(path: str, name: str, count: str = "") -> None:
    contexts = Contexts(Path(path))
    say({})
    for n in itertools.count() if not count else range(int(count)):
        with contexts.write("w", name) as writer:
            say({"begun": n})
            text = f"{name} {n} " * (n % 5 * 300)
            seen = writer.put("shared", NewContext({"by": name, "n": n, "text": text}, ttl=0))[0].version
            if n % 3 == 0:  # several keys at once, which must be there together or not at all
                for part in range(5):
                    writer.put(f"{name}/batch/{part}", NewContext(n, ttl=0))
            if n % 4 == 1:
                writer.put(f"{name}/list", NewContext([], ttl=0))
            if n % 4 == 2:
                writer.append(f"{name}/list", [n], NewContext(None))
            if n % 8 == 6:
                writer.put(f"{name}/sealed", NewContext(f"secret {n}", ttl=0, seal=True))
            if n % 8 == 4:
                writer.delete(f"{name}/list", purge=n % 16 == 4)
            notes = f"{name}/notes"
            if n % 8 == 3:
                writer.put(notes, NewContext({"n": n}, ttl=0))
            if n % 8 == 5:
                writer.patch(notes, {"more": n}, NewContext(None))
            if n % 8 == 7:
                writer.rollback(notes, writer.get(notes).head.version - 1)
            if n % 8 == 1 and n > 8:
                writer.touch(notes, NewContext(None, tags=(f"t{n}",)))
        say({"n": n, "shared": seen})
    contexts.close()


def say(line: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
