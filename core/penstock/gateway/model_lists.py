"""The lists of models that providers serve: `listed_models` returns the stored models of a workspace (`ListedModel`),
`models_by_provider` the names of all; `fetch_models` asks a provider for its list and stores it, `refresh_models` does
so after checking the provider's address again. Both raise `ProviderDown` if it gives no list."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import sqlalchemy as sa

from penstock.gateway.base_urls import check_base_url
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import NotThere, ProviderDown
from penstock.gateway.provider_kinds import KINDS
from penstock.gateway.providers import list_providers, open_credential
from penstock.gateway.records import Provider
from penstock.gateway.request_fields import MODEL_NAME
from penstock.gateway.schema import models, providers

__all__ = ["ListedModel", "fetch_models", "listed_models", "models_by_provider", "refresh_models"]

_TIMEOUT_S = 20.0
_MOST_BYTES = 16 << 20
_MOST = 5000
_VERSION = {"anthropic-version": "2023-06-01"}


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model as its provider lists it."""

    provider: str
    """The provider's name."""
    name: str
    entry: Mapping[str, Any]
    """The provider's own description of it."""
    at: float
    """When the list was fetched."""

    @property
    def id(self) -> str:
        """The name by which a request asks for it."""
        return f"{self.provider}/{self.name}"


def fetch_models(store: GatewayStore, provider: Provider, *, proxy: str | None = None) -> int:
    """Ask a provider for its list of models, store it, and return how many models it has. Raises `ProviderDown` if it
    cannot be reached or does not answer with a list; the stored list stays then. Waits for the network."""
    kind = KINDS[provider.kind]
    secret, header = open_credential(store.masters, provider), kind.headers["*"]
    headers = {header: f"Bearer {secret}" if header == "authorization" else secret} if secret else {}
    url = provider.base_url + kind.models_path
    try:
        with httpx.Client(timeout=_TIMEOUT_S, proxy=proxy, follow_redirects=False, trust_env=False) as client:
            params = {"limit": "1000"} if header != "authorization" else None
            with client.stream("GET", url, headers={**headers, **_VERSION}, params=params) as answer:
                content = _content(answer)
    except httpx.HTTPError as e:
        raise ProviderDown(f"{provider.name}: its models cannot be fetched from {url}: {e or type(e).__name__}") from e
    if answer.status_code != 200 or content is None:
        raise ProviderDown(f"{provider.name}: {url} answered {answer.status_code}, and no list of models")
    try:
        entries = json.loads(content)["data"]
        named = {str(one["id"]).removeprefix("models/"): dict(one) for one in entries[:_MOST]}
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise ProviderDown(f"{provider.name}: {url} answered with something else than a list of models") from e
    # Longer ones could neither be named in a request nor shown.
    found = {name: entry for name, entry in named.items() if MODEL_NAME.fullmatch(name) and _can_be_sent(entry)}
    now = store.clock.now()
    with store.writing() as db:
        if db.execute(sa.select(providers.c.id).where(providers.c.id == provider.id)).first() is None:
            raise NotThere(f"there is no provider {provider.name!r} any more")
        db.execute(models.delete().where(models.c.provider == provider.id))
        for name, entry in found.items():
            db.execute(models.insert().values(provider=provider.id, name=name, entry=entry, at=now))
    return len(found)


def _content(answer: httpx.Response) -> bytes | None:
    """The body. None: it is longer than a list can be."""
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > _MOST_BYTES:
            return None
    return bytes(content)


def _can_be_sent(entry: Mapping[str, Any]) -> bool:
    """Whether an entry can be written as JSON: it has no NaN and no lone surrogates."""
    try:
        json.dumps(entry, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def refresh_models(store: GatewayStore, provider: Provider, allowed: Collection[str]) -> int:
    """List a provider's models as `fetch_models` does, after checking the provider's address again. `allowed`: hosts
    that may be private. Raises `InvalidSetting` if the address is not allowed."""
    check_base_url(provider.base_url, is_private_allowed=provider.allow_private, allowed=allowed)
    return fetch_models(store, provider)


def listed_models(store: GatewayStore, workspace: str) -> list[ListedModel]:
    """The models of all providers that a workspace uses, by name. If two providers have one name, those of the
    workspace's own."""
    named: dict[str, Provider] = {}
    for one in list_providers(store, workspace):
        named.setdefault(one.name, one)
    names = {one.id: one.name for one in named.values()}
    with store.reading() as db:
        rows = db.execute(models.select().where(models.c.provider.in_(names)).order_by(models.c.name)).all()
    found = [ListedModel(names[row.provider], row.name, row.entry, row.at) for row in rows]
    return sorted(found, key=lambda one: one.id)


def models_by_provider(store: GatewayStore) -> dict[str, Collection[str]]:
    """The names of all listed models, by the id of their provider."""
    out: dict[str, set[str]] = {}
    with store.reading() as db:
        for provider, name in db.execute(sa.select(models.c.provider, models.c.name)):
            out.setdefault(provider, set()).add(name)
    return dict(out)
