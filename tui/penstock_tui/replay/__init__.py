"""Completes file paths for the replay view, whose screen is in `screens`. Independent of Textual."""

from __future__ import annotations
