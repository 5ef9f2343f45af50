"""`penstock cost` (`cost`): prints what each session cost, and what it would have cost without Penstock; of the newest
session, or the one asked for, also why little was saved. Raises `PenstockError` if the log has no paid request of the
session asked for. `costs`: the same figures as JSON data, by session, by model and in total, without the reasons."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import typer

from penstock.base.errors import PenstockError
from penstock.base.format import columns, dollars, moment, percent, printable, signed
from penstock.cli import completion
from penstock.cli.numbers import between, finite
from penstock.cli.store_option import LogOption
from penstock.conversation.exchange import Kind
from penstock.events.kinds import EventKind
from penstock.events.request_events import ClassifiedEvent
from penstock.events.response_events import AnsweredEvent, KeptAliveEvent, LoggedCost
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.stats.cost_totals import CostTotals
from penstock.stats.input_at_price import InputAtPrice
from penstock.stats.session_events import session_events
from penstock.stats.why_little_saved import ENOUGH
from penstock.store.base import Store
from penstock.store.reading import all_events, open_log

__all__ = ["cost", "costs"]

DAY = 86_400.0
WIDE = 60
"""Characters of a model's name that are shown: a client may send any."""
_HIGHEST_PRICE = 1_000_000
"""Dollars for a million tokens: a dollar for each. Nobody asks a thousandth of it."""
_KINDS = (EventKind.CLASSIFIED, EventKind.ANSWERED, EventKind.FAILED, EventKind.REFUSED, EventKind.KEPT_ALIVE)
_DOLLARS = ("baseline", "paid", "naive", "saved", "share")
_FIGURES = ("paid requests", "without Penstock", "paid", "saved", "", "compacting", "reads saved", "writes caused")


@dataclass
class _Session:
    """One session of a client."""

    id: str
    client: str
    began: float
    tally: CostTotals = field(default_factory=CostTotals)
    why_little_saved: list[str] | None = None
    """Why little was saved, in sentences. None: that was not examined."""


@dataclass
class _Sums:
    sessions: dict[str, _Session] = field(default_factory=dict)
    models: dict[str, CostTotals] = field(default_factory=lambda: defaultdict(CostTotals))
    total: CostTotals = field(default_factory=CostTotals)
    input: InputAtPrice = field(default_factory=InputAtPrice)

    @property
    def newest_if_poor(self) -> list[_Session]:
        """The session that began last, if it saved little."""
        newest = sorted(self.sessions.values(), key=lambda one: one.began)[-1:]
        return [one for one in newest if (one.tally.share or 0.0) < ENOUGH]


