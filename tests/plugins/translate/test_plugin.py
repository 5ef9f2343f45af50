"""The bundled translators are there where their library is."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from penstock_plugins.translate import plugin


def test_both_ways_are_there() -> None:
    assert {(one.source, one.target) for one in plugin.translators()} == {("messages", "chat"), ("chat", "messages")}


def test_without_the_library_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway then says which extra has it."""
    monkeypatch.setattr(plugin, "find_spec", lambda _name: None)
    assert plugin.translators() == []


@pytest.mark.slow
def test_the_library_is_imported_for_the_first_request_that_needs_it() -> None:
    """It takes seconds, which who translates nothing need not wait."""
    assert importlib.util.find_spec("any_llm") is not None, "the dev extra has it"
    code = """
import sys
from penstock.plugins.manager import Plugins
first, *_ = Plugins.load(blocked=["all"]).translators()
assert not {"any_llm", "openai", "anthropic"} & set(sys.modules)
first.translate({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]})
assert "any_llm" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
