"""`GatewaySettings`: the table `[gateway]` of a profile. `DEFAULT_GATEWAY_PORT`: 8090. `GATEWAY_URL` and its
`GATEWAY_HOST`: the upstream of the gateway's port while a request's provider is not known, by which the proxy
recognises that port."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DEFAULT_GATEWAY_PORT", "GATEWAY_HOST", "GATEWAY_URL", "GatewaySettings"]

DEFAULT_GATEWAY_PORT = 8090
GATEWAY_HOST = "gateway.penstock.internal"
GATEWAY_URL = f"http://{GATEWAY_HOST}:1"
"""The upstream of the gateway's reverse port until a request's provider is known: `mitmdump --mode
reverse:http://gateway.penstock.internal:1@8090`."""


class GatewaySettings(BaseModel):
    """The gateway of a team: one port for all providers, asked with keys of Penstock. Read when the proxy starts."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    port: int = Field(default=0, ge=0, le=65535)
    """The port that `penstock up` has it listen on. 0: only with `--gateway`."""
    host: str = Field(default="127.0.0.1", min_length=1)
    """The address to listen on. Other machines are answered too where it lets them: every request needs a key."""
    allow_private: tuple[str, ...] = ()
    """Hosts, or `host:port`, of this machine or of private networks that providers may be at: `gpu-box:8000`."""
    usual_output_tokens: int = Field(default=4096, ge=1, le=1_000_000)
    """Tokens that are held for the answer to a request that sets no maximum."""
    retries: int = Field(default=2, ge=0, le=5)
    """How often a request is sent again when its provider cannot be reached, or answers 429 or 529, before the first
    byte of an answer."""
    longest_retry_s: float = Field(default=10.0, ge=0, le=300)
    """Seconds that a provider may ask to wait before such a request is sent again. Longer ones go to the client."""
    usage_days: int = Field(default=400, ge=1)
    """Days for which the usage of single requests and of days is kept."""
