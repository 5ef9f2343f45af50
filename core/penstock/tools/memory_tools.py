"""`MEMORY_TOOLS`: the agent tools for the memory of a project: `recall`, `workingset`, `tag_summary`, `list_memories`,
`list_learned`, `feedback`, `remember`, `forget`; `remembered` shows one item. Texts of more than 12,000 characters
together are cut. Raises `PenstockError` in words for the agent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from penstock.base.errors import PenstockError
from penstock.base.format import moment
from penstock.memory.clean import escape_marks
from penstock.plugins.tool import Caller, Tool
from penstock.tools.answer_text import LIMIT, json_of

__all__ = ["MEMORY_TOOLS", "remembered"]

LONGEST = 12_000
"""Characters that one call gives."""
DIGITS = 8
"""The least digits of an id with which an item can be forgotten; a search gives as many."""
_EACH = 1_200
_MOST = 20
_AROUND = 3
_LEAST, _WEAK = 3.0, 6.5
"""How sure a hit must be to be told, and below what it is called weak. What has nothing to do with a question comes to
2 or so, an answer to 6 and more; a note on the road needs 11."""
_FEWEST, _CLOSER = 100, 0.9
"""The fewest tokens of a working set, and how far below the estimate that fits it is asked for again."""
_PLAIN = {"label": "", "pinned": False, "helpful": 0, "wrong": 0}
"""What an item has that nobody marked."""
_NOTHING = "[nothing of this project is remembered that fits]"


def recall(
    caller: Caller,
    purpose: Annotated[str, Field(min_length=1, max_length=8_000)],
    limit: Annotated[int, Field(ge=1, le=_MOST)] = 5,
) -> str:
    """Find what was said and done in earlier sessions of this project, by any agent, and in parts of this session that
    were summarised away. Call this when a person refers to something you do not see ("as we decided", "the bug from
    last week"), before asking them to repeat it, and before deciding again what may have been decided already.

    purpose: what you look for, or what you need it for, in words. Names, paths and error texts help; so do times ("last
    week", "in May").
    limit: how many, 20 at most.

    Each answer begins with its id and date; a weak match may be about something else. What was said then may be out of
    date: check it against the code as it is. `expand` shows one whole, with what was said around it."""
    found = caller.memory("search", {"query": purpose, "project": caller.project, "limit": limit})
    hits = [hit for hit in found["hits"] if hit.get("sure", _WEAK) >= _LEAST]  # a proxy of before does not say
    out = [_entry(hit, _EACH) for hit in hits]
    notes = [f"[words alone or vectors alone answered: {down}]" for down in found["degraded"]]
    notes += [f"[{word!r} is nowhere; {near!r} was looked for]" for word, near in found["corrected"].items()]
    return _joined([*(out or [_NOTHING]), *notes])


def remembered(caller: Caller, id: str) -> str:
    """One memory whole, with what was said before and after it in its session. Raises `PenstockError`."""
    found = caller.memory("show", {"id": id, "project": caller.project, "around": _AROUND})
    near = [[_entry(item, _EACH // 2) for item in found[where]] for where in ("before", "behind")]
    return _joined([*near[0], f">>> {_entry(found['item'], LONGEST)}", *near[1]])


def workingset(
    caller: Caller,
    purpose: Annotated[str, Field(min_length=1, max_length=8_000, description="The task, in words.")],
    token_budget: Annotated[int, Field(ge=_FEWEST, le=20_000)] = 4_000,
) -> Any:
    """Give what is needed at hand to go on with a task of this project, in sections and within a number of tokens: the
    mission, constraints, decisions, files, what is open, what was said last, diffs and documents about it. Call this
    when you take over work that another session or agent began. At most 30,000 characters are given."""
    tokens, size = token_budget, LIMIT + 1
    while size > LIMIT and tokens >= _FEWEST:
        asked = {"purpose": purpose, "project": caller.project, "token_budget": tokens}
        found = caller.memory("workingset", asked)
        size = len(json_of(found))
        tokens = int(tokens * _CLOSER * LIMIT / size)
    return found


def tag_summary(
    caller: Caller,
    tag: Annotated[str, Field(min_length=1, max_length=60)],
    token_budget: Annotated[int, Field(ge=60, le=4_000)] = 400,
) -> str:
    """Summarise what was said about one topic of this project, in the order of time and within a number of tokens. Call
    this when a note or a person names a topic whose discussion you do not see.

    tag: the topic, as it was named: a file, a function, a word or two."""
    found = caller.memory("tag", {"tag": tag, "project": caller.project, "most": token_budget})
    return _joined([_entry({**_PLAIN, **part, "text": "\n".join(part["sentences"])}, _EACH) for part in found["parts"]])


def feedback(
    caller: Caller,
    id: str,
    feedback_type: Literal["helpful", "wrong", "outdated", "duplicate"],
    comment: Annotated[str, Field(max_length=2_000)] = "",
) -> str:
    """Say of a memory that it was helpful, or is wrong, outdated or a duplicate: it counts in later searches. Call this
    when what `recall` gave turned out to be so.

    id: the id that recall names."""
    asked = {"item_id": id, "feedback_type": feedback_type, "project": caller.project, "comment": comment}
    caller.memory("feedback", {**asked, "by": caller.by})
    return f"[noted: {feedback_type}]"


def list_memories(
    caller: Caller,
    limit: Annotated[int, Field(ge=1, le=50)] = 20,
    skip: Annotated[
        int, Field(ge=0, le=1_000_000, description="So many of the newest are left out: for the next page.")
    ] = 0,
) -> str:
    """List what is remembered of this project, the newest first, 20 at a time."""
    found = caller.memory("list", {"project": caller.project, "limit": limit, "skip": skip})
    return _joined([_entry(item, _EACH // 4) for item in found["items"]] or [_NOTHING])


def list_learned(
    caller: Caller,
    kind: Annotated[str, Field(description="Only this kind: fix, together, unused, correction. Empty: all.")] = "",
    limit: Annotated[int, Field(ge=1, le=50)] = 20,
) -> str:
    """List what was learned from earlier turns of this project: what fixed an error, which files change together,
    whose output was never used again, what the person corrected; each with how often it held, by kind, those that held
    most often first. `feedback` says of one that it is helpful or wrong, `forget` deletes it."""
    asked = {"project": caller.project, "kind": kind, "limit": limit}
    found = caller.memory("learned", asked)["items"]
    lines = [
        f"{one['id']}  {one['role']}, held {one['confirmed']} of {one['seen']} times, last {moment(one['last_at'])}:\n"
        f"{escape_marks(one['text'])}"
        for one in found
    ]
    return _joined(lines or [f"[nothing{f' of kind {kind}' if kind else ''} was learned in this project]"])


def remember(caller: Caller, text: str) -> str:
    """Remember something for later sessions of this project: a decision with its reason, a convention, a person's
    wish, what turned out to be the cause of a problem. One fact in one or two sentences that can be understood
    alone. What is said in the conversation is remembered anyway; do not repeat it, and never write secrets.

    text: what to remember."""
    found = caller.memory("remember", {"text": text, "project": caller.project, "role": "assistant"})
    ids = ", ".join(item["id"] for item in found["items"])
    return f"[remembered as {ids}]" if found["new"] else f"[known already, as {ids}]"


def forget(caller: Caller, id: str) -> str:
    """Delete a memory of this project for good. Only when a person asks for it; for what is merely out of date,
    remember what holds now instead.

    id: the whole id that recall names."""
    if len(id.strip()) < DIGITS:
        raise PenstockError(f"{id!r} is too short to delete by: give the whole id that recall names")
    found = caller.memory("forget", {"ids": [id], "project": caller.project})
    return f"[forgotten; {found['fault']}]" if found.get("fault") else "[forgotten]"


MEMORY_TOOLS = (
    Tool(recall, "Recall"),
    Tool(workingset, "Working set"),
    Tool(tag_summary, "Tag summary"),
    Tool(list_memories, "List memories"),
    Tool(list_learned, "List what was learned"),
    Tool(feedback, "Feedback on a memory", "adds"),
    Tool(remember, "Remember", "adds"),
    Tool(forget, "Forget a memory", "deletes"),
)


def _entry(item: dict[str, Any], longest: int) -> str:
    """A memory as text: id, date, speaker, session, and what was said."""
    when = moment(item["at"]) if item["at"] else "date not known"
    who = {"user": "the person", "assistant": "the agent", "tool": "what was done, output quoted"}.get(
        item["role"], item["role"]
    )
    session = item["label"] or item["session"][:DIGITS]
    text = escape_marks(item["text"].encode("utf-8", "replace").decode("utf-8"))  # half a character can not be sent
    text = text if len(text) <= longest else f"{text[:longest].rstrip()} … [cut: expand {item['id']} gives all of it]"
    return f"{item['id']}  {when}, {who}{f', session {session}' if session else ''}{_marks(item)}:\n{text}"


def _marks(item: dict[str, Any]) -> str:
    marks = ["pinned by a person"] * item["pinned"] + ["marked wrong"] * (item["wrong"] > item["helpful"])
    marks += ["a weak match"] * (item.get("sure", _WEAK) < _WEAK)
    return f", {', '.join(marks)}" if marks else ""


def _joined(entries: list[str]) -> str:
    """As many entries as fit the limit."""
    out: list[str] = []
    room = LONGEST
    for entry in entries:
        room -= len(entry) + 2
        if out and room < 0:
            out.append(f"[{len(entries) - len(out)} more: ask for fewer, or more closely]")
            break
        out.append(entry)
    return "\n\n".join(out)
