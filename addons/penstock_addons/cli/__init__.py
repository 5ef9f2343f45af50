"""The commands that have to do with the wire. What is heavy is imported when a command runs."""

from __future__ import annotations
