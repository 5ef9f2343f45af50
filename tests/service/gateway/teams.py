"""`make_team`: makes a team on a service with data of all sorts, and the words that must not occur in another team's
answers (`Team.marks`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from penstock.gateway.database import GatewayStore
from penstock.gateway.holds import Call, hold, settle
from penstock.gateway.keys import add_key
from penstock.gateway.providers import add_provider
from penstock.gateway.quotas import read_limit, set_limits
from penstock.gateway.records import ALL_SCOPES, BILLION, Usage
from penstock.gateway.schema import models
from penstock.gateway.workspaces import add_workspace
from penstock.store.originals import digest_of
from penstock.store.sql import SqlStore
from penstock_service.http.route_dependencies import Parts
from tests.service.conftest import Service

__all__ = ["Team", "http_of", "make_team", "store_of"]


@dataclass
class Team:
    """A workspace with data."""

    name: str
    word: str
    """In every name and text of it."""
    secret: str
    """Its key."""
    known: dict[str, str] = field(default_factory=dict)
    """What a call may name: ids, and `word` and `name`."""

    @property
    def marks(self) -> list[str]:
        """Words that must not be in an answer to another team."""
        return [self.name, self.word, self.secret, *(said for what, said in self.known.items() if what != "job")]


def store_of(service: Service) -> GatewayStore:
    parts: Parts = service.app.state.parts
    return parts.gateway


def http_of(service: Service, secret: str, **headers: str) -> httpx.Client:
    """Plain HTTP, with a key."""
    sent = {"authorization": f"Bearer {secret}", **headers}
    return httpx.Client(base_url=service.url, headers=sent, trust_env=False, timeout=60)


def make_team(service: Service, name: str, word: str, *, has_memory: bool = True) -> Team:
    """A team with contexts, memory, a key, a provider with a model, limits, usage and an original."""
    store = store_of(service)
    add_workspace(store, name, "owner", {"aliases": {f"{word}-alias": f"{word}-provider/{word}-model"}})
    key, secret = add_key(store, name, f"{word}-key", "owner", scopes=ALL_SCOPES)
    provider = add_provider(
        store,
        f"{word}-provider",
        "owner",
        workspace=name,
        kind="openai-compatible",
        base_url="http://127.0.0.1:9",
        allow_private=True,
    )
    with store.writing() as db:
        row = {"name": f"{word}-model", "entry": {"about": word}, "at": 1.0}
        db.execute(models.insert().values(provider=provider.id, **row))
    for scope in (f"key:{key.id}", f"workspace:{name}", f"model:{name}/{word}-provider/{word}-model"):
        set_limits(store, scope, [read_limit("month", "dollars", 10)], "owner")
    call = Call(f"{word}-call", name, key.id, f"{word}-provider", f"{word}-model", f"{word}-session", 1, 1, 2, 2)
    hold(store, call)
    settle(store, call.id, Usage(input=5, output=6, dollars=BILLION), f"{word}-exchange")
    team = Team(name, word, secret, {"word": word, "name": name, "key": key.id, "provider": provider.id})
    team.known["original"] = _original(service.store, f"{word} was here")
    with http_of(service, secret) as http:
        _contexts(http, word)
        if not has_memory:  # which takes seconds to open
            return team
        materials = {"chat": f"User: where is the {word}?\nAssistant: the {word} sits in the reeds."}
        said: Any = {"thread_id": f"{word}-thread", "materials": materials, "wait": True}
        team.known["item"] = http.post("/v1/ingest", json=said).json()["items"][0]["id"]
        team.known["job"] = http.post("/v1/ingest", json={**said, "wait": False}).json()["job"]
    return team


def _contexts(http: httpx.Client, word: str) -> None:
    marks = {"tags": [f"{word}-tag"], "session": f"{word}-session", "agent": f"{word}-agent", "ttl": 0}
    for value in (1, 2):
        put = http.put(f"/v1/contexts/{word}-plan", json={"data": {word: value}, **marks})
        assert put.status_code in (200, 201), put.text
    assert http.put("/v1/contexts/shared", json={"data": word, "ttl": 0}).status_code == 201
    assert http.put(f"/v1/contexts/{word}-gone", json={"data": word}).status_code == 201
    assert http.delete(f"/v1/contexts/{word}-gone").status_code == 204


def _original(path: Path, text: str) -> str:
    store = SqlStore(path)
    store.add_original("talk-1", text, text, 1_700_000_000.0)
    store.close()
    return digest_of(text)
