"""Names for snapshots."""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path

__all__ = ["free_name"]


def free_name(folder: Path, session: str, suffix: str) -> Path:
    """A name in `folder` that nothing has, not even a link that leads nowhere: after the session, and a number where
    that is taken."""
    stem = f"penstock-{re.sub(r'[^A-Za-z0-9]+', '-', session)[:24].strip('-') or 'session'}"
    names = (folder / f"{stem}{f'-{n}' if n > 1 else ''}{suffix}" for n in count(1))
    return next(name for name in names if not os.path.lexists(name))
