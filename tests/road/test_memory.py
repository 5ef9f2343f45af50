"""Memory behind a real proxy: what is told in one session is in the next one's request, whatever happens in between."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Call, Road
from tests.road.provider import Answer
from tests.road.proxy import wait_until
from tests.road.replies import ANTHROPIC_REPLY

pytestmark = pytest.mark.slow

FACT = "Remember: the staging database listens on port 6543 and its user is walrus."
QUESTION = "On which port does the staging database listen?"
SECRET = "ghp_" + "Zz19Yy28Xx37Ww46Vv55Uu64Tt73Ss82Rr"
NOTE = b"[Memory m-"
PROFILE = """
extends = "default"
stages = ["envelope", "memory"]
[limits]
stage_ms = 120000
read_ms = 120000
[stage.memory]
wait_ms = 60000
"""


def system(folder: str) -> list[dict[str, Any]]:
    """Claude Code's way to say where it works."""
    told = f"You are an agent for tests.\n# Environment\n - Primary working directory: {folder}\n - Platform: linux"
    return [{"type": "text", "text": told, "cache_control": {"type": "ephemeral"}}]


class Client:
    """One session in a folder."""

    def __init__(self, road: Road, folder: str = "/srv/shop") -> None:
        self.road, self.folder, self.session = road, folder, new_session()
        self.history: list[dict[str, Any]] = []

    def ask(self, words: str) -> Call:
        """A turn, answered; what there is to remember of it is on its way to the memory_service."""
        call = self.say(words)
        call.wait(EventKind.PROCESSED)
        return call

    def say(self, words: str) -> Call:
        """A turn, answered. Where events cannot be written, that is all there is to see of it."""
        self.history.append(ask(words))
        body = claude(*self.history, session=self.session, system=system(self.folder))
        answer = Answer(ANTHROPIC_REPLY)
        call = self.road.post("/v1/messages", body, {}, answer)
        self.history.append({"role": "assistant", "content": [{"type": "text", "text": "The tests pass."}]})
        return call


def kept(road: Road) -> list[str]:
    """The texts in the record, read beside the proxy."""
    record = road.proxy.setup.home / "state" / "memory" / "memory.db"
    if not record.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as db:
            return [row[0] for row in db.execute("SELECT text FROM memories ORDER BY id")]
    except sqlite3.Error:  # it is being made
        return []


def wait_until_open(road: Road) -> None:
    """A proxy takes requests before its memory is open: what is said after that is kept."""
    words = f"Is anybody there? I am {new_session()}."
    Client(road, "/srv/elsewhere").ask(words)
    wait_for(road, words)


def wait_for(road: Road, *texts: str) -> None:
    """Until all of these are remembered."""
    wait_until(lambda: set(texts) <= set(kept(road)), f"{texts} are kept", lambda: kept(road))


INDEXED = '''
"""Has small projects in the vector index, too."""
from penstock.memory.search import search

search.EXACT = 0
'''


@pytest.fixture
def remembering(start: Callable[..., Road]) -> Callable[[], Road]:
    """Proxies that recall, one after the other in the same home."""
    return lambda: start(profile=PROFILE, plugins={"indexed": INDEXED})


def test_a_fact_goes_from_session_to_session(remembering: Callable[[], Road]) -> None:
    """Told in one, it is in the next one's request when asked about, and not when something else is; nor in another
    folder. Over twelve further turns the request only grows at its end."""
    road = remembering()
    Client(road).ask(FACT)
    wait_for(road, FACT)
    client = Client(road)
    first = client.ask(QUESTION).received.body
    assert b"6543" in first[first.index(NOTE) :]
    assert NOTE not in first.partition(b'"messages"')[0].rpartition(b'"system"')[2]
    assert NOTE not in Client(road, "/srv/other").ask(QUESTION).received.body
    assert NOTE not in Client(road).ask("Write a haiku about the sea.").received.body
    history = first[: first.index(NOTE)]
    for n in range(12):
        sent = client.ask(f"Now write part {n} of the manual.").received.body
        assert sent.startswith(history.partition(b'"cache_control"')[0])
        assert sent.count(NOTE) == 1
    assert first[first.index(NOTE) : first.index(b"[end of m-")] in sent


