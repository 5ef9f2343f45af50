"""The wire: mitmproxy addons that hand requests to the engine and put its answers back.

Nothing is imported here: the command line loads this package's plugin, and must not pay for mitmproxy to show its help.
"""

from __future__ import annotations
