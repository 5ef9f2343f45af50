"""An error is known again by its telling line."""

from __future__ import annotations

import pytest

from penstock_plugins.learning.errors import error_of


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("E   ModuleNotFoundError: No module named 'till'\n1 failed", "ModuleNotFoundError: No module named 'till'"),
        ("Exit code 1\nunknown flag: --stat\n\nUsage:  gh pr diff", "unknown flag: --stat"),
        ("a/b/data.go:685:2: declared and not used: repo (typecheck)", "declared and not used: repo (typecheck)"),
        ("<tool_use_error>File has not been read yet.</tool_use_error>", "File has not been read yet."),
        ("error: Unable to create '/srv/x/.git/index.lock': File exists.", "error: Unable to create '': File exists."),
        ("\x1b[31mfatal: bad revision 83122321a after 30.5s\x1b[0m", "fatal: bad revision N after N"),
        ("Exit code 3", ""),
    ],
)
def test_the_same_error_has_the_same_signature(text: str, signature: str) -> None:
    """Without its place, numbers, hashes, times and colours."""
    assert error_of(text, is_error=True, reports=True) == signature


def test_a_pipe_hides_no_failure() -> None:
    """`make | tail` ends with 0, and what it prints tells; what files say of errors is none."""
    text = "ok one\n--- FAIL: TestKiln (0.01s)\nFAIL\tkiln\t0.3s\nFAIL"
    assert error_of(text, is_error=False, reports=True) == "FAIL: TestKiln (N)"
    assert error_of(text, is_error=False, reports=False) == ""
    assert error_of("all is well: 0 errors", is_error=False, reports=True) == ""


@pytest.mark.parametrize(
    "text",
    [
        "The user doesn't want to proceed with this tool use. The tool use was rejected",
        "Exit code 137\n[Request interrupted by user for tool use]",
        "<tool_use_error>Sibling tool call errored</tool_use_error>",
    ],
)
def test_what_was_not_let_run_did_not_fail(text: str) -> None:
    assert error_of(text, is_error=True, reports=True) == ""
