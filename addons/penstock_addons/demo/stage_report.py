"""For `penstock demo --stage FILE`: `stages_in` finds the stages of a user's plugin file (raises `PluginError` if there
is none), and `StageReport` writes what they did in the demo's session: edits (12 are shown), mistakes, sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from penstock.base.diff import changed_lines
from penstock.base.errors import PluginError
from penstock.base.file_trust import why_untrusted
from penstock.base.format import plural, printable
from penstock.base.readable import one_line
from penstock.edits.edit import Edit, Op
from penstock.events.request_events import ClassifiedEvent, EditEvent, LoggedBlock, StageEvent
from penstock.plugins.loading import load_file
from penstock.plugins.manager import Plugins
from penstock.plugins.stage import WRONG_RESULT, StageOutcome
from penstock.profiles.profile import Profile
from penstock.store.base import Store
from penstock.store.before_after import before_after
from penstock.store.reading import all_events
from penstock.tokens.estimate import estimate
from penstock_addons.demo.recorder import RecordedTexts

__all__ = ["StageReport", "stages_in"]

SHOWN = 12
"""Edits that are shown; the others are counted."""
_LINES = 2
"""Lines of an edit's text that are shown, from before and from after."""
_WIDE = 100


def stages_in(file: Path, profile: Profile) -> tuple[str, ...]:
    """The names of the stages that the plugin in `file` gives. Raises `PluginError` if there is none."""
    if why := why_untrusted(file):
        raise PluginError(f"{file} is not loaded: {why}")
    plugins = Plugins()
    plugins.add(load_file(file), file.stem, str(file))
    names = tuple(plugins.offered_stages(profile))
    if not names:
        raise PluginError(
            f"{file} gives no stage: a function `stages` with @hookimpl that returns a list of them was expected. "
            "`penstock plugins new NAME` writes one"
        )
    return names


_NO_LOOK = {
    StageOutcome.FAILED: "failed in {:,}",
    StageOutcome.LATE: "was late in {:,}",
    StageOutcome.RESTING: "was skipped in {:,} after its failures",
}
"""Outcomes of requests that the stage did not finish."""


@dataclass(frozen=True)
class _StageEdit:
    """An edit of the stage, against the text that the stages before it left."""

    exchange: str
    event: EditEvent
    text_before: str | None
    """What the stages before it made of the block. None: they left it as the client sent it."""

    @property
    def before(self) -> int:
        """Tokens of the block as the stage read it."""
        return (self.event.before or 0) if self.text_before is None else estimate(self.text_before)

    @property
    def freed(self) -> int:
        """Tokens that the stage took out; 0 if the edit has not landed."""
        return self.before - (self.event.after or 0) if self.event.has_landed else 0


