"""`admit`: lets a request with a gateway's key in (`Admitted`): checks what the key may do (`check_scope`), finds the
provider of the model and its fallback, and holds what the request may cost; `instead` does so for the fallback.
`Directory` caches workspaces and providers, for a second. `price_name`: what prices call a provider."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlsplit

from penstock.base.errors import StoreError
from penstock.base.suggest import did_you_mean
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import NotAllowed, NotThere, UnknownPrice
from penstock.gateway.holds import Call, hold
from penstock.gateway.model_lists import models_by_provider
from penstock.gateway.provider_kinds import COUNTING, Endpoint
from penstock.gateway.providers import list_providers
from penstock.gateway.records import BILLION, ApiKey, Provider, Scope, Workspace
from penstock.gateway.request_fields import RequestFields
from penstock.gateway.routing import Route, Translations, check_models, route
from penstock.gateway.workspaces import find_workspace
from penstock.models.price import Price
from penstock.models.providers import provider_of
from penstock.tokens.estimate import estimate_bytes

__all__ = ["STALE_S", "Admitted", "Directory", "Hold", "admit", "check_scope", "instead", "price_name"]

logger = logging.getLogger(__name__)
_LISTED_S = 30.0
"""Seconds for which the lists of models are not read again."""
_FRESH_S = 1.0
"""Seconds for which workspaces and providers are not read again. What is not found is looked for again at once."""
STALE_S = 600.0
"""Seconds for which what was read last counts while the store cannot be read."""
_MARGIN = 1.25
"""Tokens of the input that are held, as a share of the estimate: more is counted for one request in some hundreds."""
PriceOf = Callable[[str, str], Price]
"""The price of a model by provider and name."""
Hold = Callable[[GatewayStore, Call], None]
"""Holds what a request may cost; see `penstock.gateway.holds.hold`."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may leave."""

    key: ApiKey
    workspace: Workspace
    route: Route
    asked: RequestFields
    endpoint: Endpoint
    usual_output: int
    call: Call
    """What is held for it."""
    fallback: Route | None = None
    """Where it goes when its provider cannot be reached, or has too much to do."""


@dataclass(frozen=True, slots=True)
class _Known:
    workspace: Workspace
    providers: Sequence[Provider]
    listed: Mapping[str, Collection[str]]
    at: float
    listed_at: float


class Directory:
    """The workspaces with their providers and models, read from the store at most once a second. Any thread may
    call."""

    def __init__(self, store: GatewayStore, translations: Callable[[], Translations] = dict) -> None:
        """`translations`: what plugins translate."""
        self._store, self._translations = store, translations
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def workspace(self, name: str) -> Workspace:
        """One by its name. Raises `NotThere` and `StoreError`."""
        return self._of(name).workspace

    def route(self, name: str, said: str, endpoint: Endpoint) -> Route:
        """Where a request of a workspace for the model `said` goes. Raises `NotThere` and `StoreError`."""
        try:
            return self._route(self._of(name), said, endpoint)
        except NotThere:  # it may have been added within the last second
            return self._route(self._of(name, fresh=True), said, endpoint)

    def listed(self, name: str, provider: Provider) -> Collection[str]:
        """The models that a provider of a workspace lists; empty if its list was never fetched. Raises `NotThere` and
        `StoreError`."""
        return self._of(name).listed.get(provider.id, ())

    def _route(self, known: _Known, said: str, endpoint: Endpoint) -> Route:
        settings = known.workspace.settings
        return route(said, endpoint, known.providers, settings.aliases, known.listed, self._translations())

    def _of(self, name: str, *, fresh: bool = False) -> _Known:
        now = time.monotonic()
        with self._lock:
            known = self._known.get(name)
            if known is None or fresh or known.at < now - _FRESH_S:
                try:
                    known = self._known[name] = self._read(name, now, None if fresh else known)
                except StoreError:
                    if known is None or known.at < now - STALE_S:
                        raise
            return known

    def _read(self, name: str, now: float, before: _Known | None) -> _Known:
        workspace, providers = find_workspace(self._store, name), list_providers(self._store, name)
        if before is not None and before.listed_at > now - _LISTED_S:  # thousands of rows, that change when one fetches
            return _Known(workspace, providers, before.listed, now, before.listed_at)
        return _Known(workspace, providers, models_by_provider(self._store), now, now)


def check_scope(key: ApiKey, scope: Scope) -> None:
    """Raises `NotAllowed` when a key may not do what `scope` names."""
    if scope not in key.scopes:
        raise NotAllowed(f"this key may not do that: it needs the scope {scope!r}, and has {', '.join(key.scopes)}")


