"""`penstock demo`: a scripted client and a scripted provider, with the real proxy between them, on this machine."""

from __future__ import annotations