@dataclass
class StageReport:
    """A report from the log `log` on the stages `names` of the plugin `file`, against the texts that their recorders
    wrote."""

    log: Store
    names: Sequence[str]
    file: Path
    recorded: RecordedTexts
    has_failed: bool = False
    """Whether the stage failed, set by `lines`: it raised, was late, returned a wrong value, or got no request."""
    _blocks: dict[tuple[str, int, int | None], LoggedBlock] = field(default_factory=dict)
    _conversations: dict[str, str] = field(default_factory=dict)
    """By exchange."""

    def lines(self) -> Iterator[str]:
        """The lines of the report: the edits, then mistakes, if any, and sums."""
        edits: dict[tuple[str, str], _StageEdit] = {}
        verdicts: list[StageEvent] = []
        for event in all_events(self.log):
            said = event.data
            if isinstance(said, ClassifiedEvent):
                self._conversations[event.exchange] = said.conversation
                self._blocks |= {(said.conversation, block.m, block.b): block for block in said.blocks}
            elif isinstance(said, EditEvent) and said.stage in self.names:
                key = self._conversations.get(event.exchange, ""), said.op + said.place
                if key not in edits or not edits[key].event.has_landed:  # it is proposed again until it lands
                    edits[key] = _StageEdit(event.exchange, said, self._text_before(event.exchange, said))
            elif isinstance(said, StageEvent) and said.stage in self.names:
                verdicts.append(said)
        landed = [edit for edit in edits.values() if edit.event.has_landed]
        for edit in landed[:SHOWN]:
            yield from self._edit(edit)
        if len(landed) > SHOWN:
            yield f"… and {plural(len(landed) - SHOWN, 'edit')} more"
        if landed:
            yield "\nTokens are against what the stages before it left.\n"
        yield from self._sums(list(edits.values()), verdicts)

    def _text_before(self, exchange: str, edit: EditEvent) -> str | None:
        """What the stages before it made of the block of `edit`. None: nothing, or it replaces no block."""
        if edit.op != Op.REPLACE or edit.m is None or edit.b is None:
            return None
        place = self._conversations.get(exchange, ""), edit.m, edit.b
        return self.recorded.before(edit.stage, place, self._conversations)

    def _edit(self, shown: _StageEdit) -> Iterator[str]:
        edit, conversation = shown.event, self._conversations.get(shown.exchange, "")
        block = self._blocks.get((conversation, edit.m if edit.m is not None else -1, edit.b))
        what = f"{block.kind} {block.name}".strip() if block is not None else edit.op
        tokens = f"~{shown.before:,} -> {edit.after or 0:,} tokens ({-shown.freed:+,})"
        yield f"{_where(edit)}, {printable(what)}: {tokens}: {one_line(edit.reason)}"
        ledger: list[Edit] = [one.edit for one in self.log.edits_of(conversation)]
        texts = before_after(self.log, ledger, edit)
        before = (texts.before or "") if shown.text_before is None else shown.text_before
        changed = changed_lines(before.splitlines(), texts.after.splitlines(), context=0)
        for sign in "-+":
            for line in [line for line in changed if line.startswith(sign)][:_LINES]:
                yield f"    {printable(line.expandtabs(4))[:_WIDE]}"

    def _sums(self, edits: Sequence[_StageEdit], verdicts: Sequence[StageEvent]) -> Iterator[str]:
        """The mistakes first: what follows comes of them."""
        names = ", ".join(self.names)
        if not verdicts:
            self.has_failed = True
            yield f"{names} was asked about no request: it was not tried. Run the same command again"
            return
        mistakes = Counter((_mistake(v), v.remark) for v in verdicts if _mistake(v))
        self.has_failed = bool(mistakes)
        for (what, remark), n in mistakes.most_common(3):
            yield f"{what}: {self.file}: {one_line(remark)} ({plural(n, 'request')})"
        states = Counter(edit.event.state for edit in edits)
        freed = sum(edit.freed for edit in edits)
        whole = ", ".join(f"{n:,} {state}" for state, n in states.most_common()) or "no edits"
        did = "taken out of" if freed >= 0 else "added to"
        yield f"{names} {_looked(verdicts)}: {whole}; {abs(freed):,} tokens {did} what was sent"
        reasons = Counter(edit.event.reason for edit in edits if edit.event.state == "left out")
        yield from (f"left out: {one_line(reason)} ({n:,})" for reason, n in reasons.most_common(3))
        if not edits:
            yield from self._why_none(sum(v.outcome == "edited" for v in verdicts))
        others = (v for v in verdicts if v.outcome not in ("edited", *_NO_LOOK) and not _mistake(v))
        outcomes = Counter((v.outcome, v.remark) for v in others if v.remark)
        for (outcome, remark), n in outcomes.most_common(5):
            yield f"{outcome}: {one_line(remark)} ({plural(n, 'request')})"

    def _why_none(self, proposed: int) -> Iterator[str]:
        """What the other stages have to do with it, if none of its edits was sent."""
        way = 'a profile with `stages = ["envelope"]` leaves the bundled ones out'
        if proposed:
            yield f"replaced: a later stage edited the same blocks ({plural(proposed, 'request')}): {way}"
        elif changed := sum(self.recorded.count(name) for name in self.names):
            yield f"the stages before it had changed {plural(changed, 'block')}: {way}"


def _mistake(verdict: StageEvent) -> str:
    """What the stage did wrong, in a word or two. Empty: nothing."""
    if verdict.outcome in ("failed", "late"):
        return verdict.outcome
    return "wrong result" if WRONG_RESULT in verdict.remark else ""


def _looked(verdicts: Sequence[StageEvent]) -> str:
    """In how many requests it did its work, and in how many it did not."""
    counts = Counter(verdict.outcome for verdict in verdicts)
    parts = [f"looked at {plural(len(verdicts) - sum(counts[one] for one in _NO_LOOK), 'request')}"]
    parts += [said.format(counts[one]) for one, said in _NO_LOOK.items() if counts[one]]
    return ", ".join(parts)


def _where(edit: EditEvent) -> str:
    """Which message of the request it is."""
    return "an earlier message" if edit.m is None or edit.m < 0 else f"message {edit.m}"