def admit(
    store: GatewayStore,
    directory: Directory,
    key: ApiKey,
    asked: RequestFields,
    endpoint: Endpoint,
    *,
    number: str,
    session: str,
    price_of: PriceOf,
    usual_output: int,
    fallback: str = "",
    own: Provider | None = None,
    hold: Hold = hold,
) -> Admitted:
    """Let a request in and hold what it may cost under `number`, by `hold`. `usual_output`: tokens that are held for an
    answer of no said length; `fallback`: the model that the request itself names as one; `own`: where it goes with the
    client's own credential, whatever providers the workspace has. Raises `NotAllowed`, `NotThere`, `QuotaFull` and
    `StoreError`."""
    check_scope(key, "models")
    workspace = directory.workspace(key.workspace)
    found = Route(own, asked.model) if own is not None else directory.route(key.workspace, asked.model, endpoint)
    _check(key, asked, asked.model, found)
    second = None if own is not None else _fallback(directory, key, found, asked, endpoint, fallback)
    call = _call(key, found, asked, endpoint, number, session.replace("\0", "")[:200], price_of, usual_output)
    try:
        hold(store, call)
    except UnknownPrice as e:
        raise _no_price(e, asked.model, found, directory.listed(key.workspace, found.provider)) from e
    return Admitted(key, workspace, found, asked, endpoint, usual_output, call, second)


def _check(key: ApiKey, asked: RequestFields, said: str, route: Route) -> None:
    """Raises `NotAllowed` when a key may not ask a model, or one of those that the body has the same provider ask."""
    check_models(key.models, said, route.full_name)
    for name in asked.others:
        full_name = f"{route.provider.name}/{name}"
        # what stands before a slash is a maker to that provider, and would be a provider in the key's list
        check_models(key.models, full_name if "/" in name else name, full_name)


def _fallback(
    directory: Directory, key: ApiKey, found: Route, asked: RequestFields, endpoint: Endpoint, named: str
) -> Route | None:
    """Where a request goes when its provider fails. One that the request itself names must be there; one of the
    workspace's settings that is not, or that the key may not ask, is none."""
    if named:
        route = directory.route(key.workspace, named, endpoint)
        _check(key, asked, named, route)
        return route
    settings = directory.workspace(key.workspace).settings
    kept = next((other for name, other in settings.fallbacks.items() if name in (asked.model, found.full_name)), "")
    if not kept:
        return None
    try:
        route = directory.route(key.workspace, kept, endpoint)
        _check(key, asked, kept, route)
    except (NotAllowed, NotThere) as e:
        logger.warning("the fallback %s of workspace %s is not used: %s", kept, key.workspace, e)
        return None
    return route


def instead(store: GatewayStore, before: Admitted, number: str, price_of: PriceOf, hold: Hold = hold) -> Admitted:
    """Hold what a request may cost at its fallback, under `number`; what is held for it now stays until the caller
    releases it. Raises as `admit` does."""
    assert before.fallback is not None
    how = (before.asked, before.endpoint, number, before.call.session, price_of, before.usual_output)
    call = _call(before.key, before.fallback, *how)
    try:
        hold(store, call)
    except UnknownPrice as e:
        raise _no_price(e, "", before.fallback, ()) from e
    return replace(before, route=before.fallback, call=call, fallback=None)


def _no_price(e: UnknownPrice, said: str, route: Route, listed: Collection[str]) -> NotAllowed | NotThere:
    """The refusal of a model without a price: what sets one, unless the model is missing in its provider's list."""
    if not listed or route.model in listed:
        price = f'[prices.{price_name(route.provider)}."{route.model}"]'
        prefix, slash, _ = said.partition("/")
        unknown = f"; no provider is called {prefix[:80]!r}" if slash and said == route.model else ""
        return NotAllowed(f"{e}: the owner can set it under `{price}` in the profile{unknown}")
    near = did_you_mean(route.model, listed, lists_all=False)
    shown = f".{near}" if near else ": `penstock providers models` shows those it has"
    return NotThere(f"{route.provider.name} lists no model {route.model[:80]!r}{shown}")


def price_name(provider: Provider) -> str:
    """What prices call a provider: by its host, else by its kind."""
    return _price_name(provider.base_url, provider.kind)


@lru_cache(maxsize=256)
def _price_name(base_url: str, kind: str) -> str:
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return provider_of(parts.hostname or "", port, "", kind.removesuffix("-compatible"))


def _call(
    key: ApiKey,
    found: Route,
    asked: RequestFields,
    endpoint: Endpoint,
    number: str,
    session: str,
    price_of: PriceOf,
    usual_output: int,
) -> Call:
    price = price_of(price_name(found.provider), found.model)
    sent = 0 if endpoint in COUNTING else estimate_bytes(asked.size)
    output = 0 if endpoint in COUNTING or endpoint == "embeddings" else asked.output_tokens or usual_output
    most = round(sent * _MARGIN)
    return Call(
        id=number,
        workspace=key.workspace,
        key=key.id,
        provider=found.provider.name,
        model=found.model,
        session=session,
        input_tokens=sent,
        input_dollars=round(price.dollars(write=sent) * BILLION),
        tokens=most + output,
        dollars=round(price.dollars(write_hour=most, output=output) * BILLION),
        # OpenRouter says itself what an answer cost; counting costs nothing.
        is_priced=price.is_known or found.provider.kind == "openrouter" or endpoint in COUNTING,
    )
