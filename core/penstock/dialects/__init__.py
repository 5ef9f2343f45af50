"""Wire formats: pure bytes in, bytes out."""

from __future__ import annotations