def cost(
    ctx: typer.Context,
    session: Annotated[
        str,
        typer.Option(
            help="Only this session: its id, or how it begins.", metavar="ID", autocompletion=completion.sessions
        ),
    ] = "",
    days: Annotated[
        float, typer.Option(help="Only the last so many days. 0: all the log holds.", min=0, callback=finite)
    ] = 0,
    at: Annotated[
        list[float] | None,
        typer.Option(
            help="What the input would cost at so many dollars for a million tokens, too: 0 to 1,000,000. "
            "Can be repeated.",
            metavar="DOLLARS",
            callback=between(0, _HIGHEST_PRICE),
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    store: LogOption = None,
) -> None:
    """Show what each session cost, what it would have cost without Penstock, and what was saved; losses in red.

    "compacting": what a client would have paid that has its history summarised whenever it fills 30 % of the window.
    Of the newest session, or those of --session, also why less than a tenth was saved.
    """
    log = open_log(store)
    try:
        since = time.time() - days * DAY if days else 0.0
        sums = _sum(log, session, since)
        _explain(log, sums.sessions.values() if session else sums.newest_if_poor, since, ctx.obj)
    finally:
        log.close()
    if session and not sums.sessions:
        raise PenstockError(
            f"no paid request of a session {session!r} is in this log. "
            "`penstock events --kind classified` shows the ids of sessions"
        )
    if as_json:
        typer.echo(json.dumps(_document(sums) | _at_prices(sums, at or ()), indent=1))
    else:
        for line in [*_lines(sums), *_lines_at_prices(sums, at or ())]:
            typer.echo(line)


def costs(log: Store, session: str = "", since: float = 0.0) -> dict[str, Any]:
    """What `penstock cost --json` prints: dollars by session, by model and in total, of what was paid from `since` on.
    It does not say why little was saved."""
    return _document(_sum(log, session, since))


def _sum(log: Store, wanted: str, since: float) -> _Sums:
    sums = _Sums()
    about: dict[str, tuple[float, ClassifiedEvent]] = {}
    for event in all_events(log, kinds=_KINDS):
        said = event.data
        if isinstance(said, ClassifiedEvent):
            about[event.exchange] = event.at, said
            continue
        if isinstance(said, KeptAliveEvent):
            if event.at >= since:
                _add_read(sums, said)
            continue
        began, who = about.pop(event.exchange, (0.0, None))
        if who is None or who.kind == Kind.COUNT:
            continue
        if isinstance(said, AnsweredEvent) and said.money is not None and event.at >= since:
            _add(sums, began, who, said.money, wanted)
    return sums


def _explain(log: Store, sessions: Iterable[_Session], since: float, plugins: Plugins) -> None:
    """Find out why little was saved in these: every event of theirs is read."""
    from penstock.replay.savings_advice import savings_advice  # the engine, for those that ask

    profile = profiles.in_use()
    by_name = {one.id: one for one in sessions}
    for name, events in session_events(log, by_name, since).items():
        by_name[name].why_little_saved = savings_advice(events, profile, plugins)


def _add(sums: _Sums, began: float, who: ClassifiedEvent, paid: LoggedCost, wanted: str) -> None:
    id = who.session or who.conversation
    if not id.startswith(wanted):
        return
    one = sums.sessions.setdefault(id, _Session(id, who.client, began))
    for tally in (one.tally, sums.models[who.model], sums.total):
        tally.add(paid)
    sums.input.add(paid)


def _add_read(sums: _Sums, said: KeptAliveEvent) -> None:
    """A keep-alive request follows an answer of its session."""
    one = sums.sessions.get(said.session or said.conversation)
    if one is not None:
        for tally in (one.tally, sums.models[said.model], sums.total):
            tally.add_reads(1, said.usd or 0.0)


def _lines(sums: _Sums) -> list[str]:
    if not sums.total.requests and not sums.total.unpriced:
        return ["Nothing was paid for yet, as far as this log says."]
    heads = ("session", "client", "began")
    rows: list[tuple[str, ...]] = [(*heads, *_FIGURES)]
    for one in sorted(sums.sessions.values(), key=lambda s: s.began):
        rows.append((printable(one.id)[:12], printable(one.client), moment(one.began), *_figures(one.tally)))
    rows.append(("total", "", "", *_figures(sums.total)))
    for model, tally in sorted(sums.models.items(), key=lambda pair: -pair[1].paid):
        name = printable(model) if len(model) <= WIDE else f"{printable(model[: WIDE - 1])}…"
        rows.append((name or "no model named", "", "", *_figures(tally)))
    lines = columns(rows, len(heads))
    count = len(sums.sessions)
    lines = [lines[0], *lines[1 : count + 1], "", lines[count + 1], "", "by model", *lines[count + 2 :]]
    return [*lines, *_reasons(sums), "", *_notes(sums.total)]


def _reasons(sums: _Sums) -> list[str]:
    """Why little was saved, where that was looked for."""
    lines = []
    for one in sums.sessions.values():
        if one.why_little_saved:
            lines += ["", f"why little was saved in {printable(one.id)[:12]}"]
            lines += [f"- {printable(reason)}" for reason in one.why_little_saved]
    return lines


def _figures(tally: CostTotals) -> tuple[str, ...]:
    about = "~" if tally.estimated else ""
    return (
        f"{tally.requests + tally.unpriced:,}",
        tally.in_dollars(tally.baseline),
        about + tally.in_dollars(tally.paid),
        signed(tally.in_dollars(tally.saved), tally.saved),
        signed(percent(tally.share), tally.saved),
        tally.in_dollars(tally.naive),
        f"{tally.reads_saved:,}",
        f"{tally.writes_caused:,}",
    )


def _notes(sums: CostTotals) -> list[str]:
    notes = ["paid: what the provider counted, at the prices of your profile or the bundled list."]
    if sums.estimated:
        notes.append(f"~ estimated: for {sums.estimated:,} of {sums.requests:,} requests the provider gave no count.")
    if sums.unpriced:
        notes.append(
            f"? unknown price: nobody has said what the models of {sums.unpriced:,} requests cost. `penstock models "
            "NAME` shows how a name was read; a profile may give its figures under [prices]."
        )
    notes.append(
        "without Penstock, compacting: by a model of the provider's cache. Answers that broke off are not counted."
    )
    if sums.reads:
        kept = f"{sums.reads:,} keep-alive requests, {dollars(sums.reads_cost)}"
        notes.append(f"Of what was paid: {kept}. What they saved is in what was paid for later requests.")
    if sums.own:
        notes.append(f"Of what was paid, {dollars(sums.own)} went into calls of Penstock's own.")
    return notes


def _at_prices(sums: _Sums, prices: Iterable[float]) -> dict[str, Any]:
    rows = [(price, *sums.input.dollars(price)) for price in prices]
    found = [{"input": price, "untouched": came, "sent": sent, "saved": came - sent} for price, came, sent in rows]
    return {"at": found} if found else {}


def _lines_at_prices(sums: _Sums, prices: Iterable[float]) -> list[str]:
    rows = [("input, a million tokens", "without Penstock", "sent", "saved")]
    for price in prices:
        came, sent = sums.input.dollars(price)
        rows.append((f"${price:g}", dollars(came), dollars(sent), signed(dollars(came - sent), came - sent)))
    return ["", *columns(rows, 1)] if len(rows) > 1 else []


def _document(sums: _Sums) -> dict[str, Any]:
    return {
        "sessions": [_of_session(one) for one in sums.sessions.values()],
        "models": {model: _numbers(tally) for model, tally in sums.models.items()},
        "total": _numbers(sums.total),
    }


def _of_session(one: _Session) -> dict[str, Any]:
    about = {"session": one.id, "client": one.client, "began": one.began, **_numbers(one.tally)}
    return about if one.why_little_saved is None else {**about, "why_little_saved": one.why_little_saved}


def _numbers(tally: CostTotals) -> dict[str, Any]:
    """Without dollars where the price of none of the requests is known."""
    known = {**asdict(tally), "saved": tally.saved, "share": tally.share}
    return known if tally.requests or not tally.unpriced else {**known, **dict.fromkeys(_DOLLARS)}
