"""Budgets and rate limits: what may be spent, by whom, in which period, and how fast requests may be sent."""

from __future__ import annotations

from penstock.budget.amount import Amount
from penstock.budget.budgets import Admission, Budgets
from penstock.budget.scopes import BudgetOwner, Scope
from penstock.budget.settings import Level

__all__ = ["Admission", "Amount", "BudgetOwner", "Budgets", "Level", "Scope"]
