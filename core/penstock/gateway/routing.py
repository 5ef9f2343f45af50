"""`route`: which provider a request for a model goes to, and what the model is called there (`Route`). `check_models`
and `may_ask`: whether a key may ask that model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from penstock.gateway.errors import NotAllowed, NotThere
from penstock.gateway.provider_kinds import KINDS, Endpoint
from penstock.gateway.records import Provider

__all__ = ["Route", "Translations", "check_models", "may_ask", "route"]


_INSTALL = "pip install 'penstock[translate]'"
_NAMES_WITH_SLASH = frozenset({"openrouter", "openai-compatible", "anthropic-compatible"})
Translations = Mapping[Endpoint, Sequence[Endpoint]]
"""By format of a client, those that its requests can be translated to."""


@dataclass(frozen=True, slots=True)
class Route:
    """The provider and model that one request is forwarded to."""

    provider: Provider
    model: str
    """The model's name there."""
    asked_in: Endpoint | None = None
    """The format that the request is translated to. None: the provider speaks the client's."""

    @property
    def full_name(self) -> str:
        """The model as `provider/name`."""
        return f"{self.provider.name}/{self.model}"


def route(
    said: str,
    endpoint: Endpoint,
    providers: Sequence[Provider],
    aliases: Mapping[str, str],
    listed: Mapping[str, Collection[str]],
    translations: Translations | None = None,
) -> Route:
    """Choose the provider for a request for the model `said`. `providers`: those of the workspace, its own first;
    `listed`: the models that each provider lists, by its id. An alias counts first, then `provider/name`; a bare name
    goes to the provider that lists it, else to the first one whose native format this endpoint is; a name with a slash
    only to a kind whose own names have slashes. A request is translated only for a provider that is named or lists the
    model, and does not speak the client's format. Raises `NotThere`."""
    targets = (translations or {}).get(endpoint, ())

    def asked_in(provider: Provider) -> Endpoint | None:
        """The first of a provider's formats, native ones first, that the request can be translated to."""
        return next((one for one in KINDS[provider.kind].serves if one in targets), None)

    name = aliases.get(said, said)
    fitting = [one for one in providers if endpoint in KINDS[one.kind].serves]
    prefix, slash, rest = name.partition("/")
    named = next((one for one in providers if slash and one.name == prefix), None)
    if named is not None and rest:
        if named in fitting:
            return Route(named, rest)
        if asked_in(named) is None:
            what = f"{named.name} ({named.kind}) does not answer in this format: ask it by another path"
            can_install = not translations and endpoint in ("messages", "chat")
            raise NotThere(f"{what}, or have it translated: {_INSTALL}" if can_install else what)
        return Route(named, rest, asked_in(named))
    lists_it = next((one for one in fitting if name in listed.get(one.id, ())), None)
    if lists_it is None:
        others = (one for one in providers if one not in fitting and asked_in(one) is not None)
        lists_it = next((one for one in others if name in listed.get(one.id, ())), None)
    if slash and lists_it is None:  # with a mistyped prefix it would go to another company
        fitting = [one for one in fitting if one.kind in _NAMES_WITH_SLASH]
    at_home = sorted(fitting, key=lambda one: list(KINDS[one.kind].serves).index(endpoint))
    chosen = lists_it or next(iter(at_home), None)
    if chosen is None or not name:
        what = f"no provider here serves the model {said[:80]!r} in this format"
        have = ", ".join(dict.fromkeys(one.name for one in fitting))
        raise NotThere(f"{what}; write it as provider/name, with one of: {have}" if have else what)
    return Route(chosen, name, None if chosen in fitting else asked_in(chosen))


def check_models(models: Sequence[str], said: str, full_name: str) -> None:
    """Raises `NotAllowed` if a key is limited to `models` and neither `said`, the client's name, nor `full_name`
    (`provider/name`) is among them."""
    if not may_ask(models, said, full_name):
        raise NotAllowed(f"this key may not ask {said[:80]!r}")


def may_ask(models: Sequence[str], *names: str) -> bool:
    """Whether a key limited to `models` (patterns; empty: all) may use a model with any of these names."""
    return not models or any(fnmatchcase(name, pattern) for name in names for pattern in models)
