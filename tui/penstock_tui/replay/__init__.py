"""Helpers of the replay view. Independent of Textual."""

from __future__ import annotations
