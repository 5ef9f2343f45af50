"""`caller`: makes the `Caller` with which a test calls an agent tool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.base import paths
from penstock.contexts.contexts import Contexts
from penstock.control.client import open_client
from penstock.outputs.store import OutputIndex
from penstock.plugins.tool import Caller
from penstock.profiles.profile import in_use

__all__ = ["caller"]


def caller(
    store: Path | None = None, project: str = "", contexts: Contexts | None = None, index: OutputIndex | None = None
) -> Caller:
    """Who works on the files beside `store`, or on those of this machine."""

    def memory(command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        with open_client(store or paths.store_path(), in_use) as client:
            return client.do(command, arguments)

    def kept() -> Contexts:
        assert contexts is not None
        return contexts

    outputs = (lambda: index) if index is not None else None
    return Caller(kept, memory, store, by="a test", project=project, outputs=outputs)
