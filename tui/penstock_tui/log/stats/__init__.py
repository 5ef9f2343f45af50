"""What the views show, folded from events one by one. Knows no Textual."""

from __future__ import annotations
