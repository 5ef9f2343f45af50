"""Error bodies in OpenAI's format: `error_value` writes one for a status, `error_text` reads the message of one.

`QUOTA` is the error of a limit that waiting does not lift; clients do not retry it. Never raises.
"""

from __future__ import annotations

from typing import Any

__all__ = ["QUOTA", "error_text", "error_value"]

QUOTA = {"type": "insufficient_quota", "param": None, "code": "insufficient_quota"}
"""The error of a limit that waiting does not lift: https://platform.openai.com/docs/guides/error-codes."""


def error_value(status: int, message: str) -> dict[str, Any]:
    """An error body. For 429 it is that of a temporary limit; on `QUOTA` clients give up."""
    kind, code = "invalid_request_error", None
    if status == 429:
        kind, code = "requests", "rate_limit_exceeded"
    elif status == 401:
        code = "invalid_api_key"
    elif status >= 500:
        kind = "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def error_text(error: Any) -> str:
    """The text of an `error` member, which some servers send as a bare string."""
    return str(error.get("message") or error.get("code") or "") if isinstance(error, dict) else str(error)
