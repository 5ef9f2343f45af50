"""`IngestCommands`: the memory command `ingest`: splits materials of a thread (chat, diffs, logs, documents;
`Materials`) and remembers the parts. `check_size` raises `PenstockError` for more than two million characters in one
call (`MAX_CHARACTERS`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from penstock.base.errors import PenstockError
from penstock.control.memory_access import MemoryAccess, Project, Thread
from penstock.memory.items import Item, Kind
from penstock.memory.materials.chat import ROLES, split_chat
from penstock.memory.materials.diffs import split_diff
from penstock.memory.materials.documents import split_document
from penstock.memory.materials.logs import split_log
from penstock.memory.materials.piece import Piece, Pieces
from penstock.memory.text_kind import is_worth_keeping

__all__ = ["MAX_CHARACTERS", "ChatMessage", "Document", "IngestCommands", "Materials", "check_size"]

MAX_CHARACTERS = 2_000_000
"""The most characters of all materials of one call, which are embedded in well under a minute."""
_SHOWN = 60


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ChatMessage(_Given):
    """A message of a chat."""

    role: Annotated[str, Field(min_length=1, max_length=80)]
    content: str
    at: Annotated[float, Field(ge=0, le=1e11)] | None = Field(
        default=None, description="When it was said, in seconds since 1970; now when it is not given."
    )


class Document(_Given):
    """A document with its title."""

    title: Annotated[str, Field(max_length=400)] = ""
    text: str


class Materials(_Given):
    """The materials of one call."""

    chat: str | list[ChatMessage] = Field(
        default="", description="Text in which lines begin with `User:` or `Assistant:`; or messages."
    )
    diffs: str | list[str] = Field(default="", description="Unified diffs.")
    logs: str | list[str] = Field(default="", description="Lines with time and level. Warnings and errors are kept.")
    documents: str | list[str | Document] = Field(default="", description="Texts, split at their headings (`# …`).")


class IngestCommands:
    """Runs the command `ingest`."""

    COMMANDS = frozenset({"ingest"})

    def __init__(self, access: MemoryAccess) -> None:
        self._access = access

    def _ingest(
        self,
        thread_id: Thread,
        materials: Materials,
        project: Project,
        tags: Sequence[Annotated[str, Field(min_length=1, max_length=100)]] = (),
        expires_at: float | None = None,
    ) -> dict[str, Any]:
        """`{items: [{id, kind, material, new}], skipped: [{material, why}]}`. Known items are not stored twice, and
        items that a person had forgotten are not stored."""
        check_size(materials)
        memory, now = self._access.open(), self._access.now()
        kept, skipped = list[tuple[str, Piece]](), list[dict[str, str]]()
        for material, pieces in self._pieces(materials):
            skipped += [{"material": material, "why": why} for why in pieces.skipped]
            for piece in pieces.kept:
                if is_worth_keeping(piece.text):
                    kept.append((material, piece))
                else:
                    skipped.append({"material": material, "why": f"it says too little: {piece.text[:_SHOWN]!r}"})
        first = memory.catalog.last_seq(project, thread_id) + 1
        items = [
            Item(
                project,
                piece.text,
                session=thread_id,
                seq=first + n,
                at=now if piece.at is None else min(piece.at, now),
                role=piece.role,
                kind=piece.kind,
                tags=tuple(dict.fromkeys(tags)),
                expires_at=expires_at,
            )
            for n, (_, piece) in enumerate(kept)
        ]
        out: list[dict[str, Any]] = []
        for (material, piece), added in zip(kept, memory.add(items), strict=True):
            if not added.ids:
                skipped.append({"material": material, "why": f"it was forgotten by a person: {piece.text[:_SHOWN]!r}"})
            for item in memory.get(project, added.ids):
                new = bool(added.new)
                out.append({"id": item.key, "kind": item.kind.value, "material": material, "new": new})
        return {"items": out, "skipped": skipped}

    def _pieces(self, materials: Materials) -> Iterator[tuple[str, Pieces]]:
        """The pieces of each material. It is cleaned before it is split, since a secret may have several lines."""
        if isinstance(materials.chat, str):
            yield "chat", split_chat(self._access.clean(materials.chat))
        else:
            yield "chat", Pieces(tuple(self._message(one) for one in materials.chat))
        for material, given, split in (("diffs", materials.diffs, split_diff), ("logs", materials.logs, split_log)):
            for text in [given] if isinstance(given, str) else given:
                yield material, split(clean) if (clean := self._access.clean(text)) else Pieces()
        documents = materials.documents
        for one in [documents] if isinstance(documents, str) else documents:
            document = Document(text=one) if isinstance(one, str) else one
            yield "documents", split_document(self._access.clean(document.text), self._access.clean(document.title))

    def _message(self, message: ChatMessage) -> Piece:
        role = ROLES.get(message.role.strip().lower(), self._access.clean(message.role))
        return Piece(self._access.clean(message.content), Kind.CHAT, role, message.at)


def check_size(materials: Materials) -> None:
    """Raises `PenstockError` if the materials are too long for one call."""
    given: list[Any] = []
    for one in (materials.chat, materials.diffs, materials.logs, materials.documents):
        given += [one] if isinstance(one, str) else one
    texts = [
        one.content if isinstance(one, ChatMessage) else one.text if isinstance(one, Document) else one for one in given
    ]
    size = sum(map(len, texts))
    if size > MAX_CHARACTERS:
        raise PenstockError(
            f"the materials have {size:,} characters, and {MAX_CHARACTERS:,} are the most of one call: send them in "
            "parts, the thread goes on"
        )
