"""Checks of requests and answers that any-llm converts, in both directions, since that library passes over what it does
not know: `refuse_fields` and `check_blocks` raise `NotTranslatable` for what cannot be translated, `converting` where
the library fails. `blocks_of`, `texts_of` and `kind_of` read contents."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from any_llm.exceptions import AnyLLMError
from pydantic import ValidationError

from penstock import NotTranslatable

__all__ = ["blocks_of", "check_blocks", "converting", "kind_of", "refuse_fields", "texts_of"]

logger = logging.getLogger(__name__)
_ODD = (AnyLLMError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RuntimeError)
"""What code raises that meets a value it does not expect; `RecursionError` among it."""


@contextmanager
def converting(what: str) -> Iterator[None]:
    """Turn what is raised about a request or an answer that has another form than it should into `NotTranslatable`.
    The library raises whatever its code runs into."""
    try:
        yield
    except ValidationError as e:
        first = e.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise NotTranslatable(f"{what}: {place}: {first['msg']}") from e
    except _ODD as e:
        logger.debug("%s has an odd form", what, exc_info=True)
        raise NotTranslatable(f"{what} has a form that is not known: {e}") from e


def refuse_fields(body: Mapping[str, Any], names: Collection[str]) -> None:
    """Raises `NotTranslatable` when a request has one of these fields, without which it would be another one."""
    for name in names:
        if body.get(name):
            raise NotTranslatable(f"{name}: the other format has nothing for it")


def blocks_of(content: Any, where: str) -> list[dict[str, Any]]:
    """The blocks of a message's content; a bare text is one. Raises `NotTranslatable`."""
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        raise NotTranslatable(f"{where}: a text, or a list of blocks, was expected")
    return content


def check_blocks(blocks: list[dict[str, Any]], known: Collection[str], where: str) -> None:
    """Raises `NotTranslatable` when a block is of another type than the known ones."""
    for at, block in enumerate(blocks):
        if kind_of(block) not in known:
            raise NotTranslatable(f"{where}.{at}: a block of the type {kind_of(block)!r} cannot be translated")


def texts_of(blocks: list[dict[str, Any]]) -> str:
    """The texts of blocks as one."""
    return "".join(str(block.get("text") or block.get("refusal") or "") for block in blocks)


def kind_of(value: Mapping[str, Any]) -> str:
    """The `type` of a block or a tool."""
    return str(value.get("type", ""))[:80]
