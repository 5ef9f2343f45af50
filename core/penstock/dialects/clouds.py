"""`cloud_call`: recognises requests to Claude on Vertex AI and Bedrock by their path, which names the model and the
method (`CloudCall`). None for any other path, and for another maker's model.

Vertex AI: https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai, and for counting
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/count-tokens. Bedrock:
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html. Bedrock's Converse
has a body of its own, which is not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from penstock.dialects.base import Endpoint

__all__ = ["CloudCall", "cloud_call"]

_VERTEX = re.compile(r"/publishers/anthropic/models/(?P<model>[^/:]+):(?P<method>rawPredict|streamRawPredict)$")
_BEDROCK = re.compile(r"/model/(?P<model>.+)/(?P<method>invoke|invoke-with-response-stream)$")
_COUNT = "count-tokens"
_NAMING = ("", "foundation-model", "inference-profile")
"""Kinds of resources whose id is the model's name."""


@dataclass(frozen=True, slots=True)
class CloudCall:
    """The model and method that a path names."""

    endpoint: Endpoint
    model: str
    """The model in the path. Empty: the body names it."""
    stream: bool


def cloud_call(path: str) -> CloudCall | None:
    """The call of Claude that `path` (without its query) makes. None: it is no such path, or another maker's model."""
    found = _VERTEX.search(path)
    if found is not None:
        model = unquote(found["model"])
        if model == _COUNT:
            return CloudCall(Endpoint.COUNT, "", stream=False)
        return CloudCall(Endpoint.TURN, model, stream=found["method"] == "streamRawPredict")
    found = _BEDROCK.search(path)
    if found is None:
        return None
    model = _model_of(unquote(found["model"]))
    if "." in model and "anthropic" not in model:
        return None
    return CloudCall(Endpoint.TURN, model, stream=found["method"] != "invoke")


def _model_of(resource: str) -> str:
    """The name in one of Bedrock's model ids, which may be an ARN: `us.anthropic.claude-…`, with its maker in it, or
    without a dot one that a customer's own resource has. Whose model that is only the body tells."""
    parts = resource.split(":", 5)
    if parts[0] == "arn" and len(parts) > 5:
        resource = parts[5]
    kind, _, name = resource.rpartition("/")
    return name if kind in _NAMING else resource
