"""`sandbox`: the check of the sandbox for `penstock doctor`: whether agents are offered its tools. Raises
`PenstockError` for settings that are wrong."""

from __future__ import annotations

from penstock.plugins.manager import Plugins
from penstock.profiles.profile import Profile
from penstock_addons.cli.check_finding import Finding

__all__ = ["sandbox"]


def sandbox(profile: Profile) -> Finding:
    """Whether it is on, and works here."""
    if not profile.settings_of("sandbox").get("enabled"):
        return Finding("off: agents run no code through Penstock")
    if "run_code" in {tool.name for tool in Plugins.load().tools(profile)}:
        return Finding("on: agents have run_code and batch_execute")
    return Finding(
        "on, but not offered to agents: bubblewrap does not work here",
        "apt install bubblewrap; `bwrap --unshare-all --ro-bind / / true` says what is missing",
    )
