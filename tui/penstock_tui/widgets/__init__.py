"""Parts of the screens, one widget a file."""

from __future__ import annotations
