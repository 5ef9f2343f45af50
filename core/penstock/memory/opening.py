"""`open_memory`: opens a memory with the embedder that a profile names (`embedder_of`), for the proxy and for commands;
raises `MemoryDown`. `check_embedder` checks that name and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from penstock.base.errors import MemoryDown, ProfileError
from penstock.base.suggest import did_you_mean
from penstock.memory.embedders import BUNDLED, Embedder, chosen
from penstock.memory.embedders.openai import OpenAIEmbedder
from penstock.memory.embedders.wordllama import WordLlama256
from penstock.memory.memory import Memory
from penstock.profiles.profile import Profile
from penstock.tokens.estimate import estimate

__all__ = ["check_embedder", "embedder_of", "open_memory"]

OPENAI = "openai"
"""The name, in `[memory] embedder`, of a service with OpenAI's interface."""


def embedder_of(profile: Profile, given: Mapping[str, Embedder], name: str = "") -> Embedder:
    """The embedder of that name, or else the profile's: one of `given` (those of plugins) or a bundled one. Raises
    `MemoryDown`."""
    wanted = profile.memory
    name = name or wanted.embedder
    if name == OPENAI and name not in given:
        return OpenAIEmbedder.of(wanted.embedder_settings, f"{profile.where}: memory")
    return chosen(name, given)


def check_embedder(profile: Profile, given: Mapping[str, Embedder]) -> None:
    """Raises `ProfileError` if the embedder that the profile names is unknown, or its settings are wrong. Loads no
    model."""
    wanted = profile.memory
    if wanted.embedder in given:
        return
    if wanted.embedder == OPENAI:
        try:
            OpenAIEmbedder.of(wanted.embedder_settings, f"{profile.where}: memory")
        except MemoryDown as e:
            raise ProfileError(str(e)) from e
        return
    names = (*BUNDLED, OPENAI, *given)
    if wanted.embedder not in names:
        raise ProfileError(
            f"{profile.where}: memory.embedder = {wanted.embedder!r}: there are {', '.join(sorted(names))}."
            f"{did_you_mean(wanted.embedder, names)}"
        )


def open_memory(
    folder: Path, profile: Profile, given: Mapping[str, Embedder], *, embedder: str = "", url: str = ""
) -> Memory:
    """The memory in `folder`, or in the PostgreSQL database at `url`, with the embedder of that name or else the
    profile's. Raises `MemoryDown`."""
    found = embedder_of(profile, given, embedder)
    try:
        table = WordLlama256()  # for related words, whatever makes the vectors
    except MemoryDown:
        table = None
    wanted = profile.memory
    return Memory(
        folder,
        found,
        table=table,
        has_related=wanted.related_words,
        tokens=estimate,
        chroma=wanted.chroma,
        url=url,
    )
