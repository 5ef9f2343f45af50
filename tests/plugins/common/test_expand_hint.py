"""How a text that was shortened says where the whole of it is."""

from __future__ import annotations

from penstock import handle_of
from penstock_plugins.common.expand_hint import expand_hint, how_to_expand

TEXT = "def total(basket): ..."


def test_names_the_agents_tool_or_the_command() -> None:
    """The tool where the agent has it, else the command, each with the name of the original."""
    assert how_to_expand(TEXT, can_expand=True) == f"expand {handle_of(TEXT)}"
    assert how_to_expand(TEXT, can_expand=False) == f"penstock expand {handle_of(TEXT)}"


def test_the_call_itself_is_a_way_where_there_is_no_tool() -> None:
    """A way that the agent has comes before the person's command."""
    assert expand_hint(TEXT, can_expand=True, again="run it again") == f"see all: expand {handle_of(TEXT)}"
    assert expand_hint(TEXT, can_expand=False, again="run it again") == "run it again"
    assert expand_hint(TEXT, can_expand=False) == f"see all: penstock expand {handle_of(TEXT)}"
