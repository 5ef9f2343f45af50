"""Workspaces of the gateway: `add_workspace`, `find_workspace`, `list_workspaces`, `change_workspace`,
`delete_workspace`; `check_name` checks the names of workspaces, keys and providers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from penstock.base.prepared import Prepared
from penstock.base.suggest import did_you_mean
from penstock.gateway.database import DEFAULT_WORKSPACE, GatewayStore
from penstock.gateway.errors import Conflict, InvalidSetting, NotThere
from penstock.gateway.key_cache import announce_keys
from penstock.gateway.records import Workspace, WorkspaceSettings
from penstock.gateway.schema import (
    api_keys,
    holds,
    limits,
    models,
    placeholders,
    providers,
    redaction_keys,
    workspaces,
)

__all__ = [
    "add_workspace",
    "change_workspace",
    "check_name",
    "delete_workspace",
    "find_workspace",
    "list_workspaces",
    "workspace_in",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_NAMED = Prepared(workspaces.select().where(workspaces.c.name == sa.bindparam("said")))


def check_name(name: str, what: str) -> str:
    """`name`, if it is valid for a workspace, key or provider. Raises `InvalidSetting`."""
    if not _NAME.fullmatch(name):
        raise InvalidSetting(
            f"{name[:100]!r} cannot be the name of a {what}: 1 to 80 letters, digits and ._- were expected, "
            "a letter or digit first",
            "name",
        )
    return name


def add_workspace(store: GatewayStore, name: str, by: str, settings: Mapping[str, Any] | None = None) -> Workspace:
    """Make a workspace. Raises `InvalidSetting` and `Conflict`."""
    check_name(name, "workspace")
    given = _settings(settings or {})
    made = Workspace(name, given, store.clock.now())
    with store.writing() as db:
        if db.execute(sa.select(workspaces.c.name).where(sa.func.lower(workspaces.c.name) == name.lower())).first():
            raise Conflict(f"there is a workspace {name} already")
        values = {"settings": given.model_dump(exclude_unset=True), "created_at": made.created_at}
        db.execute(workspaces.insert().values(name=name, **values))
        store.note(db, name, by, "workspace added", name)
    return made


def list_workspaces(store: GatewayStore) -> list[Workspace]:
    """All workspaces, by name."""
    with store.reading() as db:
        return [_workspace(row) for row in db.execute(workspaces.select().order_by(workspaces.c.name))]


def find_workspace(store: GatewayStore, name: str) -> Workspace:
    """A workspace by its name. Raises `NotThere`."""
    with store.reading() as db:
        return workspace_in(db, name)


def change_workspace(store: GatewayStore, name: str, by: str, settings: Mapping[str, Any]) -> Workspace:
    """Change some settings of a workspace; None restores the default. Raises `NotThere` and `InvalidSetting`."""
    with store.writing() as db:
        found = workspace_in(db, name)
        merged = {**found.settings.model_dump(exclude_unset=True), **settings}
        kept = _settings({key: value for key, value in merged.items() if value is not None})
        values = {"settings": kept.model_dump(exclude_unset=True)}
        db.execute(workspaces.update().where(workspaces.c.name == name).values(**values))
        store.note(db, name, by, "workspace changed", name, changed=sorted(settings))
        return workspace_in(db, name)


def delete_workspace(store: GatewayStore, name: str, by: str) -> Workspace:
    """Delete a workspace with its keys, limits and providers; its usage is kept. Raises `NotThere`, and `Conflict` if
    it has requests under way."""
    with store.writing() as db:
        found = workspace_in(db, name)
        if name == DEFAULT_WORKSPACE:
            raise InvalidSetting(f"the workspace {name} is always there", "name")
        if db.execute(sa.select(holds.c.id).where(holds.c.workspace == name).limit(1)).first():
            raise Conflict(f"workspace {name} has requests under way: revoke its keys, and try again")
        keys = db.scalars(sa.select(api_keys.c.id).where(api_keys.c.workspace == name)).all()
        scopes = [f"workspace:{name}", *(f"key:{key}" for key in keys)]
        of_models = limits.c.scope.startswith(f"model:{name}/", autoescape=True)
        db.execute(limits.delete().where(limits.c.scope.in_(scopes) | of_models))
        mine = sa.select(providers.c.id).where(providers.c.workspace == name)
        db.execute(models.delete().where(models.c.provider.in_(mine)))
        for table in (api_keys, providers, placeholders, redaction_keys):
            db.execute(table.delete().where(table.c.workspace == name))
        db.execute(workspaces.delete().where(workspaces.c.name == name))
        store.note(db, name, by, "workspace deleted", name, keys=len(keys))
    announce_keys(store.redis)
    return found


def workspace_in(db: sa.Connection, name: str) -> Workspace:
    """A workspace by its name, in a transaction. Raises `NotThere`."""
    found = _NAMED.run(db, said=name)
    if not found:
        raise NotThere(f"there is no workspace {name[:80]!r}")
    return _workspace(found[0])


def _workspace(row: Any) -> Workspace:
    known = {key: value for key, value in row.settings.items() if key in WorkspaceSettings.model_fields}
    return Workspace(row.name, WorkspaceSettings.model_validate(known), row.created_at)


def _settings(given: Mapping[str, Any]) -> WorkspaceSettings:
    """The settings that are written. Raises `InvalidSetting`."""
    try:
        settings = WorkspaceSettings.model_validate(dict(given))
    except ValidationError as e:
        first = e.errors()[0]
        param = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = did_you_mean(param, WorkspaceSettings.model_fields)
            raise InvalidSetting(f"a workspace has no setting {param!r}.{known}", param) from e
        raise InvalidSetting(f"{param}: {first['msg']}", param) from e
    if circle := _circle(settings.aliases):
        raise InvalidSetting(
            f"aliases: {' -> '.join(circle)} is a circle, and names no model: let one of them stand for PROVIDER/MODEL",
            "aliases",
        )
    return settings


def _circle(aliases: Mapping[str, str]) -> list[str]:
    """The names of aliases that stand for one another, the first one again at the end; empty if there are none."""
    for alias in aliases:
        path = [alias]
        while (following := aliases.get(path[-1])) is not None and following not in path:
            path.append(following)
        if following is not None:
            return [*path[path.index(following) :], following]
    return []
