"""Answers Penstock's questions over NATS from a folder of notes in Markdown. A program of its own:

    pip install nats-py
    python answer_from_notes.py nats://127.0.0.1:4222 ~/notes

It gives the paragraphs that share the most words with the question, each with its file and the day on which that was
changed. Start it as often as you like: each question goes to one of them. Penstock asks with `[stage.memory.nats] url`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

SUBJECT, QUEUE = "penstock.recall.v1", "notes"
MOST = 5


def paragraphs(folder: Path) -> list[dict[str, Any]]:
    """What can be recalled; a real responder searches an index."""
    found = []
    for file in sorted(folder.rglob("*.md")):
        at = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat()
        for text in re.split(r"\n\s*\n", file.read_text("utf-8")):
            if text.strip():
                found.append({"text": text.strip(), "at": at, "place": str(file.relative_to(folder))})
    return found


def answer(question: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The answer to one question, in the form that Penstock reads."""
    asked = words(question["text"])
    ranked = sorted(paragraphs(folder), key=lambda one: -len(asked & words(one["text"])))
    return {"texts": [one for one in ranked[:MOST] if asked & words(one["text"])]}


def words(text: str) -> set[str]:
    """Words of four letters or more."""
    return set(re.findall(r"\w{4,}", text.lower()))


async def serve(url: str, folder: Path) -> Client:
    """Answers from now on, until the client that is returned is closed."""
    client = await nats.connect(url)

    async def take(message: Msg) -> None:
        # Reading files would hold up the connection: it is done in a thread.
        found = await asyncio.to_thread(answer, json.loads(message.data), folder)
        await message.respond(json.dumps(found).encode())

    await client.subscribe(SUBJECT, queue=QUEUE, cb=take)
    await client.flush()
    return client


async def main(url: str, folder: Path) -> None:
    """Runs until Ctrl-C."""
    await serve(url, folder)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
