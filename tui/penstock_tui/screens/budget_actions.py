"""`BudgetActions`: the keys of the budget view that raise, set and reset a budget: sent to the proxy, or done in the
store where none runs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from penstock.base.readable import readable
from penstock.budget.settings import Budget
from penstock.control.client import do_budget
from penstock.profiles.profile import in_use, load
from penstock_tui.data.amounts import EXAMPLES, AmountError, in_words, parse_amounts
from penstock_tui.data.budget import BudgetRow
from penstock_tui.dialogs.ask import AskScreen
from penstock_tui.dialogs.choose import ChooseScreen
from penstock_tui.dialogs.confirm import ConfirmScreen
from penstock_tui.screens.background_task import BackgroundTaskView

__all__ = ["BudgetActions"]

SCOPES = ("day", "project", "agent", "session", "conversation")
ALL = {"day": "every day", "agent": "each client"}
NONE = "none"


class BudgetActions(BackgroundTaskView):
    """The actions on a budget. The proxy that owns the store carries them out, or, where none runs, this process."""

    OFFERS = (
        ("Raise the budget", "Let what the one under the cursor blocks go on", "raise"),
        ("Set a limit", "Of the one under the cursor, or of all of a sort", "set"),
        ("Reset the budget", "Have the one under the cursor count from nothing again", "reset"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "raise", "Raise"),
        Binding("s", "set", "Set a limit"),
        Binding("x", "reset", "Reset"),
    ]

    @abstractmethod
    def chosen(self) -> BudgetRow | None:
        """The budget under the cursor. None: there is none."""

    @abstractmethod
    def read_again(self) -> None:
        """Called after a change."""

    def action_raise(self) -> None:
        """Raise limits so that blocked requests pass."""
        row = self.chosen()
        if row is None or not row.limits:
            said = f"Raise session {row.session} for it." if row is not None and row.pool else "s sets one."
            self.notify(f"It has no limit of its own that could be raised. {said}", severity="warning", markup=False)
            return
        hint = f"How much more it may take in this period: {EXAMPLES}\nNothing: half of each limit is free then."
        self._ask(f"Raise {_label(row)}", hint, "", partial(self._confirm_raise, row))

    def _confirm_raise(self, row: BudgetRow, by: dict[str, float]) -> None:
        how = f"by {in_words(by)}" if by else "until half of each limit is free"
        lines = [f"The limits of {_label(row)} rise {how}, for this period.", "What is blocked by them goes on."]
        self._confirm(f"Raise {_label(row)}?", lines, "raises it", "raise", {"scope": row.scope, "name": row.key, **by})

    def action_set(self) -> None:
        """Set another limit for the budget under the cursor, or for all of its kind."""
        row = self.chosen()
        targets = [(row.scope, row.key, _label(row))] if row is not None and row.key else []
        targets += [(scope, "", ALL.get(scope, f"each {scope}")) for scope in SCOPES]
        at = next((i for i, (scope, _, _) in enumerate(targets) if row is not None and scope == row.scope), 0)

        def take(chosen: int | None) -> None:
            if chosen is not None:
                self._ask_limit(*targets[chosen])

        self.app.push_screen(ChooseScreen("A limit for", [label for _, _, label in targets], at), take)

    def _ask_limit(self, scope: str, name: str, label: str) -> None:
        hint = f"What {label} may take: {EXAMPLES}\n{NONE}: the profile's limits count again."

        def take(given: dict[str, float]) -> None:
            if given:
                self._do("set", {"scope": scope, "name": name, **given})

        def none() -> None:
            self._do("set", {"scope": scope, "name": name, "none": True})

        self._ask(f"A limit for {label}", hint, "", take, none)

    def action_reset(self) -> None:
        """Reset the counters of a budget."""
        row = self.chosen()
        if row is not None:
            lines = [f"{_label(row)} counts from nothing again in this period. Its limits stay."]
            self._confirm(f"Reset {_label(row)}?", lines, "resets it", "reset", {"scope": row.scope, "name": row.key})

    # ---------------------------------------------------------------- within

    def _ask(
        self,
        title: str,
        hint: str,
        text: str,
        then: Callable[[dict[str, float]], None],
        none: Callable[[], None] | None = None,
    ) -> None:
        """For an amount, until it is one or Esc is pressed."""

        def take(said: str | None) -> None:
            if said is None:
                return
            if none is not None and said.lower() == NONE:
                none()
                return
            try:
                amounts = parse_amounts(said)
            except AmountError as e:
                self.notify(str(e), severity="warning", markup=False)
                self._ask(title, hint, said, then, none)
                return
            then(amounts)

        self.app.push_screen(AskScreen(title, hint, text), take)

    def _confirm(self, title: str, lines: list[str], does: str, command: str, arguments: dict[str, Any]) -> None:
        def take(sure: bool | None) -> None:
            if sure:
                self._do(command, arguments)

        self.app.push_screen(ConfirmScreen(title, lines, does), take)

    def _do(self, command: str, arguments: dict[str, Any]) -> None:
        profile = self.feed.model.health.profile
        do = partial(do_budget, self.feed.path, partial(_limits, profile), command, arguments)
        self.in_background(f"{command} it", do, partial(self._done, command))

    def _done(self, command: str, answer: dict[str, Any]) -> None:
        said = answer.get({"raise": "raised"}.get(command, command))
        what = ", ".join(map(str, said)) if isinstance(said, list) else str(said or "")
        done = {"raise": "Raised", "set": "Limits set for", "reset": "Counts from nothing again"}[command]
        if what:
            self.notify(f"{done}: {readable(what)}", markup=False)
        else:
            self.notify("Nothing was changed: it counts nothing in this period.", severity="warning")
        self.read_again()


def _limits(profile: str) -> Budget:
    """The limits in force where no proxy runs: those of the profile that the last one named."""
    return (load(profile) if profile else in_use()).budget


def _label(row: BudgetRow) -> str:
    return f"{row.scope} {row.name}".strip()
