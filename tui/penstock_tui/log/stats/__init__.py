"""Statistics that the views show, folded from events one by one. Independent of Textual."""

from __future__ import annotations
