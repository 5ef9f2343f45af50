"""What the documentation shows is run: every Python block of it."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from penstock.plugins.manager import Plugins
from penstock.profiles import profile

ROOT = Path(__file__).parents[2]
BLOCKS = [
    pytest.param(block, id=f"{file.name}-{n}")
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if file.name != "handing-over.md"  # its blocks ask a service: tests/service/test_docs.py
    for n, block in enumerate(re.findall(r"^```python\n(.*?)^```", file.read_text(encoding="utf-8"), re.M | re.S))
]


@pytest.mark.parametrize("code", BLOCKS)
def test_a_block_runs_and_keeps_the_contract(code: str) -> None:
    """A reader who copies a block gets something that runs, and a plugin in it is one that Penstock takes."""
    module = ModuleType("shown")
    exec(compile(code, "shown", "exec"), module.__dict__)
    plugins = Plugins()
    plugins.add(module, "shown")
    stages = plugins.stages(profile.load("default").model_copy(update={"stages": ()}))
    assert all(stage.name for stage in stages)


def test_there_are_blocks_to_run() -> None:
    """The pattern finds them."""
    assert len(BLOCKS) >= 5
