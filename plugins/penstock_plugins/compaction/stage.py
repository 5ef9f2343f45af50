"""The stage `compaction` (`Compaction`): when a flush is due, replaces old turns by a record or, if one was made in the
background after an earlier answer (`Summarising`), by a summary. Its hook `summarisers` gives the bundled summarisers.
Raises `ProfileError` if the settings name an unknown summariser or provider, or no model for the summariser `llm`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from penstock import (
    Draft,
    Exchange,
    FlushReason,
    Profile,
    ProfileError,
    Reply,
    Segment,
    Services,
    Stage,
    Summariser,
    Summary,
    did_you_mean,
    hookimpl,
)
from penstock_plugins.common.settings import read_settings
from penstock_plugins.common.token_estimate import CHARS_PER_TOKEN
from penstock_plugins.compaction.compaction_plan import CompactionPlan
from penstock_plugins.compaction.facts import DECISIONS, facts
from penstock_plugins.compaction.llm import Llm
from penstock_plugins.compaction.message_range import Stretch, has_earlier_turns
from penstock_plugins.compaction.record import head_of_record, head_of_summary
from penstock_plugins.compaction.segment_parts import Speaker, fit, render
from penstock_plugins.compaction.settings import PRESETS, RECORD, Settings, check_timeout
from penstock_plugins.compaction.summary_prefetch import SummaryPrefetch
from penstock_plugins.compaction.textrank_summariser import TextRank
from penstock_plugins.pruning.history import Lookup

__all__ = ["Compaction", "stages", "summarisers"]

_TOO_FEW = "too few old turns"
_LEAST_CHARS = 1_000
_AHEAD = 0.75
"""Summaries are made from this share on of what the window must hold for a flush."""
_WARM = 2
"""While the cache is warm a record may be so many times as long: it is read at a small part of what writing costs."""
_TOO_LONG = 1.5
"""A summary of so many times the tokens it may have is not used."""


class Compaction(Stage):
    """Replaces old turns by a text in which the user's words are whole."""

    name = "compaction"
    after = ("trim",)
    enabled_by_default = False
    deadline = 1.0

    def __init__(self, settings: Settings, soft: float, where: str = "the profile") -> None:
        self.settings = self._settings = settings
        self._soft, self._where = soft, where
        self._lookup = Lookup()
        self._ahead = SummaryPrefetch()

    def migrate_from(self, before: Stage) -> None:
        if not isinstance(before, Compaction):
            return
        self._lookup, self._ahead = before._lookup, before._ahead
        if _of_summaries(self._settings) != _of_summaries(before._settings):
            self._ahead.forget()

    def on_services(self, parts: Services) -> None:
        self._summariser(parts)
        prices = self._settings.llm.prices
        if prices and prices not in parts.prices.providers:
            raise ProfileError(
                f"{self._where}: stage.compaction.llm.prices = {prices!r}: there is no such provider."
                f"{did_you_mean(prices, parts.prices.providers)}"
            )

    def on_request(self, draft: Draft) -> str | None:
        summariser = self._summariser(draft.services)
        if summariser is None:
            return None
        conversation = draft.exchange.identity.conversation
        dollars = self._ahead.bill(conversation)
        if dollars:
            draft.spend(dollars, reason=f"summaries by {self._settings.summariser}")
        if draft.tokens < _AHEAD * self._soft * draft.window or not has_earlier_turns(draft.conversation.messages):
            return None
        survey = CompactionPlan(draft, self._settings, self._lookup)
        for segment in survey.full:
            handle = survey.handle(segment)
            if not self._ahead.knows(conversation, handle):
                told = Segment(survey.recorder.parts(segment), self._settings.summary_tokens, draft.services.prices)
                self._ahead.want(conversation, handle, partial(summariser, told))
        return None

    def on_flush(self, draft: Draft) -> str | None:
        if not draft.flush_reason:  # with a warm cache a record seldom pays, and pruning would wait for it
            return "only where a flush is due"
        if draft.flush_reason in (FlushReason.COLD, FlushReason.PAUSE) and draft.tokens < self._soft * draft.window:
            return "the window is not full enough"
        if not has_earlier_turns(draft.conversation.messages):
            return _TOO_FEW
        least = 0 if draft.flush_reason == FlushReason.ASKED else self._settings.least * CHARS_PER_TOKEN
        survey = CompactionPlan(draft, self._settings, self._lookup)
        if sum(map(survey.size, survey.segments)) <= least:
            return _TOO_FEW
        problems = [f"{survey.waiting:,} more segments are for the next flush"] if survey.waiting else []
        texts = [self._text(survey, segment, problems) for segment in survey.segments]
        freed = [survey.size(segment) - len(text) for segment, text in zip(survey.segments, texts, strict=True)]
        paying = [i for i, chars in enumerate(freed) if chars >= _LEAST_CHARS]
        if not paying or sum(freed[i] for i in paying) < least:
            return "a record would free too little"
        for i in paying:
            first, end = survey.segments[i]
            draft.compact(first, end - 1, texts[i], reason=f"{end - first:,} messages")
        return "; ".join(dict.fromkeys(problems)) or None

    def _text(self, survey: CompactionPlan, segment: Stretch, problems: list[str]) -> str:
        """What stands in a segment's stead."""
        made = self._ahead.made(survey.draft.exchange.identity.conversation, survey.handle(segment))
        if isinstance(made, Summary):
            problem = self._problem_of(made)
            if not problem:
                return self._summary(survey, segment, made.text)
            made = problem
        if made:
            problems.append(f"a record, for {self._settings.summariser} has no summary: {made}")
        room = self._settings.tokens
        if survey.draft.flush_reason == FlushReason.PAUSE:
            room = min(_WARM * room, self._settings.segment)
        known = facts(survey.history, segment)
        fitted = fit(survey.recorder.parts(segment, known), room)
        if not fitted.sentences:  # they would stand twice: the words below are whole
            known = [line for line in known if not line.startswith(DECISIONS)]
        return "\n".join([head_of_record(survey.draft, segment, fitted), *known, render(fitted.parts)])

    def _problem_of(self, made: Summary) -> str:
        """Why a summary is not used. Empty: it is."""
        chars, settings = len(made.text.strip()), self._settings
        if not chars:
            return "it gave nothing"
        if chars < settings.summary_least * CHARS_PER_TOKEN:
            return "it gave too little"
        return "it gave too much" if chars > _TOO_LONG * settings.summary_tokens * CHARS_PER_TOKEN else ""

    def _summary(self, survey: CompactionPlan, segment: Stretch, text: str) -> str:
        head = head_of_summary(survey.draft, segment, self._settings.summariser)
        missing = [(Speaker.USER, words) for words in survey.words(segment) if words.strip() not in text]
        return "\n".join([head, *facts(survey.history, segment), *([render(missing)] if missing else []), text.strip()])

    def _summariser(self, parts: Services) -> Summariser | None:
        """The one the settings name. Raises `ProfileError`."""
        name = self._settings.summariser
        if name == RECORD:
            return None
        if name not in parts.summarisers:
            known = (RECORD, *parts.summarisers)
            raise ProfileError(
                f"{self._where}: stage.compaction.summariser = {name!r}: there is none of that name."
                f"{did_you_mean(name, known)}"
            )
        return parts.summarisers[name]


