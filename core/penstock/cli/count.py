"""`penstock count` (`count`, made by `command`): counts the tokens of a text or of a request body, and says by which
method. Raises `PenstockError` for a file of more than 64 MB, a text with null bytes, or a body that cannot be read in
its format."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.base.errors import PenstockError, Unreadable
from penstock.base.format import columns, printable
from penstock.cli import completion
from penstock.cli.store_option import store_option
from penstock.tokens.vocabulary import KNOWN, Vocabulary

if TYPE_CHECKING:
    from penstock.tokens.calibration import How
    from penstock.tokens.request_count import TokenParts

__all__ = ["command", "count"]

LIMIT = 64 << 20
"""Bytes of a file. No model takes nearly as much."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The result that is shown."""

    tokens: int
    how: How
    by: str
    """The method of counting, in words."""
    model: str
    dialect: str = ""
    """The dialect of the request body. Empty: the input is a plain text."""
    parts: TokenParts | None = None


def command(vocabularies: Mapping[str, Vocabulary] = KNOWN) -> Callable[..., None]:
    """The command `penstock count`."""

    def count(
        file: Annotated[str, typer.Argument(help="A text, or the JSON body of a request in any format. -: stdin.")],
        model: Annotated[
            str,
            typer.Option(
                help="Count as this model does. The request's own when not given.", autocompletion=completion.models
            ),
        ] = "",
        dialect: Annotated[
            str, typer.Option(help="The request's format, such as openai-chat. Told by its fields when not given.")
        ] = "",
        text: Annotated[bool, typer.Option("--text", help="Count JSON as the plain text it is.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
        store: Annotated[
            Path | None, store_option("The log whose calibration is used. The proxy's own when not given.")
        ] = None,
    ) -> None:
        """Count the tokens of a text or a request, and say how they were counted.

        `tokenizer`: with the model's own vocabulary, if it is public and on this machine (`penstock tokens install`).
        `calibrated`: estimated, times what the provider counted in earlier requests of the model. `estimated`: neither.
        """
        from penstock.dialects.request_format import shape_of

        body = _read(file)
        shape = "" if text else shape_of(body, dialect)
        if shape:
            try:
                found = _request(body, shape, model, store, vocabularies)
            except Unreadable as e:
                raise PenstockError(f"{file} cannot be read as {shape}: {e}. --text counts it as text") from e
        else:
            found = _text(body, file, model, vocabularies)
        for line in [_as_json(found)] if as_json else _lines(found):
            typer.echo(line)

    return count


count = command()


def _read(file: str) -> bytes:
    try:
        if file == "-":
            body = sys.stdin.buffer.read(LIMIT + 1)
        else:
            with Path(file).expanduser().open("rb") as opened:
                body = opened.read(LIMIT + 1)
    except OSError as e:
        raise PenstockError(f"{file} cannot be read: {e.strerror or e}") from e
    if len(body) > LIMIT:
        part = "`head -c 1000000 FILE | penstock count -`"
        raise PenstockError(f"{file} is larger than {LIMIT >> 20} MB: count a part of it, as in {part}")
    return body


def _text(body: bytes, file: str, model: str, vocabularies: Mapping[str, Vocabulary]) -> _Found:
    from penstock.tokens.text_count import TextCounter

    if b"\0" in body[:4096]:
        raise PenstockError(f"{file} is no text: it holds null bytes. UTF-8 was expected")
    counter = TextCounter.of(model, vocabularies)
    return _Found(*counter.count(body.decode("utf-8-sig", errors="replace")), counter.by, model)


def _request(
    body: bytes, dialect: str, model: str, store: Path | None, vocabularies: Mapping[str, Vocabulary]
) -> _Found:
    from penstock.dialects.request_format import read_as
    from penstock.tokens.calibration import Calibration
    from penstock.tokens.request_count import TokenParts, count_request, shares
    from penstock.tokens.text_count import tokenizer_of

    conversation, provider = read_as(body, dialect)
    model = model or conversation.model
    tokenizer, hint = tokenizer_of(model, vocabularies)
    if tokenizer is not None:
        parts = count_request(conversation, tokenizer)
        return _Found(parts.total, "tokenizer", f"{tokenizer.name}, the model's own vocabulary", model, dialect, parts)
    gauge = Calibration(_learned(store)).gauge(provider, model, "")
    found = shares(conversation, gauge)
    parts = TokenParts(found.system or 0, found.tools or 0, found.messages or 0)
    by = f"the request's bytes, times {gauge.ratio:.2f} for this model"
    if gauge.how == "calibrated":
        by = f"the request's bytes, times {gauge.ratio:.2f} by what the provider counted before"
    return _Found(parts.total, gauge.how, f"{by}{hint}", model, dialect, parts)


def _learned(store: Path | None) -> dict[str, dict[str, Any]]:
    """What the proxy has learned. Nothing, where there is no log and none was named."""
    from penstock.base import paths
    from penstock.engine.token_counts import KIND
    from penstock.store.reading import open_log

    if store is None and not paths.store_path().is_file():
        return {}
    log = open_log(store)
    try:
        return log.values_of(KIND)
    finally:
        log.close()


def _as_json(found: _Found) -> str:
    parts = {name: n for name, n in asdict(found.parts).items() if name != "estimated"} if found.parts else None
    value = {
        "tokens": found.tokens,
        "how": found.how,
        "by": found.by,
        "model": found.model or None,
        "dialect": found.dialect or None,
        "parts": parts,
        "estimated": found.parts.estimated if found.parts else 0,
    }
    return json.dumps(value, ensure_ascii=False)


def _lines(found: _Found) -> list[str]:
    whose = f" for {printable(found.model)}" if found.model else ""
    lines = [f"{found.tokens:,} tokens{whose}", f"{found.how}: {found.by}"]
    if found.parts is None:
        return lines
    rows = [(name, f"{n:,}") for name, n in asdict(found.parts).items() if name != "estimated"]
    lines += [f"  {line}" for line in columns(rows, 1)]
    if found.parts.estimated:
        lines.append(f"  {found.parts.estimated:,} of them estimated: images, files, sealed reasoning")
    return [*lines, f"A request in the format {found.dialect}; --text counts its JSON as text."]
