"""The SQL tables of the gateway: workspaces, API keys, providers, models, limits, counters, holds, usage, audit log,
and the placeholders of personal data with their keys. A change here needs a migration in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from penstock.base.sql_types import Name, Number

__all__ = [
    "api_keys",
    "audit",
    "counters",
    "holds",
    "limits",
    "metadata",
    "models",
    "placeholders",
    "providers",
    "redaction_keys",
    "usage_days",
    "usage_lines",
    "workspaces",
]

metadata = MetaData()

workspaces = Table(
    "workspaces",
    metadata,
    Column("name", Name(80), primary_key=True),
    Column("settings", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
)
"""`settings`: those of `WorkspaceSettings` that were set. Times here and below are seconds since the epoch. Contexts
and memory know a workspace by its name, so that it has no other id."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Name(16), primary_key=True),
    Column("workspace", Name(80), ForeignKey("workspaces.name"), nullable=False, index=True),
    Column("name", Name(80), nullable=False),
    Column("prefix", Name(12), nullable=False),
    Column("digest", Name(64), nullable=False, unique=True),
    Column("old_digest", Name(64), index=True),
    Column("old_until", Float),
    Column("scopes", JSON, nullable=False),
    Column("models", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("revoked_at", Float),
    Column("last_used_day", Name(10)),
)
"""`digest`: SHA-256 of the key, which itself is nowhere; `old_digest`: of the one before the last rotation, good until
`old_until`. `models` empty: every model of the workspace."""

providers = Table(
    "providers",
    metadata,
    Column("id", Name(16), primary_key=True),
    Column("workspace", Name(80), ForeignKey("workspaces.name"), index=True),
    Column("name", Name(80), nullable=False),
    Column("kind", Name(40), nullable=False),
    Column("base_url", Name(400), nullable=False),
    Column("allow_private", Boolean, nullable=False),
    Column("sealed", LargeBinary),
    Column("wrapped", LargeBinary),
    Column("master", Name(16)),
    Column("created_at", Float, nullable=False),
)
"""`workspace` null: every workspace uses it. `sealed`: the credential, encrypted under the data key `wrapped`, and that
under the master key whose id is `master`; null: the provider wants none."""

models = Table(
    "models",
    metadata,
    Column("provider", Name(16), ForeignKey("providers.id"), primary_key=True),
    Column("name", Name(200), primary_key=True),
    Column("entry", JSON, nullable=False),
    Column("at", Float, nullable=False),
)
"""The models that a provider lists, and when it was asked. `entry`: its description of the model."""

limits = Table(
    "limits",
    metadata,
    Column("scope", Name(240), primary_key=True),
    Column("per", Name(8), primary_key=True),
    Column("unit", Name(10), primary_key=True),
    Column("cap", Number, nullable=False),
)
"""The limits. `scope`: `key:ID`, `workspace:NAME` or `model:WORKSPACE/PROVIDER/NAME`; `per`: minute, day or month
(UTC); `unit`: requests, tokens or dollars, those in billionths."""

counters = Table(
    "counters",
    metadata,
    Column("scope", Name(240), primary_key=True),
    Column("period", Name(24), primary_key=True),
    Column("unit", Name(10), primary_key=True),
    Column("spent", Number, nullable=False),
    Column("held", Number, nullable=False),
    Column("raised", Number, nullable=False),
    Column("announced", Number, nullable=False),
    Column("ends_at", Float, nullable=False, index=True),
)
"""What was spent in a period, and what is held for requests under way; one row for each limit that was asked for.
`period`: as `day:2026-11-23`; `raised`: added to the cap for this period; `announced`: the share in percent, 80 or 100,
for which that was done."""

holds = Table(
    "holds",
    metadata,
    Column("id", Name(40), primary_key=True),
    Column("at", Float, nullable=False),
    Column("until", Float, nullable=False, index=True),
    Column("workspace", Name(80), nullable=False),
    Column("key", Name(16), nullable=False),
    Column("provider", Name(80), nullable=False),
    Column("model", Name(200), nullable=False),
    Column("session", Name(200), nullable=False),
    Column("tokens", Number, nullable=False),
    Column("dollars", Number, nullable=False),
    Column("input_tokens", Number, nullable=False),
    Column("input_dollars", Number, nullable=False),
    Column("counters", JSON, nullable=False),
)
"""A request under way, and what is held for it: `tokens` and `dollars` (billionths) in the rows `counters`, [scope,
period, unit] each. Past `until` its proxy is dead: the part for its input is taken as spent."""

usage_lines = Table(
    "usage_lines",
    metadata,
    Column("id", Name(40), primary_key=True),
    Column("at", Float, nullable=False),
    Column("workspace", Name(80), nullable=False),
    Column("key", Name(16), nullable=False),
    Column("provider", Name(80), nullable=False),
    Column("model", Name(200), nullable=False),
    Column("session", Name(200), nullable=False),
    Column("exchange", Name(40), nullable=False),
    Column("input", Number, nullable=False),
    Column("cache_read", Number, nullable=False),
    Column("cache_write", Number, nullable=False),
    Column("output", Number, nullable=False),
    Column("dollars", Number, nullable=False),
    Column("how", Name(10), nullable=False),
    Column("status", Number, nullable=False),
    Index("usage_lines_at", "workspace", "at"),
    Index("usage_lines_old", "at"),
)
"""A row for each request that was paid for, without texts and headers. `at`: when it was let in; `how`: `reported` by
the provider, or `estimated`; `exchange`: its id in the event log."""

usage_days = Table(
    "usage_days",
    metadata,
    Column("workspace", Name(80), primary_key=True),
    Column("day", Name(10), primary_key=True),
    Column("key", Name(16), primary_key=True),
    Column("provider", Name(80), primary_key=True),
    Column("model", Name(200), primary_key=True),
    Column("session", Name(200), primary_key=True),
    Column("requests", Number, nullable=False),
    Column("input", Number, nullable=False),
    Column("cache_read", Number, nullable=False),
    Column("cache_write", Number, nullable=False),
    Column("output", Number, nullable=False),
    Column("dollars", Number, nullable=False),
)
"""The sums of `usage_lines` by day (UTC, as 2026-11-23), written in the same transaction as the lines."""

audit = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("workspace", Name(80), nullable=False, index=True),
    Column("by", Name(80), nullable=False),
    Column("did", Name(40), nullable=False),
    Column("on", Name(240), nullable=False),
    Column("details", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""The audit log: who changed which key, workspace, provider or limit. Never a secret."""

redaction_keys = Table(
    "redaction_keys",
    metadata,
    Column("workspace", Name(80), ForeignKey("workspaces.name"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("master", Name(16), nullable=False),
)
"""The data key of a workspace's personal data, encrypted under the master key whose id is `master`."""

placeholders = Table(
    "placeholders",
    metadata,
    Column("workspace", Name(80), ForeignKey("workspaces.name"), nullable=False, index=True),
    Column("conversation", Name(32), primary_key=True),
    Column("digest", Name(64), primary_key=True),
    Column("kind", Name(20)),
    Column("number", Number),
    Column("sealed", LargeBinary),
    Column("seen_at", Float, nullable=False, index=True),
    UniqueConstraint("conversation", "kind", "number"),
)
"""What stands for a value in a conversation: `<KIND NUMBER>`. `conversation` and `digest` (of the value) are keyed, and
`sealed` is the value, encrypted. `kind`, `number` and `sealed` null: a model came up with the value by itself, so that
its provider knows it, and it stays as it is."""
