"""Where the service finds the memory: at a proxy, or opened by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.base.errors import MemoryDown, NotFound, PenstockError
from penstock.profiles.profile import Profile, load
from penstock.store.lock import StoreLock, is_taken
from penstock.store.sql import SqlStore
from penstock_service.memory.reach import MemoryReach
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, stopping, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def profile(quick_profile: Path) -> Profile:
    return load(str(quick_profile))


@pytest.fixture
def reach(tmp_path: Path, profile: Profile) -> Iterator[MemoryReach]:
    """One that keeps the memory open until it is wanted."""
    reach = MemoryReach(tmp_path / "penstock.db", lambda: profile, idle_s=600)
    yield reach
    reach.close()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


def remember(reach: MemoryReach, text: str) -> None:
    reach.do("remember", {"text": text, "project": "p"})


def texts(reach: MemoryReach) -> set[str]:
    return {item["text"] for item in reach.do("list", {"project": "p"})["items"]}


def test_it_stays_open_between_calls_and_is_let_go_of(tmp_path: Path, profile: Profile) -> None:
    """When nobody has asked for a while, and at the end; in between it can be asked again."""
    record = paths.memory_dir(tmp_path / "penstock.db") / "memory.db"
    reach = MemoryReach(tmp_path / "penstock.db", lambda: profile, idle_s=0.2)
    remember(reach, "The kiln runs at 900 degrees.")
    wait_until(lambda: not is_taken(record), "it is closed")
    assert texts(reach) == {"The kiln runs at 900 degrees."}
    reach.close()
    assert not is_taken(record)
    with pytest.raises(MemoryDown, match="ends"):
        texts(reach)


def test_many_may_ask_at_once(reach: MemoryReach) -> None:
    """It is opened once; and not closed under those who still wait for an answer."""
    reach.let_go()
    threads = [threading.Thread(target=remember, args=(reach, f"The kiln runs at {n} degrees.")) for n in range(12)]
    for thread in threads:
        thread.start()
    reach.let_go()
    for thread in threads:
        thread.join()
    assert len(texts(reach)) == 12


def test_who_waited_for_the_same_failure_does_not_try_again(
    tmp_path: Path, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each would wait as long as all before it."""
    monkeypatch.setattr("penstock_service.memory.reach.PATIENCE_S", 1.0)
    (tmp_path / "memory").mkdir()
    lock = StoreLock(tmp_path / "memory" / "memory.db")
    (tmp_path / "memory" / "memory.db").touch()
    tried, faults = list[Profile](), list[str]()

    def opened_by() -> Profile:
        tried.append(profile)
        return profile

    reach = MemoryReach(tmp_path / "penstock.db", opened_by)
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait()
        with pytest.raises(MemoryDown) as e:
            reach.do("list", {})
        faults.append(str(e.value))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faults) == 8
    assert len(set(faults)) == 1
    assert len(tried) < 8
    lock.release()
    assert reach.do("list", {}) == {"items": []}
    reach.close()


def test_what_is_wrong_with_a_call_is_told_apart(reach: MemoryReach) -> None:
    """From what is not there, and from what can be tried again."""
    remember(reach, "The kiln runs at 900 degrees.")
    with pytest.raises(NotFound):
        reach.do("show", {"id": "00000000"})
    with pytest.raises(PenstockError, match="there is no command") as found:
        reach.do("nonsense", {})
    assert not isinstance(found.value, NotFound | MemoryDown)


def test_one_that_takes_the_store_gets_the_memory(reach: MemoryReach, tmp_path: Path) -> None:
    """Soon, although nobody asks."""
    record = paths.memory_dir(tmp_path / "penstock.db") / "memory.db"
    remember(reach, "The kiln runs at 900 degrees.")
    assert is_taken(record)
    store = SqlStore(tmp_path / "penstock.db")
    wait_until(lambda: not is_taken(record), "it is let go of")
    store.close()


@pytest.mark.parametrize("remembers", [True, False])
def test_a_proxy_that_starts_and_ends(
    tmp_path: Path, quick_profile: Path, profile: Profile, provider: Provider, remembers: bool
) -> None:
    """What the service kept the proxy finds, and the other way round. One that remembers nothing wants no memory, and
    the service keeps it."""
    settings = quick_profile.read_text() + f"enabled = {str(remembers).lower()}\n"
    setup = Setup(tmp_path, provider.port, profile=settings)
    record = paths.memory_dir(setup.store) / "memory.db"
    reach = MemoryReach(setup.store, lambda: profile, idle_s=600)
    try:
        remember(reach, "Kept by the service.")
        with stopping(Proxy(setup)) as proxy:
            proxy.port()
            wait_until(lambda: "Kept by the service." in texts(reach), "it is reached")
            remember(reach, "Kept beside the proxy.")
            assert len(texts(reach)) == 2
            with pytest.raises(NotFound):
                reach.do("show", {"id": "00000000"})
            with pytest.raises(PenstockError, match="there is no command"):
                reach.do("nonsense", {})
        assert is_taken(record) is not remembers, "who has it when the proxy has ended"
        assert texts(reach) == {"Kept by the service.", "Kept beside the proxy."}
    finally:
        reach.close()
