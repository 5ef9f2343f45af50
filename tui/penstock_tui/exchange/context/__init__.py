"""What fills a model's window. Knows no Textual."""

from __future__ import annotations
