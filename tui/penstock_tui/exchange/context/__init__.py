"""The context map as data: what fills a model's window, by parts, and what is worth attention in it. Independent of
Textual."""

from __future__ import annotations
