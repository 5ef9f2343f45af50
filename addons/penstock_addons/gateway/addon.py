"""`TeamGateway`: the addon that lets requests with a key of Penstock in. It checks the key, finds the provider, holds
what the request may cost, and puts the provider's credential in place of the key; one that may not pass gets an error
in the form of its API. Lists of models, and embeddings by Penstock's own embedders, it answers itself.

A request on the gateway's port needs a key. On its way to a model's host it may have one beside the client's own
credential, which then goes to the host it was sent to; the workspace's limits count all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from mitmproxy import http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from penstock.base.errors import PenstockError, StoreError, Unreadable
from penstock.dialects import content_encoding
from penstock.dialects.base import Endpoint as Kind
from penstock.gateway.admit import Admitted, Directory, admit, check_scope, price_name
from penstock.gateway.base_urls import private_addresses
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import BadKey, NotThere, QuotaFull
from penstock.gateway.holds import Call
from penstock.gateway.model_lists import listed_models
from penstock.gateway.provider_kinds import KINDS, Endpoint, endpoint_of
from penstock.gateway.providers import open_credential
from penstock.gateway.records import ApiKey, Provider, Usage
from penstock.gateway.request_fields import RequestFields, read
from penstock.gateway.routing import check_models
from penstock.tokens.estimate import estimate_bytes
from penstock_addons.gateway import answers
from penstock_addons.gateway.client_format import speak
from penstock_addons.gateway.credentials import (
    has_credential,
    home_of,
    keep_only,
    put_credential,
    send_to,
    take_key,
)
from penstock_addons.gateway.embeddings import OWN_PREFIX, OwnEmbeddings
from penstock_addons.gateway.gateway_request import GatewayRequest, gateway_requests
from penstock_addons.gateway.personal_data import PersonalData, Redaction
from penstock_addons.gateway.store_threads import StoreThreads
from penstock_addons.gateway.translate import outgoing
from penstock_addons.wire.credentials import head_of
from penstock_addons.wire.flows import headers_of
from penstock_addons.wire.gateway_port import KeyedRequest, is_gateway, keyed
from penstock_addons.wire.held_answers import is_answered
from penstock_addons.wire.hosts import ModelHosts, host_of
from penstock_addons.wire.in_flight import in_flight_requests
from penstock_addons.wire.keep_alive import is_keep_alive
from penstock_addons.wire.model_requests import ModelRequests

__all__ = ["TeamGateway"]

logger = logging.getLogger(__name__)
_FALLBACK = "x-penstock-fallback"
_OWN_ENDPOINTS: Mapping[str, Endpoint] = {"anthropic": "messages", "gemini": "gemini", "ollama": "ollama"}
"""By the family of a dialect. Others are OpenAI's."""
_BODILESS = ("GET", "HEAD", "OPTIONS", "DELETE")
_SESSIONS = ("x-claude-code-session-id", "session-id", "session_id", "x-session-id", "x-session-affinity")


