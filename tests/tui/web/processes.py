"""Reads the system's list of processes: the children of one, its command line and environment, and whether they have
ended."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

__all__ = ["children", "needs_proc", "said_of", "wait_until_gone"]

needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc, to see processes")


def children(pid: int) -> list[int]:
    """The ids of the children of `pid` that have not been collected."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def said_of(pid: int) -> bytes:
    """The command line and the environment, as others can read them."""
    return b"".join(Path(f"/proc/{pid}/{part}").read_bytes() for part in ("cmdline", "environ"))


def wait_until_gone(pids: list[int], seconds: float = 30) -> None:
    """Wait until all of them have ended, collected or not."""
    for pid in pids:
        try:
            ended = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        assert select.select([ended], [], [], seconds)[0], f"{pid} still runs"
        os.close(ended)
