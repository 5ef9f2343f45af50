"""Models as data with a source: what each costs and holds, by who serves it, and how a name is resolved to a row."""

from __future__ import annotations

from penstock.models.age import STALE_DAYS, age_days, staleness
from penstock.models.price import Caching, Price, Tier
from penstock.models.resolve import Resolved
from penstock.models.row import Row
from penstock.models.table import Table

__all__ = ["STALE_DAYS", "Caching", "Price", "Resolved", "Row", "Table", "Tier", "age_days", "staleness"]
