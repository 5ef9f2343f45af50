"""Budgets: what may be spent, by whom, and what happens on the way there."""

from __future__ import annotations

from penstock.budget.amount import Amount
from penstock.budget.budgets import Admission, Budgets
from penstock.budget.scopes import BudgetOwner, Scope
from penstock.budget.settings import Level

__all__ = ["Admission", "Amount", "BudgetOwner", "Budgets", "Level", "Scope"]
