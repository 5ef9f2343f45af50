"""The commands that start or control a proxy, one module for each command, and what they share. Heavy packages are
imported only when a command runs."""

from __future__ import annotations
