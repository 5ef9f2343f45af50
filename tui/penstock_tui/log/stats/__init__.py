"""Statistics that the views show, each kept up to date as events come, or as rows change. Independent of Textual."""

from __future__ import annotations
