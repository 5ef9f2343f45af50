"""The screens: the request log, one exchange, help."""

from __future__ import annotations
