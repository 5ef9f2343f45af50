"""What `penstock demo` shows: a scripted provider, a scripted client, and the real proxy between them."""

from __future__ import annotations
