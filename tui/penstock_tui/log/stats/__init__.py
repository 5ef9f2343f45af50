"""Statistics that the views show, each folded from events one by one. Independent of Textual."""

from __future__ import annotations
