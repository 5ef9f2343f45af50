"""What stays of a command from one call to the next."""

from __future__ import annotations

import pytest

from penstock_plugins.learning.fixes import form_of
from penstock_plugins.learning.shapes import command_line, shapes_of


@pytest.mark.parametrize(
    ("command", "shapes"),
    [
        ("go test ./cmd/... -run TestA -v", ("go test",)),
        ("cd /srv/kiln && mise run fmt && mise run lint 2>&1 | tail -5", ("mise run fmt", "mise run lint")),
        ("FOO=1 timeout 30 python -m pytest -q", ("python -m pytest",)),
        (".venv/bin/pytest tests/a.py", ("pytest",)),
        ("git -C /x commit -m 'a && b'", ("git",)),
        ("npm run build; npm test", ("npm run build", "npm test")),
        ("cat > a.py <<'EOF'\nrm -rf /\nEOF\nmake all", ("cat", "make all")),
        ("echo hi && mkdir x", ()),
        ("echo 'not closed", ()),
        ("", ()),
    ],
)
def test_a_command_has_the_shapes_of_its_programs(command: str, shapes: tuple[str, ...]) -> None:
    """Without arguments, directories, variables, filters and what only sets something up."""
    assert shapes_of(command) == shapes


def test_a_line_is_without_what_only_shortens_its_output() -> None:
    assert command_line("cd /srv/kiln && mise run lint 2>&1 | tail -5") == "mise run lint"
    assert command_line("make\n  all 2>&1") == "make all"
    assert command_line("make | grep error") == "make | grep error"


def test_numbers_and_messages_are_left_open() -> None:
    """The same form for another pull request, commit and message."""
    assert form_of("gh pr diff 88 --name-only") == form_of("gh pr diff 104 --name-only") == "gh pr diff N --name-only"
    assert form_of('git commit -m "Fix 3 bugs"') == form_of("git commit -m 'Other'") == "git commit -m …"
    assert form_of("git show 83122321a") == "git show N"
