"""What is taken from transcripts, and what is not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import PenstockError
from penstock.transcripts import Transcript, found, homes, read
from penstock.transcripts import claude_code as claude
from penstock.transcripts import codex as rollout

AT = "2026-03-04T05:06:07.000Z"
THEN = 1772600767.0


def claude_line(kind: str, content: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "message": {"role": kind, "content": content},
        "timestamp": AT,
        "sessionId": "s-1",
        "cwd": "/home/ada/kiln",
        "isSidechain": False,
        **more,
    }


def text(words: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": words}]


def call(name: str = "Read") -> list[dict[str, Any]]:
    return [{"type": "tool_use", "id": "t", "name": name, "input": {}}]


def codex_line(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": AT, "type": "response_item", "payload": {"type": kind, **payload}}


def asked(words: str) -> dict[str, Any]:
    return codex_line("message", role="user", content=[{"type": "input_text", "text": words}])


def answered(words: str, **more: Any) -> dict[str, Any]:
    return codex_line("message", role="assistant", content=[{"type": "output_text", "text": words}], **more)


def written(folder: Path, name: str, *lines: object) -> Path:
    file = folder / name
    file.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    return file


def spoken(transcript: Transcript) -> list[tuple[str, str]]:
    return [(said.role, said.text) for said in transcript.said]


def test_claude_code_turns(tmp_path: Path) -> None:
    """A person's words and the final text of each turn, with session, folder and time; no tool call, no result, nothing
    said on the way to a call, no thinking."""
    transcript = read(
        written(
            tmp_path,
            "x.jsonl",
            {"type": "queue-operation", "content": "Why does the kiln overheat?", "sessionId": "s-1"},
            claude_line("user", "Why does the kiln overheat?"),
            claude_line("attachment", None, attachment={"type": "environment"}, rendered=text("<system-reminder>")),
            claude_line("assistant", [{"type": "thinking", "thinking": "Hm."}]),
            claude_line("assistant", text("I look at the controller.")),
            claude_line("assistant", call()),
            claude_line("user", [{"type": "tool_result", "content": "def heat(): ..."}], toolUseResult={"x": 1}),
            claude_line("assistant", text("Its sensor is read twice.")),
            claude_line("assistant", text("Read it once.")),
            claude_line("user", [*text("Do so."), {"type": "image", "source": {}}]),
        )
    )
    assert spoken(transcript) == [
        ("user", "Why does the kiln overheat?"),
        ("assistant", "Its sensor is read twice."),
        ("assistant", "Read it once."),
        ("user", "Do so."),
    ]
    assert (transcript.session, transcript.folder, transcript.broken) == ("s-1", "/home/ada/kiln", [])
    assert transcript.said[0].at == THEN


@pytest.mark.parametrize(
    "line",
    [
        claude_line("user", "Base directory for this skill.", isMeta=True),
        claude_line("user", "A sub-agent's task.", isSidechain=True),
        claude_line("user", "A summary.", isCompactSummary=True, isVisibleInTranscriptOnly=True),
        claude_line("assistant", text("API Error: 500"), isApiErrorMessage=True),
        claude_line(
            "user", "This session is being continued from a previous conversation that ran out of context. ..."
        ),
        claude_line("user", "[Request interrupted by user for tool use]"),
        claude_line("user", [{"type": "tool_result", "content": text("a result")}]),
        claude_line("system", "Conversation compacted", subtype="compact_boundary"),
        {"type": "assistant", "message": {"model": "<synthetic>", "content": text("No response requested.")}},
        {"type": "summary", "summary": "Kiln", "leafUuid": "x"},
        {"type": "user"},
        {"type": "user", "message": 7},
        {"type": "attachment", "attachment": "x"},
        {"type": "attachment", "attachment": {"type": "queued_command", "commandMode": "task-notification"}},
    ],
)
def test_what_no_person_said(line: dict[str, Any], tmp_path: Path) -> None:
    """Stands in a transcript all the same, and is left out."""
    assert read(written(tmp_path, "x.jsonl", line)).said == []


def test_words_typed_meanwhile(tmp_path: Path) -> None:
    """What a person says while the agent works is a turn like any other."""
    queued = {"type": "queued_command", "prompt": "And mind the vents.", "commandMode": "prompt"}
    transcript = read(written(tmp_path, "x.jsonl", claude_line("attachment", None, attachment=queued)))
    assert spoken(transcript) == [("user", "And mind the vents.")]


def test_codex_turns(tmp_path: Path) -> None:
    """The same of a rollout: no instructions, no environment, no commentary, nothing before a call."""
    transcript = read(
        written(
            tmp_path,
            "rollout-x.jsonl",
            {"timestamp": AT, "type": "session_meta", "payload": {"id": "s-2", "cwd": "/home/ada/kiln"}},
            codex_line("message", role="developer", content=[{"type": "input_text", "text": "You are Codex."}]),
            asked("<environment_context>\n<cwd>/x</cwd></environment_context>"),
            asked("# AGENTS.md instructions for /home/ada/kiln\n\n<INSTRUCTIONS>..."),
            asked("Why does the kiln overheat?"),
            {"timestamp": AT, "type": "event_msg", "payload": {"type": "user_message", "message": "Why ...?"}},
            answered("I look.", phase="commentary"),
            answered("Looking further."),
            codex_line("custom_tool_call", name="exec", input="..."),
            codex_line("custom_tool_call_output", output="def heat(): ..."),
            answered("Its sensor is read twice.", phase="final_answer"),
        )
    )
    assert spoken(transcript) == [("user", "Why does the kiln overheat?"), ("assistant", "Its sensor is read twice.")]
    assert (transcript.session, transcript.folder, transcript.is_aside) == ("s-2", "/home/ada/kiln", False)


def test_an_old_rollout(tmp_path: Path) -> None:
    """Its items are bare."""
    item = asked("Why does the kiln overheat?")["payload"]
    transcript = read(written(tmp_path, "rollout-x.jsonl", {"id": "s-3", "timestamp": AT, "instructions": ""}, item))
    assert (transcript.session, spoken(transcript)) == ("s-3", [("user", "Why does the kiln overheat?")])


def test_a_subagents_rollout_is_known(tmp_path: Path) -> None:
    """Nobody spoke in it."""
    source = {"subagent": {"thread_spawn": {}}}
    meta = {"timestamp": AT, "type": "session_meta", "payload": {"id": "s", "cwd": "/x", "source": source}}
    assert read(written(tmp_path, "rollout-x.jsonl", meta)).is_aside


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    """The others are read."""
    good = claude_line("user", "Still here.")
    transcript = read(written(tmp_path, "x.jsonl", "{half", good, "[1]", "", '{"type": "user", "mess', "\x00"))
    assert spoken(transcript) == [("user", "Still here.")]
    assert transcript.broken == [1, 3, 5, 6]


def test_the_first_line_may_have_a_mark_of_its_encoding(tmp_path: Path) -> None:
    """Editors put it there; the words behind it are a person's all the same. Further on it is a fault of the line."""
    file = written(tmp_path, "x.jsonl", claude_line("user", "How hot is it?"), claude_line("user", "Is it?"))
    one, two = file.read_bytes().splitlines()
    file.write_bytes(b"\xef\xbb\xbf" + one + b"\n\xef\xbb\xbf" + two)
    transcript = read(file)
    assert spoken(transcript) == [("user", "How hot is it?")]
    assert transcript.broken == [2]


