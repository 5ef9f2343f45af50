"""Wire formats of providers (dialects): parse requests and answers from bytes, and write edited requests as bytes."""

from __future__ import annotations
