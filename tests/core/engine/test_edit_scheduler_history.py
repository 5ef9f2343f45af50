"""What a client's own compaction throws away."""

from __future__ import annotations

from penstock import handle_of
from penstock.conversation.conversation import transcript
from penstock.engine.edit_scheduler import archive_history
from penstock.store.in_memory import MemoryStore
from penstock.testing import assistant, call, conversation, dialect_of, results, user

READ = dialect_of("anthropic").read(
    conversation(user("look"), assistant("yes", call("Read", path="a.py")), results("its text")), "/v1/messages"
)


def test_a_transcript_has_every_word_and_who_said_it() -> None:
    """In order: words, calls and results."""
    assert transcript(READ.messages) == '[user] look\n\n[assistant] yes\n{"path":"a.py"}\n\n[user] its text'


def test_a_history_is_kept_once() -> None:
    """However often the request comes, and the handle is told each time."""
    store = MemoryStore()
    said = [archive_history(store, READ, "talk", at) for at in (1.0, 2.0)]
    (found,) = store.find_originals()
    assert said[0] == said[1]
    assert said[0].handle == handle_of(found.text)
    assert (found.conversation, found.at, found.reason) == ("talk", 2.0, said[0].why)
    assert said[0].messages == 3
    assert said[0].tokens > 5
