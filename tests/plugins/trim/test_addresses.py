"""The beginning that web addresses share is told once, and can be put back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from penstock import ToolOutput
from penstock_plugins.trim import compress
from penstock_plugins.trim.addresses import fold_addresses, unfold_addresses
from penstock_plugins.trim.output_kind import plain

LINES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "url: ", "see "]),
    st.sampled_from(["https://orchard.dev/rows/7/press", "https://orchard.dev/rows/", "http://a.b/c", "src/a/b/c.py"]),
    st.sampled_from(["", "/9", " and https://orchard.dev/rows/8", ": error", " …/x"]),
)


@given(st.lists(LINES, max_size=20))
def test_addresses_come_back(lines: list[str]) -> None:
    packed = [line.text for line in fold_addresses(plain(lines))]
    assert unfold_addresses(packed) == lines


def test_the_addresses_of_a_reply_share_their_beginning() -> None:
    """Paths of files stay as they are: the agent comes back to them by their names."""
    reply = {name: f"https://orchard.dev/rows/7/{name}_page" for name in ("press", "tank", "lid", "ladder", "valve")}
    text = json.dumps(reply | {"path": "src/orchard/rows/press.py", "note": "n" * 300}, indent=2)
    found = compress(ToolOutput(text, "Bash", {"command": "curl orchard.dev/rows/7"}))
    assert found is not None
    assert found.text.startswith("[…/ is https://orchard.dev/rows/7/]\npress: …/press_page\ntank: …/tank_page\n")
    assert "path: src/orchard/rows/press.py" in found.text
