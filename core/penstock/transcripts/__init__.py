"""Reads the transcripts that clients write of their sessions: what people said, and the final texts of assistants.
`homes` and `found` say where they are, `read` reads one."""

from __future__ import annotations

from penstock.transcripts.reader import found, homes, read
from penstock.transcripts.turns import Said, Transcript

__all__ = ["Said", "Transcript", "found", "homes", "read"]
