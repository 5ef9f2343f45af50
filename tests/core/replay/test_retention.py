"""What was kept of what the agent used."""

from __future__ import annotations

from penstock.conversation.conversation import Conversation
from penstock.replay.retention import RetentionStats, RetentionTracker
from penstock.testing import Turn, assistant, call, conversation, dialect_of, path_of, results, user

FOUND = "src/app/store.py:41:def open_store(path):\nunrelated text\nretries = 48213\n"


def read(*turns: Turn) -> Conversation:
    return dialect_of("anthropic").read(conversation(*turns), path_of("anthropic"))


def said(output: str) -> list[Turn]:
    return [user("where is it?"), assistant(call("Grep", pattern="store")), results(output)]


def measure(output: str, sent: str, *answer: Turn) -> RetentionStats:
    """The agent answers after it was sent `sent` where `output` came."""
    kept, watch = RetentionStats(), RetentionTracker()
    watch.take(read(*said(output)), read(*said(sent)), kept)
    after = read(*said(output), *answer, user("go on"))
    watch.take(after, after, kept)
    return kept


def test_what_was_sent_whole_is_kept_whole() -> None:
    """Paths, identifiers and numbers that the agent took from the result."""
    answer = assistant("open_store is in src/app/store.py, with 48213 retries, and so on")
    assert measure(FOUND, FOUND, answer) == RetentionStats(names=3, names_used=3)


def test_what_was_cut_out_is_missed() -> None:
    """By what it used: a name that stands nowhere in what was sent counts against it."""
    answer = assistant("open_store is in src/app/store.py")
    assert measure(FOUND, "src/app/store.py: 1 match", answer) == RetentionStats(names=1, names_used=2)


def test_names_of_the_agents_own_do_not_count() -> None:
    """Nobody took them from anywhere."""
    assert measure(FOUND, "", assistant("new_helper in lib/other.py")) == RetentionStats()


def test_a_call_is_read_with_its_escapes_undone() -> None:
    """What stands in a tool's input was used as well: an edit quotes whole lines."""
    file = "     1\tdef first():\n     2\t    return compute_everything_now()\n     3\tdef last():\n"
    answer = assistant(call("Edit", old="def first():\n    return compute_everything_now()"))
    kept = measure(file, file, answer, results("done"))
    assert (kept.lines, kept.lines_used, kept.names, kept.names_used) == (1, 1, 1, 1)
    assert measure(file, "     1\tdef first():", answer, results("done")).lines == 0


def test_another_history_begins_anew() -> None:
    """After a compaction by the client nothing is measured against what was sent before it."""
    kept, watch = RetentionStats(), RetentionTracker()
    watch.take(read(*said(FOUND), assistant("yes"), user("and?")), read(user("x")), kept)
    shorter = read(user("a summary"), assistant("open_store it is"), user("go on"))
    watch.take(shorter, shorter, kept)
    assert kept == RetentionStats()
