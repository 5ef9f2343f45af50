"""`run_stage`: runs one stage on one request, and returns what it proposed and the edited body (`Result`); raises
`PromiseBroken` for a body that breaks a promise. `draft_for` and `profile_of` make the draft and the profile for it."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from penstock.base.clock import ManualClock
from penstock.base.errors import Unreadable
from penstock.conversation.conversation import Conversation, Role
from penstock.conversation.exchange import Exchange, Identity, Request
from penstock.dialects.base import Dialect, Endpoint
from penstock.edits.edit import Edit
from penstock.edits.ledger import resolve
from penstock.engine.pipeline import Pipeline, Verdict
from penstock.identify.classify import Classifier
from penstock.plugins.draft import Draft
from penstock.plugins.stage import Stage
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.testing.bodies import dialect_of, path_of
from penstock.testing.checks import check_rewrite

__all__ = ["Result", "draft_for", "profile_of", "run_stage"]


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a stage on a request."""

    verdict: Verdict
    """What the events say: the outcome, and the stage's own remark or the error it raised."""
    edits: tuple[Edit, ...]
    """The edits that the stage proposed."""
    body: bytes = field(repr=False)
    """What would leave, with every edit landed."""
    draft: Draft
    """The draft as the next stage would get it: `draft.prompt`, `draft.refused`."""


def profile_of(toml: str = "", *, base: str = "default") -> Profile:
    """A profile that extends `base` with what a person would write into its file:

    `profile_of('[stage.shorten]\\nkeep = 5')`. Raises `ProfileError`.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "test.toml"
        file.write_text(f'extends = "{base}"\n{toml}', encoding="utf-8")
        return profiles.load(str(file))


def draft_for(
    body: bytes, *, dialect: str | Dialect = "anthropic", path: str = "", new: Collection[int] | None = None
) -> Draft:
    """A draft over a request body. The messages whose indexes are in `new` count as never sent before; None: all."""
    spoken = dialect_of(dialect) if isinstance(dialect, str) else dialect
    path = path or path_of(spoken.name)
    conversation = spoken.read(body, path)
    return Draft(_exchange(spoken, path, conversation), conversation, lambda m, _: new is None or m in new)


def run_stage(
    stage: Stage,
    body: bytes,
    *,
    dialect: str | Dialect = "anthropic",
    path: str = "",
    new: Collection[int] | None = None,
    profile: Profile | None = None,
) -> Result:
    """Let `stage` propose on a request, as the engine would, and land everything at once.

    Raises `Unreadable` for a body in another format than `dialect`.
    Raises `PromiseBroken` when that makes a request the provider refuses, touches thinking, tool calls or media, or
    changes anything but the blocks that were edited. A stage that raises gives a verdict `failed`, as on the wire.
    """
    spoken = dialect_of(dialect) if isinstance(dialect, str) else dialect
    path = path or path_of(spoken.name)
    try:
        draft = draft_for(body, dialect=spoken, path=path, new=new)
    except Unreadable as e:
        raise Unreadable(f"{e}: no request in {spoken.name}. Give run_stage the dialect that the body has") from None
    pipeline = Pipeline(profile or profile_of(), [stage], ManualClock())
    draft, verdict = pipeline.run(0, draft)
    changes = resolve(draft.conversation, draft.edits).changes
    out = spoken.splice(draft.conversation, changes)
    check_rewrite(spoken, path, draft.conversation, out, changes)
    return Result(verdict, draft.edits, out, draft)


def _exchange(dialect: Dialect, path: str, conversation: Conversation) -> Exchange:
    identity = Identity("test", dialect.provider, "", "main", "penstock-testing")
    request = Request("test", "POST", "localhost", path, {}, conversation.body)
    newest = conversation.newest_user()
    return Exchange(
        id="test",
        dialect=dialect.name,
        path=path,
        kind=Classifier(profiles.load("default").kinds).kind(request, Endpoint.TURN, conversation, identity),
        identity=identity,
        model=conversation.model,
        turn=sum(1 for m in conversation.messages if m.role is Role.USER and m.prompt),
        prompt=conversation.messages[newest].prompt if newest is not None else "",
    )