def test_after_a_restart_it_is_still_there(remembering: Callable[[], Road]) -> None:
    """And a note that was sent is sent the same."""
    road = remembering()
    Client(road).ask(FACT)
    wait_for(road, FACT)
    client = Client(road)
    note = client.ask(QUESTION).received.body.partition(NOTE)[2].partition(b"]")[0]
    road.proxy.stop()
    client.road = remembering()
    wait_until_open(client.road)
    assert NOTE + note in client.ask("And who is the user?").received.body


def test_kill_9_loses_nothing_that_was_kept(remembering: Callable[[], Road]) -> None:
    """In the middle of taking in a long history: the next proxy has what was written, takes the rest in when the
    conversation goes on, and nothing twice."""
    road = remembering()
    client = Client(road)
    for n in range(150):
        answer = {"role": "assistant", "content": [{"type": "text", "text": f"Part {n} of the manual is written now."}]}
        client.history += [ask(f"Now write part {n} of the manual, on page {n}."), answer]
    client.ask(FACT)
    wait_until(lambda: len(kept(road)) > 0, "something is kept")
    road.proxy.kill()
    before = kept(road)
    client.road = after = remembering()
    client.ask("That is all for today, thank you.")
    wait_for(after, FACT, "Now write part 149 of the manual, on page 149.")
    texts = kept(after)
    assert texts[: len(before)] == before
    assert len(texts) == len(set(texts))
    # Its vectors are being caught up, and a request does not wait for them.
    wait_until(lambda: b"6543" in Client(after).ask(QUESTION).received.body, "it is recalled")


@pytest.mark.parametrize("gone", ["vectors", "record"])
def test_a_folder_that_was_deleted(remembering: Callable[[], Road], gone: str) -> None:
    """Without the vectors recall goes on, they are rebuilt; without the record traffic goes on, and a new one is
    begun."""
    road = remembering()
    Client(road).ask(FACT)
    wait_for(road, FACT)
    road.proxy.stop()
    folder = road.proxy.setup.home / "state" / "memory"
    shutil.rmtree(folder / "vectors" if gone == "vectors" else folder)
    after = remembering()
    wait_until_open(after)
    sent = Client(after).ask(QUESTION).received.body
    assert (b"6543" in sent) is (gone == "vectors")
    wait_for(after, QUESTION)


def test_a_damaged_record_stops_no_traffic(remembering: Callable[[], Road]) -> None:
    """It is named, with its place, in an event."""
    road = remembering()
    Client(road).ask(FACT)
    wait_for(road, FACT)
    road.proxy.stop()
    record = road.proxy.setup.home / "state" / "memory" / "memory.db"
    record.write_bytes(b"no database " * 1000)
    after = remembering()
    body = claude(ask(QUESTION), session=new_session())
    assert after.post("/v1/messages", body).received.body == body
    assert "memory.db" in after.proxy.wait_event(EventKind.FAULT, where="memory").payload["error"]


def test_on_a_full_disk_traffic_goes_on(remembering: Callable[[], Road]) -> None:
    """What was said meanwhile is written when there is room again."""
    road = remembering()
    Client(road).ask(FACT)
    wait_for(road, FACT)
    road.proxy.limit_files(0)
    bodies = [claude(ask(f"The disk is full, part {n}."), session=new_session()) for n in range(3)]
    calls = [road.post("/v1/messages", body, {}, Answer(ANTHROPIC_REPLY)) for body in bodies]
    assert [call.answer.status for call in calls] == [200, 200, 200]
    road.proxy.limit_files(-1)
    wait_for(road, *(f"The disk is full, part {n}." for n in range(3)))


def test_no_secret_and_no_envelope_is_in_any_file(remembering: Callable[[], Road]) -> None:
    """P13: the bytes of memory's files and of the event log are looked through."""
    road = remembering()
    Client(road).ask(f"{FACT} The token is {SECRET}.")
    wait_until(lambda: any("walrus" in text for text in kept(road)), "it is kept")
    Client(road).ask(QUESTION)
    road.proxy.stop()
    files = _files(road.proxy.setup.home / "state")
    assert any(file.name == "memory.db" for file in files)
    for file in files:
        assert SECRET.encode() not in file.read_bytes(), file
    for junk in (b"system-reminder", b"agent for tests", b"Primary working", b"[Memory m-", b"billing"):
        assert junk not in b"".join(file.read_bytes() for file in files if "memory" in file.parts), junk


def _files(folder: Path) -> Sequence[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]
