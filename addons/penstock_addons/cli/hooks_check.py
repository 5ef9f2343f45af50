"""`hooks`: the check of the client hooks for `penstock doctor`: runs their command as the client does, for a session
that no proxy knows. Raises nothing: what fails is in the finding."""

from __future__ import annotations

import subprocess
import time

from penstock.control.hook_client import EVENTS
from penstock_addons.cli.check_finding import Finding
from penstock_addons.cli.hook_arguments import HOOK

__all__ = ["hooks"]

_WAIT_S = 5.0
"""Seconds after which the client gives a hook up."""
_FIX = "Install Penstock again, or set [hooks] enabled = false. Claude Code goes on without the hooks meanwhile."


def hooks() -> Finding:
    """How the command does."""
    began = time.monotonic()
    try:
        done = subprocess.run([*HOOK, EVENTS[0]], input=b"{}", capture_output=True, timeout=_WAIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        return Finding(f"on, but the command does not run: {e}", _FIX)
    if done.returncode or done.stdout or done.stderr:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()[-200:]
        return Finding(f"on, but the command fails: {said or done.returncode}", _FIX)
    took = f"the command took {(time.monotonic() - began) * 1000:.0f} ms"
    return Finding(f"on for sessions that `penstock run` starts; {took}")
