"""`penstock demo`: plays a scripted coding session between a scripted client and a scripted provider, through the real
proxy, on this machine."""

from __future__ import annotations
