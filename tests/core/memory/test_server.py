"""The vectors in a Chroma server, a real one."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from tests.real_parts import used

START_S = 60.0
PROGRAM = Path(sys.executable).with_name("chroma")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    if not PROGRAM.exists():
        pytest.skip("there is no `chroma` beside this interpreter")
    folder = tmp_path_factory.mktemp("chroma")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        command = [PROGRAM, "run", "--path", folder / "data", "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/v2/heartbeat", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            process.poll()
    raise AssertionError("the server did not start")


@pytest.mark.slow
def test_a_server_serves(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> None:
    """Remember, find, forget, rebuild: as with a folder, and none is made."""
    used(request, "Chroma's server")
    memory = Memory(tmp_path / "one", Trigrams(), chroma=server)
    other = Memory(tmp_path / "two", Trigrams(), chroma=server)
    memory.add([Item("p", "The pelican flies at noon."), Item("p", "Nothing of the kind.")])
    other.add([Item("p", "Another's memory, in the same server.")])
    found = memory.search("pelicans flying", "p")
    assert (found.hits[0].item.text, found.degraded) == ("The pelican flies at noon.", ())
    assert not (tmp_path / "one" / "vectors").exists()
    memory.reindex()
    assert memory.forget("p", [found.hits[0].item.id]) == 1
    assert [hit.item.text for hit in memory.search("pelican", "p").hits] == ["Nothing of the kind."]
    memory.forget_project("p")
    assert other.search("another", "p").degraded == ()
    assert other.sync() == 0
    memory.close()
    other.close()


def test_no_server_costs_vectors_alone(tmp_path: Path) -> None:
    """Words answer, and the answer says so."""
    memory = Memory(tmp_path, Trigrams(), chroma="http://127.0.0.1:9")
    memory.add([Item("p", "The pelican flies at noon.")])
    found = memory.search("pelican", "p")
    assert len(found.hits) == 1
    assert "http://127.0.0.1:9" in found.degraded[0]
    memory.close()


@pytest.mark.slow
def test_processes_that_share_a_memory_share_its_vectors(server: str, tmp_path: Path, postgres_url: str) -> None:
    """What one has added to the server, another searches, and adds nothing itself."""
    memories = [Memory(tmp_path / name, Trigrams(), chroma=server, url=postgres_url) for name in ("one", "another")]
    one, another = memories
    one.add([Item("p", f"The kiln was opened {n} times.") for n in range(5)])
    [number] = another.projects().values()
    assert another._vectors.count(number, Trigrams.name, Trigrams().dimension) == 5
    assert (another.sync(), another.search("kilns opening", "p").degraded) == (0, ())
    for memory in memories:
        memory.close()
