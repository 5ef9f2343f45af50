"""The views, one module each: the tabs (log, overview, tags, compactions, sessions, pipeline, budget, memory, settings,
replay, gateway), the screens of one exchange, and help. `*_lines` and `*_actions` hold a view's texts and its key
actions."""

from __future__ import annotations
