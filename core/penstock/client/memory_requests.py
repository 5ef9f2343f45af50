"""Builds the `Request` of each memory call of the client: `ingest`, `recall`, `working_set` and `feedback`. `project`:
by default the one named like the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from penstock.client.requests import Request, given

__all__ = ["feedback", "ingest", "recall", "working_set"]

Answer = dict[str, Any]


def ingest(
    thread_id: str,
    *,
    chat: str | Sequence[Mapping[str, Any]] | None = None,
    diffs: str | None = None,
    logs: str | None = None,
    documents: str | Sequence[Mapping[str, str]] | None = None,
    project: str | None = None,
    tags: Sequence[str] | None = None,
    wait: bool = True,
) -> Request[Answer]:
    """Store materials of a thread in the memory: `{items: [{id, kind, material, new}], skipped: [{material, why}]}`.
    `chat`: lines "User: …", "Assistant: …", or a list of `{role, content}`; `diffs`: unified; `documents`: a text, or a
    list of `{title, text}`. Without `wait`: `{job, accepted}`, and a job stores it in the background."""
    materials = given(chat=_listed(chat), diffs=diffs, logs=logs, documents=_listed(documents))
    body = given(project=project, tags=None if tags is None else list(tags))
    return Request(
        "POST", "/v1/ingest", _answer, {**body, "thread_id": thread_id, "materials": materials, "wait": wait}
    )


def recall(
    purpose: str, *, thread_id: str | None = None, project: str | None = None, token_budget: int = 1_000
) -> Request[Answer]:
    """The items that serve a purpose, the best first, within a number of tokens: `{items: [{id, kind, text, at,
    session, score, why}], tokens, counted, left_out, weak, degraded}`."""
    body = given(thread_id=thread_id, project=project)
    return Request("POST", "/v1/recall", _answer, {**body, "purpose": purpose, "token_budget": token_budget})


def working_set(
    purpose: str, *, thread_id: str | None = None, project: str | None = None, token_budget: int = 8_000
) -> Request[Answer]:
    """What is needed to go on with a task, in sections: `{mission, constraints, decisions, files, open, recent,
    artifacts, tokens, sources, …}`, each a list of `{id, kind, text, at, whole}`."""
    body = given(thread_id=thread_id, project=project)
    return Request("POST", "/v1/workingset", _answer, {**body, "purpose": purpose, "token_budget": token_budget})


def feedback(
    item_id: str,
    feedback_type: Literal["helpful", "wrong", "outdated", "duplicate"],
    *,
    value: float = 1.0,
    comment: str = "",
    project: str | None = None,
) -> Request[Answer]:
    """Say of an item that it was helpful, or is wrong, outdated or a duplicate: it counts in later searches. `value`:
    how much, from -1 to 1."""
    body = {"item_id": item_id, "feedback_type": feedback_type, "value": value, "comment": comment}
    return Request("POST", "/v1/feedback", _answer, {**body, **given(project=project)})


def _listed(material: Any) -> Any:
    return material if material is None or isinstance(material, str) else [dict(one) for one in material]


def _answer(answer: Any) -> Answer:
    return dict(answer)
