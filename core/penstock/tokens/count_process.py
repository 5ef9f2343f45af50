"""`count_apart`: counts the tokens of texts with a vocabulary in a child process (`main`), which ends with the count.
None if it fails or takes more than 20 s: the log says why.

Loading a vocabulary takes 80 MB and 0.2 s in which no other thread of its process runs: the proxy's event loop must not
wait for that.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from penstock.base.child_process import NO_WINDOW, ChildFailed, command_of, last_line
from penstock.base.errors import VocabularyError
from penstock.tokens.vocabulary import Vocabulary, load

__all__ = ["count_apart", "main"]

logger = logging.getLogger(__name__)
WITHIN_S = 20.0
"""Seconds after which the process is killed. 200 KB take a second, most of it to load the vocabulary."""


def count_apart(
    vocabulary: Vocabulary, path: Path, texts: Sequence[str], *, within_s: float = WITHIN_S
) -> list[int] | None:
    """The tokens of each of `texts`. Waits for the child process: call it in a background thread. None: they were not
    counted, and the log says why."""
    asked = json.dumps({"vocabulary": asdict(vocabulary), "path": str(path), "texts": list(texts)})
    try:
        done = subprocess.run(
            command_of(__name__),
            input=asked.encode(),
            capture_output=True,
            timeout=within_s,
            creationflags=NO_WINDOW,
        )
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.SubprocessError, ChildFailed) as e:
        logger.warning("texts are not counted with %s: %s", vocabulary.name, e)
        return None
    if found is None:
        logger.warning("texts are not counted with %s: %s", vocabulary.name, last_line(done.stderr) or done.returncode)
    return found


def main() -> int:
    """Answer one request from stdin on stdout, both JSON."""
    asked = json.load(sys.stdin.buffer)
    try:
        tokenizer = load(Vocabulary(**asked["vocabulary"]), Path(asked["path"]))
    except VocabularyError as e:
        sys.stderr.write(f"{e}\n")
        return 1
    json.dump([tokenizer.count(text) for text in asked["texts"]], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
