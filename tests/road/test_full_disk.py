"""A full disk freezes nothing: requests are answered, words are recalled, and the vectors return by themselves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.control.client import ask as ask_proxy
from penstock.control.discovery import running
from tests.hangingindex import NAME, SOURCE
from tests.road.client import Road
from tests.road.proxy import wait_until
from tests.road.test_memory import FACT, INDEXED, NOTE, PROFILE, QUESTION, Client, kept, wait_for

MB = 1 << 20
DISK = 64 * MB
HANGS = f'''
"""Has the process of the vector index hang as Chroma does on a full disk."""
import os
from pathlib import Path
from penstock.memory.vectors import index

folder = Path(__file__).parent
os.environ["PYTHONPATH"] = os.pathsep.join([str(folder.parent), os.environ.get("PYTHONPATH", "")])
index.PROCESS = "{NAME}"
real = index.VectorIndex.__init__
index.VectorIndex.__init__ = lambda self, *a, **k: real(self, *a, **{{**k, "within_s": 5.0}})
'''


def small_disk(folder: Path) -> bool:
    """Mount a small file system of its own there, where this user may."""
    if os.name != "posix" or os.geteuid() != 0:
        return False
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path | None]:
    """A disk that can be filled. None: this user may not mount one."""
    folder = tmp_path / "disk"
    if not small_disk(folder):
        yield None
        return
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def asked(road: Road, command: str, **fields: object) -> dict[str, Any]:
    up = running(road.proxy.setup.store)
    assert up is not None
    return ask_proxy(up.address, road.proxy.setup.store, f"/memory/{command}", fields, 60)


def status(road: Road) -> dict[str, Any]:
    return asked(road, "status")


def is_caught_up(road: Road) -> bool:
    found = status(road)
    return found["unindexed"] == 0 and not found["degraded"]


def fill(disk: Path, leave: int = 0) -> None:
    """Until no more than `leave` bytes can be written."""
    filling = disk / "filling"
    with filling.open("ab", buffering=0) as file:
        for size in (MB, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    os.truncate(filling, filling.stat().st_size - leave)


def is_recalled_by_words(road: Road) -> bool:
    return FACT in [hit["text"] for hit in asked(road, "search", query=QUESTION)["hits"]]


@pytest.mark.slow
def test_a_full_disk(start: Callable[..., Road], disk: Path | None, tmp_path: Path) -> None:
    """With a small disk of its own where this user may mount one, else by a limit on the size of files: every request
    is answered, and what was said before is found by its words. Once there is space, what was said meanwhile is
    remembered and has its vectors."""
    road = start(home=disk or tmp_path / "home", profile=PROFILE, plugins={"indexed": INDEXED})
    Client(road).ask(FACT)
    wait_for(road, FACT)
    wait_until(lambda: is_caught_up(road), "it has its vector", lambda: status(road))
    if disk is not None:  # nearly full: notes can be kept, so they are sent
        fill(disk, leave=4 * MB)
        assert b"6543" in Client(road).ask(QUESTION).received.body.partition(NOTE)[2]
        wait_until(lambda: "wait for space" in status(road)["owes"], "vectors wait for space", lambda: status(road))
        fill(disk)
    else:
        road.proxy.limit_files(0)
    meanwhile = "Remember: the heron nests by the sluice gate, on the side of pillar"
    for n in range(5):
        Client(road).say(f"{meanwhile} {n}.")
        assert is_recalled_by_words(road)
    if disk is not None:
        (disk / "filling").unlink()
    else:
        road.proxy.limit_files(-1)
    wait_for(road, f"{meanwhile} 4.")
    wait_until(lambda: is_caught_up(road), "the vectors are back", lambda: status(road))
    assert not status(road)["owes"]


@pytest.mark.slow
def test_a_vector_index_that_hangs(start: Callable[..., Road], tmp_path: Path) -> None:
    """And holds its interpreter: while it does, requests are answered and words are recalled, and the control channel
    answers; its process is killed, and the vectors return. The proxy leaves no process behind."""
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    (home / "config" / f"{NAME}.py").write_text(SOURCE, encoding="utf-8")
    road = start(home=home, profile=PROFILE, plugins={"indexed": INDEXED, "hangs": HANGS})
    Client(road).ask(FACT)
    wait_for(road, FACT)
    wait_until(lambda: is_caught_up(road), "it has its vector", lambda: status(road))
    memory = home / "state" / "memory"
    (memory / "full").touch()
    Client(road).ask("Remember: the heron nests by the sluice gate.")
    wait_until((memory / "hanging").exists, "its process hangs")
    sent = Client(road).ask(QUESTION).received.body
    assert b"6543" in sent.partition(NOTE)[2]
    wait_until(lambda: "was killed" in str(status(road)["vectors"]["fault"]), "its process is killed")
    (memory / "full").unlink()
    wait_until(lambda: is_caught_up(road), "the vectors are back", lambda: status(road))
    assert status(road)["vectors"]["starts"] > 1
    assert FACT in kept(road)
