"""Memory: what was said in earlier conversations, kept and searched. Heavy modules are imported on first use: a plugin
can name an item without loading the database, the vectors and the model."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from penstock.base.errors import MemoryDown
from penstock.memory.items import Found, Hit, Item, Kind

if TYPE_CHECKING:
    from penstock.memory.clean import escape_marks, note_around
    from penstock.memory.embedders import Embedder, chosen, vectors_of
    from penstock.memory.feedback import FeedbackKind, Tally, Voice
    from penstock.memory.learned import PatternKind, is_learned, learned_project
    from penstock.memory.memory import Memory
    from penstock.memory.search.weights import SURE, SURE_OVERLAP, SURE_SHARED
    from penstock.memory.service import MemoryService
    from penstock.memory.tag_summaries import tag_summary
    from penstock.memory.text_kind import MessageFilter, is_worth_keeping, kind_of_message
    from penstock.memory.writer import Added

__all__ = [
    "SURE",
    "SURE_OVERLAP",
    "SURE_SHARED",
    "Added",
    "Embedder",
    "FeedbackKind",
    "Found",
    "Hit",
    "Item",
    "Kind",
    "Memory",
    "MemoryDown",
    "MemoryService",
    "MessageFilter",
    "PatternKind",
    "Tally",
    "Voice",
    "chosen",
    "escape_marks",
    "is_learned",
    "is_worth_keeping",
    "kind_of_message",
    "learned_project",
    "note_around",
    "tag_summary",
    "vectors_of",
]

_HOMES = {
    "SURE": "search.weights",
    "SURE_OVERLAP": "search.weights",
    "SURE_SHARED": "search.weights",
    "Added": "writer",
    "Embedder": "embedders",
    "FeedbackKind": "feedback",
    "Memory": "memory",
    "MemoryService": "service",
    "MessageFilter": "text_kind",
    "PatternKind": "learned",
    "Tally": "feedback",
    "Voice": "feedback",
    "tag_summary": "tag_summaries",
    "chosen": "embedders",
    "escape_marks": "clean",
    "is_worth_keeping": "text_kind",
    "is_learned": "learned",
    "kind_of_message": "text_kind",
    "learned_project": "learned",
    "note_around": "clean",
    "vectors_of": "embedders",
}

if not TYPE_CHECKING:  # else every name would be one to a type checker

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
