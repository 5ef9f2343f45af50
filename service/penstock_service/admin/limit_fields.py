"""The form fields of the admin pages that set limits, one for each unit in each period: `limits_in_form` reads limits
from a form (raises `InvalidSetting` for what is no number), `filled_limits` fills the fields from limits."""

from __future__ import annotations

from penstock.gateway.errors import InvalidSetting
from penstock.gateway.quotas import read_limit
from penstock.gateway.records import BILLION, PERIODS, UNITS, Limit
from penstock_service.admin.visits import Visit

__all__ = ["filled_limits", "limits_in_form"]


def limits_in_form(visit: Visit) -> list[Limit]:
    """The limits that the fields of a form set. Raises `InvalidSetting`."""
    out = []
    for per in PERIODS:
        for unit in UNITS:
            if said := visit.text(f"{unit}-{per}"):
                try:
                    out.append(read_limit(per, unit, float(said)))
                except ValueError as e:
                    raise InvalidSetting(f"{unit} per {per}: {said[:40]!r} is no number", unit) from e
    return out


def filled_limits(limits: list[Limit]) -> dict[str, str]:
    """The form fields of these limits with their values, by name."""
    return {
        f"{one.unit}-{one.per}": f"{one.cap / BILLION:.9f}".rstrip("0").rstrip(".")
        if one.unit == "dollars"
        else str(one.cap)
        for one in limits
    }
