"""The learning stage: what fixed an error is offered when it comes again, with its evidence, and nothing else is."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from penstock.base.pace import Pace
from penstock.memory import FeedbackKind, Memory, MemoryService, chosen
from penstock.testing import assistant, call, results, user
from tests.plugins.learning.agents import BROKEN, FIXED, PROJECT, agent, failing, learned, learns, step

NOTE = b"[Memory m-"


def test_what_fixed_an_error_twice_is_offered_at_the_third_time(memory_service: MemoryService) -> None:
    """Dated, with how often it held, in plain words behind the error, and only there."""
    for day in range(2):
        learns(memory_service, day=day)
    with agent(memory_service, at=1_900_500_000) as talk:
        assert NOTE not in talk.send(user("Run the tests."))
        called = call("Bash", command="pytest -q")
        talk.session.reply(called)
        sent = talk.send(assistant(called), results(BROKEN, failed=True)).decode()
    said = re.search(r"\[Memory m-.*?\]\\n(.*?)\\n\[end", sent)
    assert said is not None
    assert said[1] == (
        "- On 2 of 2 earlier times (the last on 2030-03-18) when `pytest` failed with `ModuleNotFoundError: No module "
        "named 'till'`, `pip install -e .` was run before it passed."
    )
    assert sent.index("No module named 'till'\\n1 failed") < sent.index("[Memory m-")


def test_how_often_it_must_have_held_is_a_setting(memory_service: MemoryService) -> None:
    """Once is enough, if nothing else is said."""
    learns(memory_service)
    with agent(memory_service, settings="confirmed = 2") as talk:
        assert NOTE not in failing(talk)
    with agent(memory_service) as talk:
        assert b"On 1 of 1 earlier times" in failing(talk)


@pytest.mark.parametrize(
    ("error", "command"),
    [("E   ModuleNotFoundError: No module named 'kiln'\n1 failed", "pytest -q"), (BROKEN, "tox -e py")],
)
def test_another_error_or_command_gets_no_note(memory_service: MemoryService, error: str, command: str) -> None:
    """What was learned is about this error of this command."""
    for day in range(3):
        learns(memory_service, day=day)
    with agent(memory_service) as talk:
        assert NOTE not in failing(talk, error, command)


def test_the_note_stays_and_is_said_once(memory_service: MemoryService) -> None:
    """P3: it is replayed with the history byte for byte, and the same error again gets no second one."""
    for day in range(2):
        learns(memory_service, day=day)
    with agent(memory_service, at=1_900_500_000) as talk:
        first = failing(talk)
        again = step(talk, "pytest -q -x", BROKEN, failed=True)
    note = first[first.index(NOTE) : first.index(b"[end of")]
    assert again.count(NOTE) == 1
    assert note in again


def test_what_did_not_hold_is_counted_and_no_longer_offered(memory_service: MemoryService) -> None:
    """Twice it helped, then the tests passed without it: 2 of 5 is below the share that a note needs."""
    for day in range(2):
        learns(memory_service, day=day)
    for day in range(2, 5):
        learns(memory_service, day=day, fix="")
    memory = memory_service.open()
    (item,) = learned(memory_service)
    assert [voice.kind for voice in memory.feedback.of(item.id)] == [FeedbackKind.WRONG] * 3 + [
        FeedbackKind.HELPFUL
    ] * 2
    with agent(memory_service) as talk:
        assert NOTE not in failing(talk)


def test_each_time_is_kept_as_evidence(memory_service: MemoryService) -> None:
    """With the exchange, the session and the time."""
    learns(memory_service, session="11111111-0000-4000-8000-one")
    learns(memory_service, session="22222222-0000-4000-8000-two", day=1)
    (item,) = learned(memory_service)
    voices = memory_service.open().feedback.of(item.id)
    assert [voice.by for voice in voices] == [
        "x0004 in 22222222-0000-4000-8000-two",
        "x0004 in 11111111-0000-4000-8000-one",
    ]
    assert [voice.at for voice in voices] == [pytest.approx(1_900_086_400, abs=60), pytest.approx(1.9e9, abs=60)]


def test_nothing_leaks_into_another_project(memory_service: MemoryService) -> None:
    """P13."""
    for day in range(3):
        learns(memory_service, day=day)
    with agent(memory_service, folder="/srv/other") as talk:
        assert NOTE not in failing(talk)


def test_nothing_leaks_into_another_account(memory_service: MemoryService) -> None:
    """P13: who only names the folder of another account learns nothing of it."""
    for day in range(3):
        learns(memory_service, day=day, headers={"authorization": "Bearer of-ada"})
    with agent(memory_service, headers={"authorization": "Bearer of-mallory"}) as talk:
        assert NOTE not in failing(talk)
    with agent(memory_service, headers={"authorization": "Bearer of-mallory"}, folder=f"{PROJECT} (learned)") as talk:
        assert NOTE not in failing(talk)
    with agent(memory_service, headers={"authorization": "Bearer of-ada"}) as talk:
        assert NOTE in failing(talk)


def test_what_a_person_deletes_is_not_learned_again(memory_service: MemoryService) -> None:
    """Nor is it offered any more."""
    for day in range(2):
        learns(memory_service, day=day)
    memory = memory_service.open()
    (item,) = learned(memory_service)
    memory.forget(item.project, [item.id], stays=True)
    learns(memory_service, day=3)
    learns(memory_service, day=4)
    assert not learned(memory_service)


def test_a_person_has_the_last_word(memory_service: MemoryService) -> None:
    """What a person calls helpful is offered however seldom it held; what a person calls wrong never."""
    learns(memory_service)
    memory = memory_service.open()
    (item,) = learned(memory_service)
    memory.mark(item.project, [item.id], helpful=True)
    with agent(memory_service, settings="confirmed = 5") as talk:
        assert NOTE in failing(talk)
    for _ in range(2):
        memory.mark(item.project, [item.id], helpful=False)
    learns(memory_service, day=1)
    with agent(memory_service) as talk:
        assert NOTE not in failing(talk)


def test_a_secret_is_not_learned(memory_service: MemoryService) -> None:
    """P13: a fix with a credential in it is left out whole."""
    learns(memory_service, fix="pip install --index https://u:hunter2secret@pypi.shop.test/simple till")
    assert not learned(memory_service)
    learns(memory_service, fix="pip install --index https://pypi.shop.test/simple till", day=1)
    assert "pypi.shop.test" in learned(memory_service)[0].text


@pytest.mark.parametrize("top", ['mode = "observe"'])
def test_nothing_is_learned_where_the_profile_observes(memory_service: MemoryService, top: str) -> None:
    learns(memory_service, top=top)
    assert not learned(memory_service)
    assert not learned(memory_service, "unused")


def test_how_much_is_kept_is_bounded(memory_service: MemoryService) -> None:
    """P14: what helped least goes first."""
    for day in range(2):
        learns(memory_service, day=day, settings="patterns = 3")
    for day, name in enumerate(("kiln", "glaze", "wheel", "oven"), 2):
        with agent(memory_service, at=1_900_000_000.0 + day * 86_400, settings="patterns = 3") as talk:
            failing(talk, f"E   ModuleNotFoundError: No module named '{name}'\n1 failed")
            step(talk, f"pip install {name}", "Installed.")
            step(talk, "pytest -q", "12 passed")
            talk.answer("They pass.")
    found = [item.text for item in learned(memory_service)]
    assert len(found) == 3
    assert any(FIXED in text for text in found)


def test_old_patterns_expire(memory_service: MemoryService) -> None:
    learns(memory_service, settings="days = 10")
    memory = memory_service.open()
    assert learned(memory_service)
    memory.expire(1_900_000_000.0 + 11 * 86_400)
    assert not learned(memory_service)


def test_other_kinds_are_offered_where_a_person_asks_for_them(memory_service: MemoryService) -> None:
    """What changes together when a prompt names one of the files, a correction when a conversation begins."""
    asked = 'offer = ["together", "correction"]'
    with agent(memory_service, settings=asked) as talk:
        sent = talk.send(user("Please use pnpm instead of npm."))
        assert NOTE not in sent
        for path in ("shop/till.py", "shop/test_till.py"):
            called = call("Edit", file_path=path, old_string="a", new_string="b")
            talk.session.reply(called)
            talk.send(assistant(called), results("The file was updated."))
        talk.answer("Done.")
    with agent(memory_service, settings=asked) as talk:
        first = talk.send(user("Please change till.py again."))
    assert b"`shop/till.py` changed, `shop/test_till.py` changed in the same turn" in first
    assert b"the user asked for `pnpm` instead of `npm`" in first
    with agent(memory_service) as talk:
        assert NOTE not in talk.send(user("Please change till.py again."))


class Rests(Pace):
    """Rests for hours before all work."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()

    def rest(self) -> float:
        self.asked.set()
        return 10_000.0


def test_while_the_process_is_busy_learning_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As remembering does: nothing waits for what a turn shows before its next one."""
    monkeypatch.setattr("penstock.memory.service.GATHER_S", 0.01)
    pace = Rests()
    service = MemoryService(lambda: Memory(tmp_path / "memory", chosen("trigrams-256")), pace=pace)
    service.open()
    try:
        with agent(service) as talk:
            failing(talk)
            step(talk, FIXED, "Installed.")
            step(talk, "pytest -q", "12 passed")
            talk.session.reply("They pass.")
            assert pace.asked.wait(30)
            assert service.waiting == 1
            assert not learned(service)
            assert service.drain()
            assert len(learned(service)) == 1
    finally:
        service.close()
