"""Programs that answer over NATS are asked what they know, through a real server; off unless a profile names one."""

from __future__ import annotations

import sys
import threading

import pytest

from penstock import ProfileError, RecallQuestion
from penstock.memory.service import MemoryService
from penstock.plugins.manager import Plugins
from penstock.testing import profile_of
from penstock_plugins.memory.nats_source import NatsSource
from penstock_plugins.memory.settings import NatsSettings
from tests.brokers import NatsBroker
from tests.natsresponder import answering
from tests.plugins.memory.talks import QUESTION, STAGES, Talk

TEXT = "The staging database listens on port 7000 since the move."
ASKED = RecallQuestion(QUESTION, "/srv/shop", "c1", 1000, 10.0)
HAS = b'{"texts": [{"text": "%s", "at": "2030-03-05T10:00:00Z", "place": "wiki"}]}' % TEXT.encode()


def settings(url: str, rest: str = "") -> str:
    return f'{STAGES}[stage.memory]\nwait_ms = 10000\n[stage.memory.nats]\nurl = "{url}"\n{rest}'


def talk(memory_service: MemoryService, profile: str) -> Talk:
    return Talk(memory_service, profile=profile_of(profile))


def test_what_a_program_answers_stands_in_the_note(memory_service: MemoryService, nats_broker: NatsBroker) -> None:
    with answering(nats_broker.url, lambda _: HAS) as questions, talk(memory_service, settings(nats_broker.url)) as one:
        sent = one.ask(QUESTION)
    assert f"- 2030-03-05, source nats (wiki): {TEXT}".encode() in sent
    assert questions == [{"text": QUESTION, "project": "/srv/shop", "tokens": 1000}]


def test_a_secret_is_not_sent_to_it(memory_service: MemoryService, nats_broker: NatsBroker) -> None:
    key = "sk-ant-api03-" + "a1B2" * 20
    with answering(nats_broker.url, lambda _: HAS) as questions, talk(memory_service, settings(nats_broker.url)) as one:
        one.ask(f"{QUESTION} The key is {key}")
    assert len(questions) == 1
    assert key not in str(questions)


def test_nobody_who_answers_is_known_at_once(memory_service: MemoryService, nats_broker: NatsBroker) -> None:
    """No request waits for the deadline, which is long here."""
    with talk(memory_service, settings(nats_broker.url)) as one:
        one.ask(QUESTION)
        assert "nats failed: NoRespondersError" in one.verdict()


def test_a_server_that_is_down_is_known_at_once(memory_service: MemoryService, nats_broker: NatsBroker) -> None:
    """No request waits for the deadline, which is long here, and the reason is told."""
    nats_broker.kill()
    with talk(memory_service, settings(nats_broker.url)) as one:
        one.ask(QUESTION)
        assert "nats failed: ConnectionRefusedError" in one.verdict()


def test_a_program_that_is_late_is_given_up(nats_broker: NatsBroker) -> None:
    """Its thread ends, too."""
    ends = threading.Event()

    def late(_: object) -> bytes:
        ends.wait(60)
        return HAS

    with answering(nats_broker.url, late):
        source = NatsSource(NatsSettings(url=nats_broker.url), "here")
        with pytest.raises(TimeoutError):
            source(RecallQuestion(QUESTION, "", "c1", 1000, 0.2))
        ends.set()


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"texts": [{"at": 1}]}', b'{"texts": [{"text": "a", "at": "soon"}]}'])
def test_an_answer_of_another_form_is_an_error(nats_broker: NatsBroker, answer: bytes) -> None:
    with answering(nats_broker.url, lambda _: answer), pytest.raises(ValueError, match=r"\w"):
        NatsSource(NatsSettings(url=nats_broker.url), "here")(ASKED)


def test_it_is_off_unless_a_profile_names_a_server() -> None:
    plugins = Plugins.load(blocked=["all"])
    assert plugins.parts(profile_of(STAGES)).recall_sources.names == ()
    assert plugins.parts(profile_of(settings("nats://127.0.0.1:4222"))).recall_sources.names == ("nats",)


@pytest.mark.parametrize("url", ["nats://nats.example.com:4222", "http://127.0.0.1:4222", "tls://", "nats://["])
def test_words_leave_the_network_encrypted_only(url: str) -> None:
    with pytest.raises(ValueError, match="tls://… was expected"):
        NatsSettings(url=url)
    for fine in ("tls://nats.example.com", "nats://nats:4222", "nats://10.1.2.3", "nats://[::1]:4222"):
        NatsSettings(url=fine)


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nats.aio.client", None)
    with pytest.raises(ProfileError, match=r"pip install 'penstock\[nats\]'"):
        NatsSource(NatsSettings(url="nats://127.0.0.1"), "here")


def test_the_first_question_does_not_wait_for_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the client's library takes longer than a request waits, so it is done when the source is made."""
    monkeypatch.delitem(sys.modules, "nats.aio.client", raising=False)
    NatsSource(NatsSettings(url="nats://127.0.0.1"), "here")
    assert "nats.aio.client" in sys.modules
