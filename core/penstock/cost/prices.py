"""`Prices`: the table of models (`penstock.models.table`) with a method `of`, which gives the `Price` of a model by
provider and name; if it is not known, its `is_known` is False. `Price` itself is in `penstock.models.price`."""

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