class Summarising(Compaction):
    """A compaction stage that also has a summariser work after each answer. Without a summariser the stage need not see
    answers."""

    def on_reply(self, exchange: Exchange, reply: Reply) -> None:
        self._ahead.work(exchange.identity.conversation)


def _of_summaries(settings: Settings) -> tuple[object, ...]:
    """What the summaries that are ready depend on."""
    return settings.summariser, settings.llm, settings.summary_tokens, settings.segment, settings.turns


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The compaction stage, as the profile sets it up."""
    settings = _settings(profile)
    window = profile.window.soft if "soft" in profile.window.model_fields_set else 0.0
    stage = Compaction if settings.summariser == RECORD else Summarising
    return [stage(settings, window if settings.soft is None else settings.soft, profile.where)]


@hookimpl
def summarisers(profile: Profile) -> Sequence[Summariser]:
    """The bundled summarisers: TextRank, and a model chosen by the user."""
    return [TextRank(), Llm(_settings(profile).llm)]


def _settings(profile: Profile) -> Settings:
    settings = read_settings(profile, "compaction", Settings, PRESETS)
    if settings.summariser == Llm.name and not (settings.llm.url and settings.llm.model):
        raise ProfileError(f"{profile.where}: stage.compaction.llm: the summariser llm needs its url and model")
    if settings.summariser == Llm.name:
        check_timeout(profile, "compaction", settings.llm)
    return settings
