"""The command line, `penstock` and `python -m penstock` (`main`)."""

from __future__ import annotations

from penstock.cli.app import build, main

__all__ = ["build", "main"]
