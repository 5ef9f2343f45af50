"""What clients write down of their sessions, read back: the turns of people and the final texts of assistants."""

from __future__ import annotations

from penstock.transcripts.reader import found, homes, read
from penstock.transcripts.turns import Said, Transcript

__all__ = ["Said", "Transcript", "found", "homes", "read"]
