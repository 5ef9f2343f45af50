"""What was said and done before, kept and found again. Nothing here is imported until memory is used."""

from __future__ import annotations

from penstock.memory.embedder import Embedder, chosen
from penstock.memory.items import Found, Hit, Item, Kind
from penstock.memory.memory import Memory
from penstock.memory.writer import Added

__all__ = ["Added", "Embedder", "Found", "Hit", "Item", "Kind", "Memory", "chosen"]
