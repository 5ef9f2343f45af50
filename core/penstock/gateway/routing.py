"""`route`: which provider a request for a model goes to, and what the model is called there. `check_models`: whether a
key may ask that model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from penstock.gateway.errors import NotAllowed, NotThere
from penstock.gateway.provider_kinds import KINDS
from penstock.gateway.records import Provider

__all__ = ["Route", "check_models", "may_ask", "route"]


_NAMES_WITH_SLASH = frozenset({"openrouter", "openai-compatible", "anthropic-compatible"})


@dataclass(frozen=True, slots=True)
class Route:
    """The provider and model that one request is forwarded to."""

    provider: Provider
    model: str
    """The model's name there."""

    @property
    def full_name(self) -> str:
        """The model as `provider/name`."""
        return f"{self.provider.name}/{self.model}"


def route(
    said: str,
    endpoint: str,
    providers: Sequence[Provider],
    aliases: Mapping[str, str],
    listed: Mapping[str, Collection[str]],
) -> Route:
    """Choose the provider for a request for the model `said`. `providers`: those of the workspace, its own first;
    `listed`: the models that each provider lists, by its id. An alias counts first, then `provider/name`; a bare name
    goes to the provider that lists it, else to the first one whose native format this endpoint is; a name with a slash
    only to a kind whose own names have slashes. Raises `NotThere`."""
    name = aliases.get(said, said)
    fitting = [one for one in providers if endpoint in KINDS[one.kind].serves]
    prefix, slash, rest = name.partition("/")
    named = next((one for one in providers if slash and one.name == prefix), None)
    if named is not None and rest:
        if named not in fitting:
            raise NotThere(f"{named.name} ({named.kind}) does not answer in this format: ask it by another path")
        return Route(named, rest)
    lists_it = next((one for one in fitting if name in listed.get(one.id, ())), None)
    if slash and lists_it is None:  # with a mistyped prefix it would go to another company
        fitting = [one for one in fitting if one.kind in _NAMES_WITH_SLASH]
    at_home = sorted(fitting, key=lambda one: list(KINDS[one.kind].serves).index(endpoint))
    chosen = lists_it or next(iter(at_home), None)
    if chosen is None or not name:
        what = f"no provider here serves the model {said[:80]!r} in this format"
        have = ", ".join(dict.fromkeys(one.name for one in fitting))
        raise NotThere(f"{what}; write it as provider/name, with one of: {have}" if have else what)
    return Route(chosen, name)


def check_models(models: Sequence[str], said: str, full_name: str) -> None:
    """Raises `NotAllowed` if a key is limited to `models` and neither `said`, the client's name, nor `full_name`
    (`provider/name`) is among them."""
    if not may_ask(models, said, full_name):
        raise NotAllowed(f"this key may not ask {said[:80]!r}")


def may_ask(models: Sequence[str], *names: str) -> bool:
    """Whether a key limited to `models` (patterns; empty: all) may use a model with any of these names."""
    return not models or any(fnmatchcase(name, pattern) for name in names for pattern in models)
