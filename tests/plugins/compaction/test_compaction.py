"""Old turns become a record: when, which, and what stays."""

from __future__ import annotations

from typing import Any

import pytest

from penstock import Draft, FlushReason
from penstock.profiles.profile import Window
from penstock.testing import conversation, draft_for
from penstock_plugins.compaction.settings import Settings
from penstock_plugins.compaction.stage import Compaction
from tests.plugins.compaction.talks import talk
from tests.plugins.pruning.talk import COLD, Talk, results, source, texts, without_marks

BALANCED: dict[str, Any] = {"aggressiveness": "balanced", "least": 500}


def long_talk(count: int = 4, /, **compaction: Any) -> Talk:
    talk = Talk(compaction={**BALANCED, **compaction})
    for turn in range(count):
        talk.user(f"Question {turn}: why is part {turn} of the shop slow?")
        talk.call("Read", {"file_path": f"shop/part_{turn}.py"}, source(f"part{turn}"), said=f"I read part {turn} now.")
        talk.call(
            "Bash", {"command": f"make bench-{turn}"}, f"bench {turn}\nerror: slowQuery{turn} took 93{turn} ms\n" * 9
        )
        talk.agent(f"Part {turn} is slow for its query.")
    return talk


def spread(**compaction: Any) -> str:
    """The record of a long talk."""
    talk = long_talk(6, **compaction)
    talk.send()
    return record(talk.user("Go on.").send(COLD))


def record(messages: list[dict[str, Any]]) -> str:
    return next(t for t in texts(messages, "user") if t.startswith("[Record of earlier turns"))


def test_waits_for_a_flush() -> None:
    """With a cache that may be alive every message leaves as it came."""
    talk = long_talk()
    talk.send()
    assert len(talk.user("Go on.").send()) == len(talk.messages)


def test_while_the_cache_is_warm_a_record_may_be_twice_as_long() -> None:
    """What it holds is read then, at a small part of the price at which a cold cache is written."""

    def length(reason: FlushReason) -> int:
        stage = Compaction(Settings(turns=1, least=0, segment=4_000, tokens=500, value=0.0, share=1.0, lines=100), 0.0)
        met = draft_for(conversation(*talk(40)).replace(b"lookup_", b"LookUpTable_x9"))
        draft = Draft(met.exchange, met.conversation, lambda *_: False, sent=len(met.conversation.messages), due=reason)
        stage.on_flush(draft)
        return len(draft.edits[0].text)

    assert 1.5 * length(FlushReason.COLD) < length(FlushReason.PAUSE) < 2.5 * length(FlushReason.COLD)


def test_words_stay_whole_and_calls_become_lines() -> None:
    """All that person and agent said is in the record; a call is one line; the error it gave is told."""
    talk = long_talk()
    talk.send()
    sent = talk.user("Go on.").send(COLD)
    told = record(sent)
    for turn in range(2):
        assert f"User: Question {turn}: why is part {turn} of the shop slow?" in told
        assert f"Agent: I read part {turn} now." in told
        assert f"Agent: Part {turn} is slow for its query." in told
        assert f"\nRead shop/part_{turn}.py\n" in told
        assert f"\nBash make bench-{turn}\n" in told
        assert f">error: slowQuery{turn} took 93{turn} ms" in told
    assert "I look at it first." not in told


def test_a_path_is_written_once_and_then_by_its_end() -> None:
    """By as much of it as no other has; not in a command, which may be repeated, nor in what was searched for. The
    facts write it, too."""
    ours, theirs, note = (
        "/home/ann/orchard/press/fill.py",
        "/home/ann/orchard/tank/fill.py",
        "/home/ann/orchard/note.md",
    )
    talk = Talk(compaction={**BALANCED, "least": 0}).user("Why is it slow?")
    for path in (ours, ours, theirs):
        talk.call("Read", {"file_path": path}, source("fill"))
    for pattern in ("level", f"see {note}"):
        talk.call("Grep", {"pattern": pattern, "path": note}, "no match")
    talk.call("Bash", {"command": f"wc {ours}"}, "7").agent("It reads twice.").user("Mend it.").agent("Done.").send()
    told = record(talk.user("Go on.").send(COLD)).split("\n")
    assert f"Files read: {theirs}, {ours}" in told
    assert [line for line in told if line.startswith(("Read ", "Grep ", "Bash "))] == [
        *("Read press/fill.py", "Read press/fill.py", "Read tank/fill.py"),
        *(f"Grep level in {note}", f"Grep see {note} in note.md", f"Bash wc {ours}"),
    ]


