"""Open a memory as a profile says: the one way for the proxy and for commands."""

from __future__ import annotations

from pathlib import Path

from penstock.errors import MemoryDown
from penstock.memory.embedder import Embedder, chosen
from penstock.memory.memory import Memory
from penstock.memory.openai import OpenAIEmbedder
from penstock.memory.wordllama import WordLlama256
from penstock.plugins import Plugins
from penstock.profiles import Profile
from penstock.tokens import estimate

__all__ = ["embedder_of", "open_memory"]


def embedder_of(profile: Profile, plugins: Plugins, name: str = "") -> Embedder:
    """The embedder of that name, or else the profile's. Raises `MemoryDown`."""
    wanted, given = profile.memory, plugins.embedders()
    name = name or wanted.embedder
    if name == "openai" and name not in given:
        return OpenAIEmbedder.of(wanted.embedder_settings, f"{profile.where}: memory")
    return chosen(name, given)


def open_memory(folder: Path, profile: Profile, plugins: Plugins, *, embedder: str = "") -> Memory:
    """The memory in `folder`, with the embedder of that name or else the profile's. Raises `MemoryDown`."""
    found = embedder_of(profile, plugins, embedder)
    try:
        table = WordLlama256()  # for related words, whatever makes the vectors
    except MemoryDown:
        table = None
    return Memory(folder, found, table=table, tokens=estimate, chroma=profile.memory.chroma)
