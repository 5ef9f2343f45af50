"""What the hook command reads before it asks the proxy."""

from __future__ import annotations

import json
import os

from penstock.control.hook_client import _with_whole_output


def test_only_a_regular_file_is_read_as_the_whole_output() -> None:
    """A device may have no end."""
    given = json.dumps({"tool_response": {"persistedOutputPath": os.devnull, "stdout": "the beginning"}}).encode()
    assert json.loads(_with_whole_output(given))["tool_response"]["stdout"] == "the beginning"
