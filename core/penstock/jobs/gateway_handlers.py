"""`gateway_kinds`: the job that asks the gateway's providers which models they serve (`SyncModels`). `prune_gateway`:
deletes the gateway's old usage, for the job `prune`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from penstock.base.clock import Clock
from penstock.base.errors import PenstockError, StoreError
from penstock.gateway.database import GatewayStore, has_gateway
from penstock.gateway.model_lists import refresh_models
from penstock.gateway.periods import day_of
from penstock.gateway.providers import list_providers
from penstock.gateway.usage import prune_usage
from penstock.jobs.kinds import JobKind, Payload, Result
from penstock.jobs.progress import Progress
from penstock.profiles.profile import in_use

__all__ = ["SyncModels", "gateway_kinds", "prune_gateway"]

_DAY_S = 86_400.0


class SyncModels(Payload):
    """Ask every provider for its list of models, and keep it."""


def prune_gateway(store: Path, clock: Clock) -> int:
    """Delete the gateway's usage that is older than `[gateway] usage_days`. Returns how many rows."""
    if not has_gateway(store):
        return 0
    before = clock.now() - in_use().gateway.usage_days * _DAY_S
    with closing(GatewayStore.beside(store, clock)) as gateway:
        return prune_usage(gateway, before, day_of(before))


def gateway_kinds(store: Path, clock: Clock) -> list[JobKind[Any]]:
    """The job `sync_models` for the gateway beside `store`."""

    def sync(_: SyncModels, progress: Progress) -> Result:
        """One provider that is down keeps no other from being asked, and what it said before stays."""
        models: dict[str, int] = {}
        faults: dict[str, str] = {}
        if not has_gateway(store):
            return {"models": models, "faults": faults}
        allowed = in_use().gateway.allow_private
        with closing(GatewayStore.beside(store, clock)) as gateway:
            found = list_providers(gateway)
            for nth, one in enumerate(found):
                progress.update("providers", nth, len(found))
                label = f"{one.workspace}:{one.name}" if one.workspace else one.name
                try:
                    models[label] = refresh_models(gateway, one, allowed)
                except StoreError:
                    raise
                except PenstockError as e:
                    faults[label] = str(e)
        return {"models": models, "faults": faults}

    return [JobKind("sync_models", "models", SyncModels, sync)]
