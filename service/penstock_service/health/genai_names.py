"""Names of attributes and metrics from OpenTelemetry's semantic conventions for generative AI, as of July 2026; none of
them is stable yet. `prometheus_name` gives one as Prometheus writes it."""

from __future__ import annotations

__all__ = [
    "ERROR",
    "INPUT_TOKENS",
    "MODEL",
    "OPERATION",
    "OUTPUT_TOKENS",
    "PROVIDER",
    "RESPONSE_MODEL",
    "TOKEN_TYPE",
    "TOKEN_USAGE",
    "prometheus_name",
]

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOKEN_USAGE = "gen_ai.client.token.usage"
TOKEN_TYPE = "gen_ai.token.type"
"""The attribute whose value is `input` or `output`."""
ERROR = "error.type"


def prometheus_name(name: str) -> str:
    """`name` in the form that Prometheus accepts."""
    return name.replace(".", "_")
