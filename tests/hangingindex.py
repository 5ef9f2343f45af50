"""`install`: a module for the process of the vector index that hangs as Chroma does on a full disk.

While there is a file `full` beside the folder of the vectors, a write holds the interpreter of that process for ever,
and a file `hanging` is there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

__all__ = ["NAME", "SOURCE", "install"]

NAME = "hanging_index"
SOURCE = """
import ctypes
from penstock.memory.vectors import chroma, process

real = chroma.ChromaIndex.add

def add(self, *arguments):
    if (self.folder.parent / "full").exists():
        (self.folder.parent / "hanging").touch()
        ctypes.PyDLL(None).pause()  # waits for a signal, and does not let go of the interpreter
    real(self, *arguments)

chroma.ChromaIndex.add = add
raise SystemExit(process.main())
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write the module into `folder`, where processes of Penstock find it. Returns its name."""
    (folder / f"{NAME}.py").write_text(SOURCE, encoding="utf-8")
    path = [str(folder), *(str(Path(one).resolve()) for one in sys.path if one)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    return NAME
