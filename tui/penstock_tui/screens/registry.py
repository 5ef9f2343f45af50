"""Every view by its name."""

from __future__ import annotations

from typing import Final

from penstock_tui.names import ViewName
from penstock_tui.screens.base import BaseView
from penstock_tui.screens.budget import BudgetView
from penstock_tui.screens.compactions import CompactionsView
from penstock_tui.screens.memory import MemoryView
from penstock_tui.screens.overview import OverviewView
from penstock_tui.screens.pipeline import PipelineView
from penstock_tui.screens.replay import ReplayView
from penstock_tui.screens.sessions import SessionsView
from penstock_tui.screens.settings import SettingsView
from penstock_tui.screens.tags import TagsView

__all__ = ["VIEWS"]

VIEWS: Final[dict[ViewName, type[BaseView]]] = {
    view.NAME: view
    for view in (
        OverviewView,
        TagsView,
        CompactionsView,
        SessionsView,
        PipelineView,
        BudgetView,
        MemoryView,
        SettingsView,
        ReplayView,
    )
}
"""The log is not among them: it is what they are opened from."""
