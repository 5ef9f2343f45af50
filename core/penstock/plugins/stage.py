"""`Stage`: base class of one step of the pipeline, implemented by plugins; `StageOutcome`: how it ended on a
request."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

    from penstock.conversation.exchange import Exchange
    from penstock.conversation.reply import Reply
    from penstock.plugins.draft import Draft
    from penstock.plugins.idle import Idle
    from penstock.plugins.services import Services

__all__ = ["WRONG_RESULT", "Stage", "StageOutcome"]

WRONG_RESULT = "returned a value that is no text: "
"""Part of the remark on a stage whose `on_request` or `on_flush` returned neither a text nor None; its edits are
kept."""


class StageOutcome(StrEnum):
    """How one stage ended on one request."""

    EDITED = "edited"
    NOTHING = "nothing"
    FAILED = "failed"
    """The stage raised an error; its edits are lost."""
    LATE = "late"
    """The stage was not done by its deadline; its edits are lost."""
    RESTING = "resting"
    """The stage failed too often in a row and is skipped for a while."""
    SKIPPED = "skipped"
    """The stage does not handle requests of this kind."""
    REFUSED = "refused"
    """The stage wants the request answered with an error."""


class Stage:
    """Subclass this, give it a name, and implement what you need.

    Methods run in a thread, may take `deadline` seconds, and may raise: that costs this stage's edits and nothing else.
    One object serves all conversations, from several threads at once: keep what you know by `draft.exchange.identity`.
    """

    name: str = ""
    """Unique; what a profile's list of stages and the events call it."""
    after: tuple[str, ...] = ()
    """Stages this one comes after, when the profile's list does not say."""
    deadline: float | None = None
    """Seconds for one call. None: the profile's `limits.stage_ms`."""
    enabled_by_default: bool = True
    """Run where the profile's list does not name it."""
    settings: BaseModel | None = None
    """What it was made with: a model of the table `[stage.NAME]`. People see its fields, each with the string below it,
    and may change them while the proxy runs: then a new object of the stage is made, and takes over."""

    def migrate_from(self, before: Stage) -> None:
        """Take over what the stage `before` knows: this stage, with other settings, replaces it now. Without this it
        starts as after a restart. `before` may still be at work on earlier requests: share only what is safe for
        threads."""

    def on_services(self, parts: Services) -> None:
        """See what plugins offer this profile, before the first request. Raise `ProfileError` where a setting asks for
        what is not there: that stops start-up."""

    def on_request(self, draft: Draft) -> str | None:
        """Propose edits on the draft. The text returned, if any, is shown as the reason for what was or was not done;
        edits are made with the draft's methods, and any other value than a text or None is reported as a mistake.

        Called for real turns only: no title probes, no `count_tokens`, no client compactions, no retries.
        """

    def on_flush(self, draft: Draft) -> str | None:
        """Propose edits to what was sent before: now they land at once.

        Called after `on_request` when a flush is due: the provider's cache is cold, the window is nearly full, or a
        person asked. Also when keep-alive has bridged a pause: then they land if they pay. This is the time to look at
        the whole history, with all that is known by now; it is rare, and may take longer.
        """

    def on_reply(self, exchange: Exchange, reply: Reply) -> None:
        """Look at the answer, in the background. Called for real turns whose answer came whole."""

    def on_turn_complete(self, exchange: Exchange, reply: Reply) -> None:
        """The agent is done: its answer asks for no tool. In the background, after `on_reply`."""

    def on_idle(self, idle: Idle) -> bool:
        """Whether the last request is to be sent once more, `idle.step_s` after its last use, if the user is still idle
        then: that keeps the provider's cache alive, and costs a read of all of it. Called after each answer, and after
        each time the request was sent again, and once more when it is due, on the event loop: return at once."""
        return False