@pytest.mark.parametrize(
    ("escaped", "is_read"),
    [
        (r"half \ud800 of it", "half \ufffd of it"),
        (r"\udc00\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\ude00 \ud83d", "\U0001f600 \ufffd"),
        (r"\\ud800 is an escape, \ud800 is none", "\\ud800 is an escape, \ufffd is none"),
    ],
)
def test_half_a_character_loses_no_words(tmp_path: Path, escaped: str, is_read: str) -> None:
    """A client cut a text in its middle: U+FFFD stands there, and the rest stays."""
    line = json.dumps(claude_line("user", "WORDS")).replace("WORDS", escaped)
    transcript = read(written(tmp_path, "x.jsonl", line, r'{"\ud800'))
    assert spoken(transcript) == [("user", is_read)]
    assert transcript.broken == [2]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(), some, max_size=3),
    max_leaves=8,
)
_WORDS = (
    "type",
    "message",
    "content",
    "role",
    "payload",
    "user",
    "assistant",
    "attachment",
    "text",
    "cwd",
    "sessionId",
)
_KEYED = st.recursive(
    _JSON | st.sampled_from(_WORDS),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), some, max_size=6),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(_WORDS), _KEYED, max_size=8))
def test_any_line_is_read(line: dict[str, Any]) -> None:
    """Of whatever shape: a client of next year must not end an import."""
    for take in (claude.take, rollout.take):
        take(line, Transcript(Path("x")))
        for kind in ("user", "assistant", "attachment", "response_item", "session_meta"):
            take({**line, "type": kind}, Transcript(Path("x")))


def test_files_are_found_once(tmp_path: Path) -> None:
    """In folders at any depth; a place that is not there is named."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    one, two = written(deep, "one.jsonl"), written(tmp_path, "two.jsonl")
    written(tmp_path, "notes.md")
    assert found([tmp_path, deep, one]) == [one, two]
    with pytest.raises(PenstockError, match=r"nowhere is not there"):
        found([tmp_path / "nowhere"])


def test_what_is_no_file_is_called_so(tmp_path: Path) -> None:
    """A device or a pipe would be read for ever."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    for place in (tmp_path / "pipe.jsonl", Path("/dev/zero")):
        with pytest.raises(PenstockError, match=r"is no regular file"):
            found([place])
    assert found([tmp_path]) == []


def test_where_clients_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the home, or where their own variables say."""
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert homes() == []
    (tmp_path / ".claude" / "projects").mkdir(parents=True)
    (tmp_path / "elsewhere" / "sessions").mkdir(parents=True)
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "elsewhere"))
    assert homes() == [tmp_path / ".claude" / "projects", tmp_path / "elsewhere" / "sessions"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(PenstockError, match=r"gone\.jsonl cannot be read: No such file"):
        read(tmp_path / "gone.jsonl")