@pytest.mark.parametrize(("tokens", "told"), [(14_000, False), (200, True)])
def test_decisions_are_facts_where_the_words_are_not_whole(*, tokens: int, told: bool) -> None:
    """Else they would stand twice."""
    talk = Talk(compaction={**BALANCED, "least": 0, "tokens": tokens}).user("Why is it slow?")
    talk.call("Read", {"file_path": "shop/part.py"}, source("part"))
    talk.agent(f"We should keep the old name. {'It is slow for another query than that one. ' * 60}")
    talk.user("Mend it.").agent("Done.").send()
    lines = record(talk.user("Go on.").send(COLD)).split("\n")
    assert any(line == "Decisions: Agent: We should keep the old name." for line in lines) is told


def test_the_newest_turns_stay_as_they_are() -> None:
    """As many turns of the agent as the settings say follow the record unchanged, begun by the person's words."""
    talk = long_talk(turns_after := 4)
    talk.send()
    sent = talk.user("Go on.").send(COLD)
    rest = sent[1:]
    assert sent[0]["content"][0]["text"] == record(sent)
    assert sum(m["role"] == "assistant" for m in rest) >= 3
    assert texts(rest, "user")[0].startswith(f"Question {turns_after - 1}")
    assert results(rest)[0] == source("part3")


def test_the_record_reads_the_same_ever_after() -> None:
    """Until the next flush, and after a restart, its every byte stays."""
    talk = long_talk()
    talk.send()
    sent = talk.user("Go on.").send(COLD)
    talk.idle(2)
    assert without_marks(talk.send())[: len(sent)] == without_marks(sent)
    talk.start()
    assert without_marks(talk.idle(1).send())[: len(sent)] == without_marks(sent)


def test_a_later_record_follows_an_earlier_one() -> None:
    """What was recorded is not recorded again: the first record stays to the byte, the second tells what came since."""
    talk = long_talk()
    talk.send()
    first = record(talk.user("Go on.").send(COLD))
    for turn in range(4, 8):
        talk.agent("Well.").user(f"Question {turn}?")
        talk.call("Read", {"file_path": f"shop/part_{turn}.py"}, source(f"part{turn}"))
    talk.idle(3)
    talk.send()
    sent = texts(talk.agent("Well.").user("More.").send(COLD), "user")
    assert sent[0] == first
    assert sent[1].startswith("[Record of earlier turns")
    assert "Question 5?" in sent[1]
    assert "Question 0" not in sent[1]


def test_with_soft_it_waits_until_the_window_fills() -> None:
    """With `soft` there is no record before the request takes so much of the model's window."""
    for window, expected in ((200_000, False), (8_000, True)):
        talk = long_talk(aggressiveness="safe", soft=0.7)
        talk.profile = talk.profile.model_copy(update={"prices": {"anthropic": {"claude-sonnet": {"window": window}}}})
        talk.start()
        talk.send()
        sent = talk.user("Go on.").send(COLD)
        assert any(t.startswith("[Record") for t in texts(sent, "user")) is expected


def test_a_record_that_frees_little_is_not_made() -> None:
    """Nothing changes for less than `least` tokens."""
    talk = long_talk(least=200_000)
    talk.send()
    assert len(talk.user("Go on.").send(COLD)) == len(talk.messages)


def test_what_a_record_can_not_tell_stays() -> None:
    """A turn with a picture in it stands as it came, between two records."""
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
    talk = long_talk(5)
    shown = next(m for m in talk.messages if "Question 2" in str(m["content"]))
    shown["content"].append(picture)
    talk.send()
    sent = talk.user("Go on.").send(COLD)
    assert sum(t.startswith("[Record") for t in texts(sent, "user")) >= 1
    assert any(picture in m["content"] for m in sent)
    assert any("Question 2" in t and not t.startswith("[Record") for t in texts(sent, "user"))


def test_a_breakpoint_of_the_clients_stays() -> None:
    """A message that carries one is not recorded, so that the breakpoint leaves where it came."""
    talk = long_talk(5)
    marked = next(m for m in talk.messages if "Question 1" in str(m["content"]))
    marked["content"][0]["cache_control"] = {"type": "ephemeral"}
    talk.send()
    sent = talk.user("Go on.").send(COLD)
    assert marked in sent
    assert any(t.startswith("[Record") for t in texts(sent, "user"))


def test_a_call_without_a_result_stays() -> None:
    """A fault in the client's history is left where it is, and the turns around it are recorded."""
    talk = long_talk(2)
    talk.user("Stop.").messages.append(
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_lost", "name": "Bash", "input": {}}]}
    )
    for turn in (5, 6):
        talk.user(f"Question {turn}?").call("Read", {"file_path": f"p{turn}.py"}, source(f"q{turn}")).agent("Done.")
    talk.idle(3)
    talk.send()
    sent = talk.user("Go on.").send(COLD)
    assert "toolu_lost" in str(sent)
    assert sum(t.startswith("[Record") for t in texts(sent, "user")) == 2


