"""The rooms beside the request log, each about one thing."""

from __future__ import annotations
