"""Open a memory as a profile says: the one way for the proxy and for commands."""

from __future__ import annotations

from pathlib import Path

from penstock.errors import MemoryDown
from penstock.memory.embedder import chosen
from penstock.memory.memory import Memory
from penstock.memory.openai import OpenAIEmbedder
from penstock.memory.wordllama import WordLlama256
from penstock.plugins import Plugins
from penstock.profiles import Profile
from penstock.tokens import estimate

__all__ = ["open_memory"]


def open_memory(folder: Path, profile: Profile, plugins: Plugins, *, embedder: str = "") -> Memory:
    """The memory in `folder`, with the embedder of that name or else the profile's. Raises `MemoryDown`."""
    wanted, given = profile.memory, plugins.embedders()
    name = embedder or wanted.embedder
    if name == "openai":
        found = given.get(name) or OpenAIEmbedder.of(wanted.embedder_settings, f"{profile.where}: memory")
    else:
        found = chosen(name, given)
    try:
        table = WordLlama256()  # for related words, whatever makes the vectors
    except MemoryDown:
        table = None
    return Memory(folder, found, table=table, tokens=estimate, chroma=wanted.chroma)
