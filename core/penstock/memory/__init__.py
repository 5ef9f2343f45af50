"""What was said and done before, kept and found again. What is heavy is imported when it is first asked for: a plugin
may name an item without paying for the record, the vectors and the model."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from penstock.memory.items import Found, Hit, Item, Kind

if TYPE_CHECKING:
    from penstock.memory.embedders import Embedder, chosen
    from penstock.memory.memory import Memory
    from penstock.memory.writer import Added

__all__ = ["Added", "Embedder", "Found", "Hit", "Item", "Kind", "Memory", "chosen"]


def __getattr__(name: str) -> Any:
    homes = {"Added": "writer", "Embedder": "embedders", "Memory": "memory", "chosen": "embedders"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{homes[name]}"), name)