def test_a_pointer_keeps_its_target_out_of_the_record() -> None:
    """What the agent was just pointed to is still there whole."""
    talk = Talk(compaction={**BALANCED, "turns": 3}, pruning={"aggressiveness": "balanced"})
    talk.user("Look.").call("Read", {"file_path": "shop/cart.py"}, source("cart")).agent("Yes.")
    for turn in range(3):
        talk.user(f"Next {turn}.").call("Bash", {"command": f"cat log-{turn}"}, source(f"log{turn}")).agent("Yes.")
    talk.send()
    talk.user("Again.").call("Read", {"file_path": "shop/cart.py"}, source("cart"))
    assert "unchanged" in results(talk.send())[-1]
    sent = talk.agent("Yes.").user("Go on.").send(COLD)
    assert any("def cart_step_29(" in text for text in results(sent))


def test_pruning_leaves_recorded_turns_alone() -> None:
    """Where both stages run, no edit is kept for a result that a record tells."""
    talk = long_talk()
    talk.profile = talk.profile.model_copy(update={"stages": ("compaction", "pruning")})
    talk.start()
    talk.send()
    talk.user("Go on.").send(COLD)
    assert [found.op for found in talk.store.find_originals() if "part0" in found.text] == ["compact"]


def test_the_head_names_the_turns_and_the_original() -> None:
    """Who reads a record knows which turns it tells, and by which name the whole of them is kept (P8)."""
    talk = long_talk()
    talk.send()
    told = record(talk.user("Go on.").send(COLD))
    head = told.split("\n")[0]
    assert "earlier turns, 1 to 3, in order" in head
    handle = head.partition("`penstock expand ")[2].partition("`")[0]
    (kept,) = talk.store.find_originals(handle)
    assert source("part0") in kept.text
    assert "Question 2" in kept.text
    assert "Question 3" not in kept.text


def test_the_head_names_the_agents_tool_where_there_is_one() -> None:
    """An agent that can ask for an original is told so in the words of its tool."""
    talk = long_talk()
    talk.tools = [{"name": "mcp__penstock__expand", "input_schema": {"type": "object"}}]
    talk.send()
    head = record(talk.user("Go on.").send(COLD)).split("\n")[0]
    assert "The original: expand " in head


def test_a_long_record_is_bounded() -> None:
    """What the agent said goes to the sentences that say most, results lose lines, the head says so; what the person
    said is whole, and each call keeps its line."""
    whole, short = spread(), spread(tokens=200)
    assert len(short) < len(whole)
    assert "What the user and the agent said is whole." in whole
    assert "sentences" in short.split("\n")[0]
    for turn in range(4):
        assert f"User: Question {turn}: why is part {turn} of the shop slow?" in short
        assert f"\nBash make bench-{turn}\n" in short


def test_old_turns_are_cut_into_segments() -> None:
    """Each ends with the turn in which it is full, and is a record of its own."""
    talk = long_talk(6, segment=500, tokens=300)
    talk.send()
    sent = texts(talk.user("Go on.").send(COLD), "user")
    records = [t for t in sent if t.startswith("[Record of earlier turns")]
    assert [r.partition("turns, ")[2][0] for r in records] == ["1", "2", "3", "4", "5"]


def test_a_person_who_asks_is_obeyed_once() -> None:
    """With a warm cache, an empty window and under `safe`: the next request is compacted, its newest turns stay; the
    one after is not."""
    talk = long_talk(8, aggressiveness="safe", turns=4, least=8_000)
    talk.send()
    assert talk.engine.compact_now() == 1
    sent = talk.user("Go on.").send()
    assert record(sent)
    assert sum(m["role"] == "assistant" for m in sent) >= 6
    before = without_marks(sent)
    assert without_marks(talk.idle(8).send())[: len(before)] == before
    talk.user("More.").idle(8)
    assert sum(t.startswith("[Record") for t in texts(talk.send(), "user")) == 1


@pytest.mark.parametrize(("soft", "own", "expected"), [(0.01, None, True), (0.85, None, False), (0.85, 0.01, True)])
def test_the_profile_says_how_full_is_full(soft: float, own: float | None, expected: bool) -> None:
    """`soft` of its `[window]`, where the stage has none of its own."""
    talk = long_talk(aggressiveness="safe", **({} if own is None else {"soft": own}))
    talk.profile = talk.profile.model_copy(update={"window": Window(soft=soft)})
    talk.start()
    talk.send()
    assert any(t.startswith("[Record") for t in texts(talk.user("Go on.").send(COLD), "user")) is expected
