"""A file of prompts, replayed from the screen. Knows no Textual."""

from __future__ import annotations
