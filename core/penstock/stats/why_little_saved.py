"""`reasons_of`: the reasons why less than a tenth (`ENOUGH`) was saved in a session, then which setting would change
that, in sentences with its own numbers, from its `SessionFacts`. Empty where more was saved or nothing was paid for.
Commands call `penstock.replay.savings_advice`, which adds estimates; `why_little_saved` takes events in place of
facts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from penstock.base.format import plural
from penstock.base.readable import one_line
from penstock.edits.flush_reason import FlushReason
from penstock.events.event import Event
from penstock.events.request_events import EditEvent, StageEvent
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.pauses import Pause, PriceOf, span
from penstock.stats.session_facts import SessionFacts, tokens_of

__all__ = ["CENT", "ENOUGH", "reasons_of", "why_little_saved"]

ENOUGH = 0.1
"""Share of the price without Penstock. From here on a session has saved well."""
_SHORT = 20
"""Requests. With fewer a session is called short."""
CENT = 0.005
"""Dollars. Less is not worth a sentence."""
_HELD = ("the profile observes", "editing is paused", "the request is attested", "the body is signed")
"""How the reasons begin that hold for all edits of a request."""
_STOPPED = (*_HELD, "editing has cost more than it saved")
_PAYS = "it pays"
"""Why a warm cache was flushed."""
_DUE = (*FlushReason, _PAYS)
_COVERED = "a compaction stands for the whole message"
"""An edit left out for this reason would have saved nothing more."""
_NO_SAVERS = ("envelope", "memory", "budget", "keepalive")
"""Bundled stages that are not there to shorten."""
_RESTARTED = "at a restart of the proxy (what is cached is not known then, and counts as warm)"
_BOLD = 'With aggressiveness = "bold" in the profile, edits are also applied while the cache is warm, where that pays.'


def why_little_saved(events: Iterable[Event], price_of: PriceOf) -> list[str]:
    """The reasons, the most important first, then what would change it. Empty where a share of `ENOUGH` was saved, and
    where nothing was paid for. `events`: those of one session, and those of the proxy itself, in their order."""
    return reasons_of(SessionFacts.of(events, price_of))


def reasons_of(facts: SessionFacts) -> list[str]:
    """The reasons, from facts that were determined already."""
    paid = facts.paid
    is_enough = paid.share is not None and paid.share >= ENOUGH
    if not facts.real or is_enough or not (paid.baseline or paid.unpriced):
        return []
    left_out = [*_held(facts), *_left_out(facts.left_out)]
    if left_out and not facts.landed and left_out[0].lower().startswith(_HELD):
        return left_out
    is_stopped = any(reason.lower().startswith(_STOPPED) for reason in left_out)
    return [
        *_unpriced(facts),
        *_bypassed(facts),
        *((*left_out, *_cold(facts)) if is_stopped else (*_cold(facts), *left_out)),
        *_edited(facts),
        *_besides(facts),
        *_what_would_change_it(facts),
    ]


def _unpriced(facts: SessionFacts) -> list[str]:
    models = dict.fromkeys(one.model for one in facts.requests if one.is_unpriced)
    if not models:
        return []
    return [
        f"The price of {', '.join(models)} is not known ({plural(facts.paid.unpriced, 'request')}): nothing is edited "
        "that would have to pay for itself, and no saving can be shown. A profile may give prices under [prices]."
    ]


def _bypassed(facts: SessionFacts) -> list[str]:
    whys = Counter(one.bypassed for one in facts.real if one.bypassed)
    of = plural(len(facts.real), "request")
    return [f"{n:,} of {of} passed without new edits: {why}." for why, n in whys.most_common(2)]


def _held(facts: SessionFacts) -> list[str]:
    """Why stages did not look for edits: none would have been applied."""
    said = ({one_line(one.remark) for one in request.find_all(StageEvent)} for request in facts.real)
    whys = Counter(remark for remarks in said for remark in remarks if remark.lower().startswith(_HELD))
    of = plural(len(facts.real), "request")
    return [f"{why[:1].upper()}{why[1:]}: no edits were looked for in {n:,} of {of}." for why, n in whys.most_common()]


def _left_out(edits: Iterable[EditEvent]) -> list[str]:
    """The three reasons that cost the most tokens."""
    whys: dict[str, list[EditEvent]] = defaultdict(list)
    for edit in edits:
        if edit.reason != _COVERED:
            whys[one_line(edit.reason)].append(edit)
    most = sorted(whys.items(), key=lambda why: -tokens_of(why[1]))[:3]
    return [f"{why[:1].upper()}{why[1:]}: {_edits(those)} left out." for why, those in most]


def _cold(facts: SessionFacts) -> list[str]:
    """How often content already sent could be edited, and with which result."""
    pauses = facts.pauses
    if not pauses:
        requests = f"{plural(len(facts.real), 'request')}, {'each ' if len(facts.real) > 1 else ''}the first"
        return [] if facts.has_history else [f"There is no history to shorten: {requests} of its conversation."]
    cold = [pause for pause in pauses if pause.is_cold]
    ends = {pause.ended_by.id for pause in cold}
    flushes = [one for one in facts.real if one.flush == FlushReason.COLD or (one.flush in _DUE and one.id in ends)]
    bridged = _bridged([one for one in facts.real if one.flush == FlushReason.PAUSE and one not in flushes])
    if not cold and not flushes:
        return bridged or [_never_cold(facts, max(pauses, key=lambda pause: pause.seconds))]
    times = f"The cache was cold {_times(max(len(cold), len(flushes)))}"
    missed = [pause for pause in cold if pause.ended_by not in flushes]
    restarted = [pause for pause in missed if pause.has_restarted]
    sealed = [pause for pause in missed if pause.is_sealed and not pause.has_restarted]
    whys = [(n, why) for n, why in ((len(sealed), _sealed(sealed)), (len(restarted), _RESTARTED)) if n]
    parts = [f"{_times(n)} {why}" for n, why in whys]
    if flushes:
        parts = [f"what was sent before was shortened {_times(len(flushes))} then, and {_took(flushes)}", *parts]
    elif free := [pause.ended_by for pause in missed if not (pause.is_sealed or pause.has_restarted)]:
        parts = [f"nothing that was sent before was shortened then{_remarks(free)}", *parts]
    elif len(whys) == 1:
        return [f"{times}, but only {whys[0][1]}.", *bridged]
    return [f"{times}: {'; '.join(parts)}.", *bridged]


def _bridged(flushes: Sequence[ExchangeRecord]) -> list[str]:
    """Pauses after which the cache was still warm, but late edits paid nevertheless."""
    if not flushes:
        return []
    times = f"Keep-alive bridged a pause, and what was sent before was shortened {_times(len(flushes))} then"
    return [f"{times}, where that paid: {_took(flushes)}."]


def _took(flushes: Iterable[ExchangeRecord]) -> str:
    return f"edits in those requests took out {sum(one.freed_now for one in flushes):,} tokens"


def _never_cold(facts: SessionFacts, longest: Pause) -> str:
    figures, end = f"longest pause {span(longest.seconds)}, entries live {span(longest.lifetime_s)}", ""
    if facts.kept_alive:
        figures += f", {plural(facts.kept_alive, 'keep-alive read')}"
        end = " After a pause that keep-alive bridges they are, too, but only where that pays."
    requests = plural(len(facts.real), "request")
    if len(facts.real) < _SHORT:
        begin = f"The session is short: {requests}; old results are shortened once the cache is cold"
        return f"{begin}, which it never was ({figures}).{end}"
    return f"Old results are shortened once the cache is cold, which it never was in {requests} ({figures}).{end}"


def _sealed(pauses: Sequence[Pause]) -> str:
    models = ", ".join(dict.fromkeys(pause.ended_by.model for pause in pauses))
    why = f"{models} binds its thinking, so old results are shortened at a new user message only"
    return f"inside a round of tool calls ({why})"


def _edited(facts: SessionFacts) -> list[str]:
    """How much edits took out, or that stages proposed none, and how little there was."""
    came, sent, requests = facts.paid.came, facts.paid.sent, plural(len(facts.real), "request")
    said = []
    if facts.landed and came > sent:
        said = [f"Edits took out {came - sent:,} of {came:,} input tokens ({(came - sent) / came:.1%})."]
    elif not (facts.landed or facts.waiting or facts.left_out) and any(one.find(StageEvent) for one in facts.real):
        remarks = "" if any(pause.is_cold for pause in facts.pauses) else _remarks(facts.real)
        said = [f"No stage found anything to shorten before its first send in {requests}{remarks}."]
    if facts.results < ENOUGH * facts.messages:
        share = f"{facts.results:,} of {facts.messages:,} tokens of messages"
        said.append(f"There is little to shorten: results of tools are {share} ({facts.results / facts.messages:.1%}).")
    return said


def _besides(facts: SessionFacts) -> list[str]:
    """Answers, faults, calls of our own, and what the provider does itself."""
    said, own, paid, output = list[str](), facts.paid.own, facts.paid.paid, facts.output
    if CENT <= paid / 2 <= output <= paid:
        said.append(f"About ${output:,.2f} of ${paid:,.2f} were paid for the model's answers, which no edit changes.")
    if trouble := sum(one.trouble for one in facts.real):
        said.append(f"Stages failed, were late or were resting {_times(trouble)}: their edits were lost.")
    if own >= CENT:
        said.append(f"Penstock's own model calls cost ${own:,.2f}, which counts against what was saved.")
    if cleared := [one.usage.cleared for one in facts.requests if one.usage.cleared]:
        where = f"in {plural(len(cleared), 'request')}"
        said.append(f"The provider itself left out {sum(cleared):,} tokens {where}, where nothing counts as saved.")
    return said


def _what_would_change_it(facts: SessionFacts) -> list[str]:
    said, cold = [], [pause for pause in facts.pauses if pause.is_cold]
    lost, tokens = sum(pause.dollars for pause in cold), sum(pause.written_again for pause in cold)
    if lost >= CENT:
        begin = f"After {plural(len(cold), 'cold pause')} {tokens:,} tokens were written to the cache again"
        advice = "keep-alive may avoid a part (docs/explanation/keep-alive.md)"
        end = "although keep-alive was on" if facts.kept_alive else advice
        said.append(f"{begin}, for ${lost:,.2f} more than reading them: {end}.")
    if facts.waiting:
        said.append(f"{_edits(facts.waiting)} still waiting for a cold cache.")
    is_always_warm = bool(facts.pauses) and not cold and len(facts.real) >= _SHORT
    if (facts.waiting or is_always_warm) and not any(one.flush == _PAYS for one in facts.real):
        said.append(_BOLD)
    return said


def _remarks(requests: Iterable[ExchangeRecord]) -> str:
    """The most frequent remark of each stage that proposed nothing."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for said in (said for one in requests for said in one.find_all(StageEvent)):
        if said.outcome == "nothing" and said.remark and said.stage not in _NO_SAVERS:
            found[one_line(said.stage)][one_line(said.remark)] += 1
    remarks = (f"{stage}: {counts.most_common(1)[0][0]}" for stage, counts in found.items())
    return f" ({'; '.join(remarks)})" if found else ""


def _edits(edits: Sequence[EditEvent]) -> str:
    """3 edits of about 1,200 tokens are"""
    tokens = tokens_of(edits)
    of = f" of about {tokens:,} tokens" if tokens else ""
    return f"{plural(len(edits), 'edit')}{of} {'is' if len(edits) == 1 else 'are'}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
