"""`Row`: one exchange in the request log, built up from its events (`fold`), with the values the screen computes and
240 characters of the prompt. `keep_alive_row` makes the row of a keep-alive request, whose kind is `KEEP_ALIVE`;
`kept_alive_words` says what such a request cost and read. `ingested_row` makes the row of a turn of a history, whose
kind is `INGESTED`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from penstock.base.readable import one_line
from penstock.conversation.conversation import Role
from penstock.conversation.exchange import State
from penstock.events.event import Event
from penstock.events.request_events import ClassifiedEvent, IngestedTurnEvent, RefusedEvent
from penstock.events.response_events import KeptAliveEvent, LoggedCost, LoggedUsage, TokenSplit
from penstock.stats.exchange import ExchangeStats
from penstock.stats.tags import Tagged
from penstock_tui.format import dollars

__all__ = ["INGESTED", "KEEP_ALIVE", "Row", "ingested_row", "keep_alive_row", "kept_alive_words"]

KEEP_ALIVE = "keep-alive"
"""The kind of a row that is no request of a client: Penstock sent the last one once more for no answer."""
INGESTED = "ingested"
"""The kind of a row that is no request: a turn of the history that the first request of a conversation brought."""

SHORT = 8
"""Characters of a session's id that tell it from others."""
PROMPT_CHARS = 240
"""Characters of a person's words kept in a row; the detail reads them again."""


@dataclass(slots=True, eq=False)
class Row(ExchangeStats):
    """An exchange. Until the request is forwarded, its forwarded size is taken to be the received one; of a refused one
    it is 0."""

    number: int = 0
    """Order of arrival in this log."""
    label: str = ""
    """The user's label of its session."""
    session_number: int = 0
    """Order of appearance of its session in this log, from 1. 0: it is of none."""
    prompt: str = ""
    """The person's words on one line, cut; in a tool loop, the tool whose results came and what it was called for."""
    lost: bool = False
    """Whether it was under way when the proxy ended."""
    history: bool = False
    """Whether it came before the newest start of a proxy."""
    repeats: str = ""
    """For a keep-alive request: the exchange whose request was repeated; for a turn of a history, whose request brought
    it."""
    version: int = 0
    """Counts the changes of the row, so that cached drawings are recognised as old."""

    @property
    def exchange(self) -> str:
        """The id of its exchange."""
        return self.repeats or self.id

    @property
    def session_name(self) -> str:
        """A short name of its session, or of its conversation where the client names no session: the user's label, or
        the beginning of the id."""
        return self.label or (self.session or self.conversation)[:SHORT]

    @property
    def running(self) -> bool:
        """Whether the client has not got its whole answer yet."""
        return not self.is_answered and not self.lost

    @property
    def failed(self) -> bool:
        return self.state is State.FAILED or (self.status or 0) >= 400

    @property
    def removed(self) -> int | None:
        """Tokens that edits removed, less those that replace them. Of an older log: the difference in size."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return max(self.tokens_in - self.tokens_out + (self.injected or 0), 0)

    @property
    def provider_ms(self) -> float | None:
        """Milliseconds from forwarding the request to the end of the answer. None: not forwarded, or still running."""
        if self.ms is None or self.suite_ms is None or self.state is State.REFUSED:
            return None
        return max(self.ms - self.suite_ms - self.queued_ms, 0.0)

    @property
    def all_tags(self) -> tuple[str, ...]:
        """The tags of the request and of its turn, each once."""
        return tuple(dict.fromkeys((*self.inbound.names, *self.response.names)))

    def fold(self, event: Event) -> None:
        """Take in an event of this exchange."""
        self.version += 1
        self.lost = False
        ExchangeStats.fold(self, event)
        said = event.data
        if isinstance(said, ClassifiedEvent):
            self.prompt = one_line(said.words, PROMPT_CHARS) or _results(said)
            if self.state is not State.REFUSED and self.tokens_out is None:
                self.tokens_out = self.tokens_in
        elif isinstance(said, RefusedEvent):
            self.tokens_out = None
            self.ms = max(event.at - self.at, 0) * 1000


def keep_alive_row(of: Row, event: Event, said: KeptAliveEvent, number: int) -> Row:
    """A row for a keep-alive request, which repeated the request of `of`. It is in no sum: `of` counts its cost."""
    row = _row_of(of, Row(f"{of.id}~{of.reads}", event.at, kind=KEEP_ALIVE, number=number, repeats=of.id))
    row.client, row.model, row.prompt = "penstock", one_line(said.model) or of.model, kept_alive_words(said)
    row.tokens_out = said.read + said.write
    row.usage = LoggedUsage(cache_read=said.read, cache_write=said.write)
    came, sent = TokenSplit(0, 0, 0), TokenSplit(0, said.read, said.write)
    row.money = LoggedCost(came, sent, 0, 0, "exact", baseline=0.0, paid=said.usd or 0.0, naive=0.0)
    row.state = State.ANSWERED if row.tokens_out else State.FAILED
    if row.state is State.FAILED:
        row.why, row.error = "stopped", one_line(said.stopped)
    return row


def ingested_row(of: Row, event: Event, said: IngestedTurnEvent, number: int) -> Row:
    """A row for a turn of the history that the request of `of` brought. It is in no sum."""
    row = Row(f"{of.id}~turn{said.turn}", event.at, kind=INGESTED, turn=said.turn, number=number, repeats=of.id)
    row = _row_of(of, row)
    row.client, row.model, row.state = of.client, of.model, State.ANSWERED
    row.prompt, row.response = one_line(f"⇡ {said.turn} {said.message}", PROMPT_CHARS), Tagged.of_history(said)
    return row


def _row_of(of: Row, row: Row) -> Row:
    """`row`, with what it shares with the exchange `of`."""
    for name in (
        "host",
        "path",
        "profile",
        "agent",
        "provider",
        "conversation",
        "session",
        "project",
        "label",
        "session_number",
    ):
        setattr(row, name, getattr(of, name))
    return row


def kept_alive_words(said: KeptAliveEvent) -> str:
    """What a keep-alive request sent, its outcome, and why none follows."""
    written = f" and {said.write:,} written" if said.write else ""
    ends = f"; no more: {said.stopped}" if said.stopped else ""
    came = f"{dollars(said.usd or 0.0)}: {said.read:,} tokens read{written}"
    return one_line(f"↻ {came}, sent again for no answer{ends}", PROMPT_CHARS)


def _results(said: ClassifiedEvent) -> str:
    """The text shown for a tool loop in place of a prompt: the first result since the model's last answer, with what
    its call was about, and how many more there are. Some results name their tool only by the call's id."""
    calls = {block.id: block for block in said.blocks if block.kind == "tool_use"}
    newest = takewhile(lambda block: block.role != Role.ASSISTANT, reversed(said.blocks))
    results = [block for block in newest if block.kind == "tool_result"]
    if not results:
        return ""
    first, call = results[-1], calls.get(results[-1].id)
    name = first.name or (call.name if call is not None else "") or "a tool"
    subject = call.subject if call is not None else ""
    more = f"+{len(results) - 1}" if len(results) > 1 else ""
    return one_line(f"↳ {' '.join(filter(None, (name, subject, more)))}", PROMPT_CHARS)
