"""Prices and limits of models as data with a source, by provider (`Table`, `Row`), the resolution of a model's id to
its row (`Resolved`), and the age of the table (`age_days`, `staleness`)."""

from __future__ import annotations

from penstock.models.age import STALE_DAYS, age_days, staleness
from penstock.models.price import Caching, Price, Tier
from penstock.models.resolve import Resolved
from penstock.models.row import Row
from penstock.models.table import Table

__all__ = ["STALE_DAYS", "Caching", "Price", "Resolved", "Row", "Table", "Tier", "age_days", "staleness"]
