"""Where in a file an error came up."""

from __future__ import annotations

import pytest

from penstock.base.failing_line import line_in


def test_names_the_last_line_of_that_file() -> None:
    """Not that of the library it called, nor one of another file."""
    code = compile("def f(x):\n    return int(x)\n\nf('a')\n", "mine.py", "exec")
    with pytest.raises(ValueError, match="invalid literal") as found:
        exec(code, {})
    assert line_in(found.value, "mine.py") == " (line 2)"
    assert line_in(found.value, "other.py") == ""
