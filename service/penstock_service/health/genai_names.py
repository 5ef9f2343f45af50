"""OpenTelemetry's names for calls of models, as of July 2026 (semantic conventions for generative AI, none of them
stable yet), in the form that Prometheus wants."""

from __future__ import annotations

__all__ = ["MODEL", "PROVIDER", "TOKEN_TYPE", "TOKEN_USAGE"]

TOKEN_USAGE = "gen_ai_client_token_usage"
TOKEN_TYPE = "gen_ai_token_type"
"""`input` or `output`."""
PROVIDER = "gen_ai_provider_name"
MODEL = "gen_ai_request_model"
