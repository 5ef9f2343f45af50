"""`load`: reads the data sets LoCoMo and BEAM from a folder, as they are published: conversations with questions whose
evidence is known. For the benchmarks of memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["History", "Query", "load"]


@dataclass(frozen=True)
class Query:
    """A question, and the documents that hold its answer."""

    text: str
    evidence: frozenset[str]
    kind: str


@dataclass
class History:
    """One conversation with its documents and questions."""

    family: str
    name: str
    docs: list[dict[str, str]]
    """`id`, `session`, `date`, `role`, `text`, in order."""
    queries: list[Query] = field(default_factory=list)


def load(folder: Path) -> list[History]:
    """All conversations under `folder`, those of a family in a fixed order."""
    return [*_locomo(folder), *_beam(folder)]


def _locomo(folder: Path) -> Iterator[History]:
    fixes = folder / "locomo_corrections.json"
    listed = json.loads(fixes.read_text()) if fixes.exists() else {}
    corrected = {(name, e["qa_index"]): e["correct_evidence"] for name, es in listed.items() for e in es}
    for file in sorted((folder / "locomo").glob("*.json")):
        for one in json.loads(file.read_text()):
            talk, docs = one["conversation"], []
            for n in sorted(int(k.split("_")[1]) for k in talk if re.fullmatch(r"session_\d+", k)):
                date = talk.get(f"session_{n}_date_time", "")
                for turn in talk[f"session_{n}"]:
                    shown = f" [shares {turn['blip_caption']}]" if turn.get("blip_caption") else ""
                    text = f"{turn['speaker']}: {turn.get('text', '')}{shown}"
                    docs.append(
                        {"id": turn["dia_id"], "session": f"S{n}", "date": date, "role": turn["speaker"], "text": text}
                    )
            history = History("locomo", one["sample_id"], docs)
            ids = {doc["id"] for doc in docs}
            for i, qa in enumerate(one["qa"]):
                said = corrected.get((one["sample_id"], i)) or qa.get("evidence") or []
                found = {f"D{int(a)}:{int(b)}" for e in said for a, b in re.findall(r"D:?(\d+):(\d+)", str(e))} & ids
                if found:
                    history.queries.append(Query(qa["question"], frozenset(found), f"c{qa['category']}"))
            yield history


def _beam(folder: Path) -> Iterator[History]:
    for file in sorted((folder / "beam").glob("100K_*.json")):
        one = json.loads(file.read_text())
        history = History("beam", str(one["id"]), [])
        for batch in one["chat"]:
            for message in (m for turn in batch["turns"] for m in turn):
                text = re.sub(r"\s*->->.*$", "", message["content"]).strip()
                date = message.get("time_anchor") or ""
                name = f"B{batch['batch_number']}"
                history.docs.append(
                    {"id": str(message["id"]), "session": name, "date": date, "role": message["role"], "text": text}
                )
        ids = {doc["id"] for doc in history.docs}
        for kind, asked in one["probing_questions"].items():
            for query in asked:
                found = {str(n) for n in _numbers(query.get("source_chat_ids", []))} & ids
                if found:
                    history.queries.append(Query(query["question"], frozenset(found), kind))
        yield history


def _numbers(of: Any) -> list[int]:
    if isinstance(of, dict):
        return [n for value in of.values() for n in _numbers(value)]
    if isinstance(of, list):
        return [n for value in of for n in _numbers(value)]
    return [of] if isinstance(of, int) else []
