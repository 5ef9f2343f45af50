"""`DOCTOR`: the agent tool `doctor`, also called `context_doctor`, which runs the checks of `penstock doctor` and
returns their findings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from penstock.base import paths
from penstock.plugins.tool import Caller, Tool
from penstock_addons.cli.certificate_authority import default_confdir
from penstock_addons.cli.check_result import Installation
from penstock_addons.cli.checks import check_all
from penstock_addons.cli.up import PORT

__all__ = ["DOCTOR"]


def doctor(caller: Caller, profile: str = "default") -> Any:
    """Check everything the proxy needs, a line each with what to do about it, and change nothing. Call this when a
    person says that Penstock does not work."""
    store = (caller.store or paths.store_path()).expanduser().absolute()
    confdir = default_confdir().expanduser().absolute()
    return [asdict(one) for one in check_all(Installation(profile, PORT, store, confdir))]


DOCTOR = [
    Tool(doctor, "Check the installation"),
    Tool(doctor, "Check the installation", called="context_doctor"),
]
