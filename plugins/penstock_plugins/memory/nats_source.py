"""`NatsSource`: asks programs that answer on a subject of NATS, by request and reply, what they know about a question.
Making one raises `ProfileError` if the extra `nats` is not installed; a call raises `TimeoutError`, what the connection
raises, or an error of msgspec for an answer that cannot be read."""

from __future__ import annotations

import asyncio
import importlib
import logging
from datetime import datetime

import msgspec

from penstock import ProfileError, RecalledText, RecallQuestion, connect_to_nats
from penstock_plugins.memory.settings import NatsSettings

__all__ = ["NatsSource"]

logger = logging.getLogger(__name__)


class _Text(msgspec.Struct):
    text: str
    at: datetime | None = None
    place: str = ""


class _Answer(msgspec.Struct):
    texts: list[_Text]


class NatsSource:
    """Connects for each question, which takes some milliseconds: nothing is to be closed or mended between two."""

    name = "nats"

    def __init__(self, settings: NatsSettings, where: str) -> None:
        """`where`: the profile, for the error."""
        try:
            importlib.import_module("nats.aio.client")  # takes longer than the first question may
        except ImportError as e:
            raise ProfileError(
                f"{where}: stage.memory.nats.url needs the extra `nats`, which is not installed: "
                "`pip install 'penstock[nats]'`"
            ) from e
        self._settings = settings

    def __call__(self, question: RecallQuestion) -> list[RecalledText]:
        reply = asyncio.run(asyncio.wait_for(self._ask(question), question.wait_s))
        given = msgspec.json.decode(reply, type=_Answer).texts
        return [RecalledText(one.text, one.at.timestamp() if one.at else None, one.place) for one in given]

    async def _ask(self, question: RecallQuestion) -> bytes:
        async def note(error: Exception) -> None:
            logger.debug("NATS: %s", error)  # the caller is told

        client = await connect_to_nats(self._settings.url, connect_timeout=question.wait_s, error_cb=note)
        try:
            asked = {"text": question.text, "project": question.project, "tokens": question.tokens}
            reply = await client.request(self._settings.subject, msgspec.json.encode(asked), timeout=question.wait_s)
            return reply.data
        finally:
            await client.close()
