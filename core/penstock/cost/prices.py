"""`Prices`: the table of models, asked for the `Price` of a model by provider and name."""

from __future__ import annotations

from penstock.models.price import Caching, Price, Tier
from penstock.models.table import Table

__all__ = ["Caching", "Price", "Prices", "Tier"]


class Prices(Table):
    """The table of models, asked for prices alone."""

    def of(self, provider: str, model: str) -> Price:
        """The price of a model. If it is not known, `is_known` is False, and the window is the largest of its
        family."""
        return self.resolve(model, provider).price
