"""The screen in a browser: a server on loopback, and one process that runs the screen for each tab."""

from __future__ import annotations
