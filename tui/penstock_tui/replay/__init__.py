"""What the replay view needs beside the replay itself. Knows no Textual."""

from __future__ import annotations