class TeamGateway:
    """Admits requests with gateway keys. Must come before the addons that read requests."""

    def __init__(
        self, threads: StoreThreads, hosts: ModelHosts, requests: ModelRequests, personal: PersonalData
    ) -> None:
        self._threads, self._hosts, self._requests, self._personal = threads, hosts, requests, personal
        self._embeddings = OwnEmbeddings()
        self._embedding = ThreadPoolExecutor(1, "penstock-embeddings")
        self._private: set[tuple[str, int]] = set()
        """Private addresses to which the owner allows requests."""

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        if is_answered(flow) or is_keep_alive(flow) or flow.is_replay:
            return
        is_port = is_gateway(flow.client_conn.proxy_mode)
        if not is_port and not self._hosts.reads(flow):
            return  # a key may be for another gateway, or for the service
        secret = take_key(flow.request)
        if not is_port and not secret:
            return
        try:
            if not secret:
                raise BadKey("a key is needed: `Authorization: Bearer pst_…`, `x-api-key` or `x-penstock-key`")
            path = flow.request.path.partition("?")[0]
            listing = answers.listing_of(path, flow.request.headers) if flow.request.method == "GET" else None
            if is_port and listing is not None:
                await self._list(flow, secret, listing)
                return
            key = await self._threads.key(secret)
            is_own, headers = has_credential(flow.request), headers_of(flow)
            endpoint = self._endpoint(flow.request.method, path, is_own=is_own)
            if endpoint is not None or not is_port:
                await self._check_readable(flow, key, endpoint, headers.get("content-length", ""))
            keyed.set(flow, KeyedRequest(key.workspace))
            if endpoint is None and not is_port:
                return  # another request of the same client, with its own credential
            if endpoint is None:
                raise NotThere(f"{flow.request.method} {path[:100]} is no path of this gateway")
            if is_port and is_own and home_of(flow.request) is None:
                raise NotThere("whose credential this is cannot be told: send the key alone, or go through HTTPS_PROXY")
            fallback = headers.get(_FALLBACK, "")[:200]
            if _FALLBACK in headers:
                del flow.request.headers[_FALLBACK]
            gateway_requests.set(flow, GatewayRequest(secret, key, endpoint, path, is_own, fallback))
        except Exception as e:  # noqa: BLE001 - whatever it is, nothing leaves past limits and redaction
            self._refuse(flow, e)

    async def request(self, flow: http.HTTPFlow) -> None:
        found = gateway_requests.get(flow)
        if found is None or flow.response is not None or flow.is_replay:
            return
        try:
            if flow.request.stream:
                raise Unreadable("the body is too long to be read: `[limits] body_bytes`")
            if not await self._answer_embeddings(flow, found):
                await self._admit(flow, found)
        except StoreError as e:
            if not await self._may_go_on(flow, found):
                self._refuse(flow, e)
        except Exception as e:  # noqa: BLE001 - as above
            self._refuse(flow, e)

    async def _may_go_on(self, flow: http.HTTPFlow, found: GatewayRequest) -> bool:
        """Whether a request may leave that cannot be counted, since the store is down: one with the client's own
        credential, to its own host, of a workspace that is known not to redact personal data."""
        if not found.is_own or is_gateway(flow.client_conn.proxy_mode):
            return False
        try:
            workspace = await self._threads.do(lambda _, directory: directory.workspace(found.key.workspace))
        except PenstockError:
            return False
        if not workspace.settings.redact:
            logger.warning("a request with its client's own credential is not counted: the gateway's store is down")
        return not workspace.settings.redact

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        """A name that was public when its provider was added may lead into the private network by now."""
        address = data.server.address
        if not is_gateway(data.client.proxy_mode) or address is None or data.server.via or address in self._private:
            return
        found = await asyncio.get_running_loop().run_in_executor(None, private_addresses, *address[:2])
        if found:
            data.server.error = f"{address[0]} leads to {found[0]}, which is not public; see [gateway] allow_private"

    def send_with(
        self, flow: http.HTTPFlow, found: GatewayRequest, provider: Provider, secret: str, body: bytes, path: str
    ) -> None:
        """Have a request go to a provider with that one's credential, and with `body`; an empty one: as it is."""
        request, kind, suite = flow.request, KINDS[provider.kind], self._requests.suite
        if body:
            _replace_body(request, body)
        put_credential(request, kind.header(found.wire), secret)
        if found.translated is not None:
            speak(flow, found.endpoint, found.wire)
        in_flight = in_flight_requests.get(flow)
        if in_flight is not None:  # a fallback: its credential may not be logged either
            in_flight.heads.append(head_of(request))
            if suite is not None and (known := suite.engine.route("POST", path)) is not None:
                in_flight.dialect = known[0]
        send_to(request, provider.base_url, kind.path(found.wire, path))
        listed = suite.profile.gateway.allow_private if suite is not None else ()
        if provider.allow_private or {request.host, f"{request.host}:{request.port}"} & set(listed):
            self._private.add((request.host, request.port))

    def response(self, flow: http.HTTPFlow) -> None:
        found = gateway_requests.get(flow)
        if found is not None and found.tee is not None and flow.response is not None:
            found.tee(flow.response.raw_content or b"")

    def done(self) -> None:
        self._embedding.shutdown(wait=False, cancel_futures=True)
        self._threads.close()

    async def _admit(self, flow: http.HTTPFlow, found: GatewayRequest) -> None:
        suite, request = self._requests.suite, flow.request
        if suite is None:
            raise StoreError("the proxy does not run yet, or not any more")
        settings, limit = suite.profile.gateway, suite.profile.limits.body_bytes
        prices = suite.engine.pipeline(suite.engine.pipelines.own).parts.prices
        headers = headers_of(flow)
        encoding, packed = headers.get("content-encoding"), request.raw_content or b""
        session = next((headers[name] for name in _SESSIONS if headers.get(name)), "")
        own, translators = _own_provider(flow) if found.is_own else None, suite.plugins.translators()

        def let_in(store: GatewayStore, directory: Directory) -> tuple[Admitted, str, bytes, str, Redaction | None]:
            body = received = content_encoding.decode(packed, encoding, limit)
            asked = _asked(body, found)
            name, redaction = found.key.workspace, None
            if directory.workspace(name).settings.redact:
                body, redaction = self._personal.redact(store, name, body, headers, found.endpoint)

            def admitted_for(key: ApiKey) -> Admitted:
                return admit(
                    store,
                    directory,
                    key,
                    asked,
                    found.endpoint,
                    number=flow.id,
                    session=session.encode("ascii", "replace").decode(),
                    price_of=prices.of,
                    usual_output=settings.usual_output_tokens,
                    fallback=found.fallback,
                    own=own,
                    hold=self._threads.hold_for(key, found.secret),
                )

            try:
                admitted = admitted_for(found.key)
            except PenstockError:
                key = self._threads.check(store, found.secret)
                if key == found.key:
                    raise
                found.key = key  # it was changed in the minute for which it is not looked at when a request comes
                admitted = admitted_for(key)
            if own is not None:
                return admitted, "", b"" if body == received else body, found.path, redaction
            try:
                secret = open_credential(store.masters, admitted.route.provider)
                new, path, found.translated = outgoing(body, found.path, found.endpoint, admitted.route, translators)
            except BaseException:  # whatever it is, nothing may stay held
                self._threads.settle(flow.id, None, "")
                raise
            return admitted, secret, b"" if new == received else new, path, redaction

        admitted, secret, body, path, redaction = await self._threads.do(let_in)
        found.admitted = admitted
        found.prices = prices
        if redaction is not None:
            found.is_redacted = True
            self._personal.begin(flow, redaction)
        known = keyed.get(flow)
        if known is not None:
            known.profile = admitted.workspace.settings.profile
        if own is None:
            self.send_with(flow, found, admitted.route.provider, secret, body, path)
            return
        if body:
            _replace_body(request, body)
        if is_gateway(flow.client_conn.proxy_mode):
            keep_only(request, KINDS[own.kind])
            send_to(request, own.base_url, path)

    async def _answer_embeddings(self, flow: http.HTTPFlow, found: GatewayRequest) -> bool:
        """Whether the request is for embeddings by a name of ours, which are made here."""
        suite = self._requests.suite
        if found.endpoint != "embeddings" or suite is None:
            return False
        limit, packed = suite.profile.limits.body_bytes, flow.request.raw_content or b""
        encoding = flow.request.headers.get("content-encoding")

        def let_in(store: GatewayStore, _directory: Directory) -> bytes | None:
            body = content_encoding.decode(packed, encoding, limit)
            model = read(body, found.endpoint, found.path).model
            if not model.startswith(OWN_PREFIX):
                return None
            key = self._threads.check(store, found.secret)
            check_scope(key, "models")
            check_models(key.models, model, model)
            own, name, tokens = OWN_PREFIX.rstrip("/"), model.removeprefix(OWN_PREFIX), estimate_bytes(len(body))
            self._threads.hold(store, Call(flow.id, key.workspace, key.id, own, name, "", tokens, 0, tokens, 0))
            return body

        body = await self._threads.do(let_in)
        if body is None:
            return False
        try:  # in a thread of its own: others need not wait for it
            loop = asyncio.get_running_loop()
            answer, used = await loop.run_in_executor(self._embedding, self._embeddings.answer, body)
        except BaseException:  # whatever it is, nothing may stay held
            self._threads.settle(flow.id, None, "")
            raise
        self._threads.settle(flow.id, Usage(input=used, how="estimated"), "")
        flow.response = http.Response.make(200, answer, {"content-type": "application/json"})
        return True

    async def _check_readable(self, flow: http.HTTPFlow, key: ApiKey, endpoint: Endpoint | None, length: str) -> None:
        """Raises `Unreadable` for a body that would leave before it can be read, of a workspace whose personal data
        must not leave. `length`: its content-length, if it says one."""
        suite = self._requests.suite
        limit = suite.profile.limits.body_bytes if suite is not None else 0
        if flow.request.method in _BODILESS:
            return
        if endpoint is None:
            why = f"what is sent to {flow.request.path.partition('?')[0][:100]} cannot be read"
        elif not length.isdigit() and not is_gateway(flow.client_conn.proxy_mode):
            why = "a body whose length is not known may leave before it is read: send a content-length"
        elif length.isdigit() and int(length) > limit:
            why = f"the body has more than {limit} bytes (`[limits] body_bytes`)"
        else:
            return
        workspace = await self._threads.do(lambda _, directory: directory.workspace(key.workspace))
        if workspace.settings.redact:
            # `HeldAnswers` sees to one that is too long: mitmproxy may stream it, and can then give no answer of ours
            flow.request.stream = length.isdigit() and int(length) > limit
            raise Unreadable(f"workspace {workspace.name} redacts personal data: {why}")

    async def _list(self, flow: http.HTTPFlow, secret: str, listing: answers.Listing) -> None:
        def look(store: GatewayStore, directory: Directory) -> object:
            key = self._threads.check(store, secret)
            check_scope(key, "models")
            aliases = directory.workspace(key.workspace).settings.aliases
            return listing.of(listed_models(store, key.workspace), aliases, key.models)

        found = await self._threads.do(look)
        if found is None:
            raise NotThere(f"there is no model {listing.name[:100]!r} here")
        flow.response = answers.json_answer(found)

    def _endpoint(self, method: str, path: str, *, is_own: bool) -> Endpoint | None:
        """What a path asks a model for. With the client's own credential, that is any path a dialect reads: under the
        prefixes of clouds and other gateways, too."""
        found = endpoint_of(path) if method == "POST" else None
        suite = self._requests.suite
        if found is not None or not is_own or suite is None:
            return found
        read = suite.engine.route(method, path)
        if read is None:
            return None
        dialect, kind = read
        return "count_tokens" if kind is Kind.COUNT else _OWN_ENDPOINTS.get(dialect.provider, "chat")

    def _refuse(self, flow: http.HTTPFlow, error: Exception) -> None:
        if not isinstance(error, PenstockError):
            logger.error("a request with a key is refused, for the gateway failed", exc_info=error)
            error = StoreError("the gateway failed; its log says why")
        flow.response = answers.refused(self._requests.suite, flow.request, error)
        if isinstance(error, QuotaFull) and error.reached is not None:
            self._threads.tell([error.reached])


def _asked(body: bytes, found: GatewayRequest) -> RequestFields:
    """What a request asks for. With the client's own credential it need not be one that the gateway would pass on."""
    try:
        return read(body, found.endpoint, found.path)
    except Unreadable:
        if not found.is_own:
            raise
        return RequestFields("unknown", len(body), None)


def _own_provider(flow: http.HTTPFlow) -> Provider:
    """Where a request with the client's own credential goes: the host that it was sent to, or on the gateway's port the
    one that the credential belongs to."""
    home, request = home_of(flow.request), flow.request
    base_url = f"{request.scheme}://{host_of(flow)}:{request.port}"
    if is_gateway(flow.client_conn.proxy_mode) and home is not None:
        base_url = home.base_url
    kind = home.name if home is not None else "openai-compatible"
    own = Provider("", None, kind, kind, base_url, True, 0.0)
    return replace(own, name=price_name(own))


def _replace_body(request: http.Request, body: bytes) -> None:
    request.headers.pop("content-encoding", None)
    request.raw_content = body
    if "content-length" in request.headers:
        request.headers["content-length"] = str(len(body))
