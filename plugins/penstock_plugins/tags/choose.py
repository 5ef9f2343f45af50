"""`tagger_of`: looks up the tagger that the profile's `[memory] tagger` names. Raises `ProfileError` where there is
none of that name."""

from __future__ import annotations

from penstock import Profile, ProfileError, Services, Tagger, did_you_mean
from penstock_plugins.tags.embedding import Embedding

__all__ = ["KEYWORDS", "tagger_of"]

KEYWORDS = "keywords"
"""The name for no tagger: the words of the text serve."""


def tagger_of(profile: Profile, parts: Services) -> Tagger | None:
    """The tagger that `[memory] tagger` names; None for keywords alone. Raises `ProfileError`."""
    name = profile.memory.tagger
    if name == KEYWORDS:
        return None
    known = dict(parts.taggers)
    if parts.memory is not None:
        known.setdefault(Embedding.name, Embedding(parts.memory))
    if name not in known:
        names = (KEYWORDS, *known)
        raise ProfileError(
            f"{profile.where}: memory.tagger = {name!r}: there are {', '.join(sorted(names))}."
            f"{did_you_mean(name, names)}"
        )
    return known[name]
