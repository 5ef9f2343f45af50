"""Penstock's mitmproxy addons, and the commands of `penstock` around them: `wire` handles the traffic, `gateway` the
requests made with keys of a team's gateway, `control` the commands sent to the running proxy; `cli`, `demo` and `mcp`
hold commands, which `plugin.py` registers.

Nothing is imported here: the command line loads this package's plugin, and must not pay for mitmproxy to show its
help.
"""

from __future__ import annotations
