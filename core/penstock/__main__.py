"""`python -m penstock` and `penstock`: runs the command line (`main`). A client waits for its hook at every tool call:
`penstock hook` is run without loading the other commands."""

from __future__ import annotations

import sys

from penstock.control.hook_client import EVENTS
from penstock.control.hook_client import main as hook

__all__ = ["main"]


def main() -> None:
    """Run the command that was asked for, and end the process with its status."""
    if sys.argv[1:2] == ["hook"] and sys.argv[2:3] and sys.argv[2] in EVENTS:
        sys.exit(hook(sys.argv[2:]))
    from penstock.cli import main as run

    run()


if __name__ == "__main__":
    main()
