"""Both stages together, over random conversations: what must hold whatever was said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plugins.pruning.talk import Talk, results, source, texts, without_marks
from tests.sizing import examples

SETTINGS = st.sampled_from(["safe", "balanced", "bold"])
FILES = st.sampled_from(["shop/cart.py", "shop/till.py"])
NOISE = [f"step {i} of many went through without a word" for i in range(120)]
ERRORS = st.lists(
    st.sampled_from(["ERROR: cart_total is off", "panic: nil basket", "FAILED test_refund", "Traceback of openTill"]),
    max_size=3,
)
WORDS = st.text("abcdefg .,\n", min_size=1, max_size=30).filter(str.strip)
Step = tuple[str, Any]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("user"), WORDS),
    st.tuples(st.just("agent"), WORDS),
    st.tuples(st.just("read"), st.tuples(FILES, st.integers(20, 22), st.booleans())),
    st.tuples(st.just("run"), ERRORS),
    st.tuples(st.just("edit"), FILES),
    st.tuples(st.just("idle"), st.integers(1, 3)),
    st.tuples(st.just("send"), st.sampled_from([5.0, 400.0])),
)
PLAYS = st.lists(STEPS, min_size=6, max_size=40)
THOROUGH = settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def apply(talk: Talk, what: str, value: Any) -> list[dict[str, Any]] | None:
    if what == "user":
        talk.user(value)
    elif what == "agent":
        talk.agent(value)
    elif what == "read":
        path, size, part = value
        text = source(path[5:9], size)
        given = {"file_path": path, **({"offset": 8, "limit": 30} if part else {})}
        talk.call("Read", given, "\n".join(text.split("\n")[7:37]) if part else text)
    elif what == "run":
        talk.call("Bash", {"command": "make test"}, "\n".join([*NOISE, *value, *NOISE]))
    elif what == "edit":
        talk.call("Edit", {"file_path": value, "old_string": "total", "new_string": "sum"}, "The file was changed.")
    elif what == "idle":
        talk.idle(value)
    else:
        return talk.send(value)
    return None


def play(aggressiveness: str, steps: list[Step], between: Callable[[Talk], None] = lambda talk: None) -> list[Any]:
    """All requests of a conversation as they leave. `send` itself fails on an invalid or larger one."""
    tables = {
        "pruning": {"aggressiveness": aggressiveness},
        "compaction": {"aggressiveness": aggressiveness, "least": 200, "soft": 0.0},
    }
    talk = Talk(**tables).user("Begin with it.")
    out = [talk.send()]
    for what, value in steps:
        sent = apply(talk, what, value)
        if sent is not None:
            out.append((sent, list(talk.messages)))
            between(talk)
    out.append((talk.user("And now?").send(400.0), list(talk.messages)))
    return out


@THOROUGH
@given(SETTINGS, PLAYS)
def test_user_words_stay_whole_and_errors_are_told(aggressiveness: str, steps: list[Step]) -> None:
    """In every request each text of the person's is there to the character, in a message or in a record, and each line
    that tells of an error is; and each request is valid and no larger than the client's own."""
    for sent, came in play(aggressiveness, steps)[1:]:
        words = "\n".join(texts(sent, "user"))
        everything = words + "\n".join(results(sent))
        assert all(text in words for text in texts(came, "user"))
        for result in results(came):
            for line in result.split("\n"):
                if line.startswith(("ERROR", "panic", "FAILED", "Traceback")):
                    assert line in everything


@THOROUGH
@given(SETTINGS, PLAYS)
def test_the_same_conversation_is_edited_the_same(aggressiveness: str, steps: list[Step]) -> None:
    """Played twice, every request leaves the same."""
    assert play(aggressiveness, steps) == play(aggressiveness, steps)


@THOROUGH
@given(SETTINGS, PLAYS)
def test_a_restart_changes_nothing_that_was_sent(aggressiveness: str, steps: list[Step]) -> None:
    """What a message reads when it was sent, it reads in the next warm request, also of a fresh process."""
    talk = Talk(
        pruning={"aggressiveness": aggressiveness},
        compaction={"aggressiveness": aggressiveness, "least": 200, "soft": 0.0},
    )
    before = talk.user("Begin with it.").send()
    for what, value in steps:
        sent = apply(talk, what, value)
        if sent is None:
            continue
        if value < 300.0:
            assert without_marks(sent)[: len(before) - 1] == without_marks(before)[:-1]
        before = sent
        talk.start()
