"""`check_tags`: checks what is stored beside a context's value: at most 50 tags, the session, the agent, who makes the
change and what it is called in the history. Raises `InvalidContext` if one of them has control characters, or more than
its 80 to 200 characters."""

from __future__ import annotations

import re

from penstock.contexts.errors import InvalidContext
from penstock.contexts.records import NewContext

__all__ = ["check_tags"]

MAX_TAGS = 50
_LENGTHS = {"tags": 100, "session": 200, "agent": 200, "change": 80, "by": 200}
"""Characters, at most."""
_UNFIT = re.compile("[\x00-\x1f\ud800-\udfff]")
"""Control characters, and lone surrogates, which UTF-8 cannot encode."""


def check_tags(new: NewContext, by: str) -> None:
    """Raises `InvalidContext` if the tags, session, agent or change of `new`, or `by`, are not valid."""
    tags = new.tags or ()
    if len(tags) > MAX_TAGS:
        raise InvalidContext(f"tags: {len(tags)} are given, and a context has at most {MAX_TAGS}", "tags")
    given = [*(("tags", tag) for tag in tags), ("session", new.session), ("agent", new.agent)]
    for name, text in (*given, ("change", new.change), ("by", by)):
        if text and (len(text) > _LENGTHS[name] or _UNFIT.search(text)):
            raise InvalidContext(
                f"{name}: {text[:40]!r} was given; at most {_LENGTHS[name]} characters were expected, none of them a "
                "control character or half of one",
                name,
            )
    if "" in tags:
        raise InvalidContext("tags: an empty one was given", "tags")
