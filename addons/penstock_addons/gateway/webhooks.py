"""`announce`: logs that 80 or 100 % of a limit of the gateway are spent, and posts it to the workspace's webhook, at
most four times until that acknowledges it. The message has numbers and the names of scopes, and no text of requests."""

from __future__ import annotations

import logging
import threading

import httpx

from penstock.base.errors import PenstockError
from penstock.gateway.database import GatewayStore
from penstock.gateway.quotas import in_words
from penstock.gateway.records import BILLION, Reached
from penstock.gateway.workspaces import find_workspace

__all__ = ["announce"]

logger = logging.getLogger(__name__)
_TIMEOUT_S = 5.0
_WAITS_S = (1.0, 5.0, 25.0)
"""Seconds before each further attempt."""


def announce(store: GatewayStore, reached: Reached, closing: threading.Event) -> bool:
    """Log it, and tell the workspace's webhook if there is one: with a POST of JSON, which any answer from 200 to 299
    acknowledges. Waits for the network, and tries again until `closing` is set. Returns whether one did."""
    used = f"{in_words(reached.unit, reached.spent)} of {in_words(reached.unit, reached.cap)}"
    logger.warning("%s: %d %% of a limit are spent, %s of %s", reached.scope, reached.percent, used, reached.period)
    try:
        url = find_workspace(store, reached.workspace).settings.webhook
    except PenstockError as e:
        logger.warning("the webhook of %s was not reached: %s", reached.workspace, e)
        return False
    for wait_s in (*_WAITS_S, 0.0) if url else ():
        try:
            answer = httpx.post(url, json=_payload(reached), timeout=_TIMEOUT_S, trust_env=False)
        except (httpx.HTTPError, httpx.InvalidURL) as e:
            why = str(e) or type(e).__name__
        else:
            if answer.is_success:
                return True
            why = f"it answered {answer.status_code}"
        logger.warning("the webhook of %s was not reached: %s", reached.workspace, why)
        if wait_s and closing.wait(wait_s):
            break
    return False


def _payload(reached: Reached) -> dict[str, object]:
    per, _, period = reached.period.partition(":")
    is_money = reached.unit == "dollars"
    amounts = {"spent": reached.spent, "cap": reached.cap}
    return {
        "type": "quota.reached",
        "workspace": reached.workspace,
        "scope": reached.scope,
        "per": per,
        "period": period,
        "unit": reached.unit,
        "percent": reached.percent,
        **{name: amount / BILLION if is_money else amount for name, amount in amounts.items()},
    }
