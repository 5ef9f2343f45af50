"""The end of a tool call's arguments is recognised by their text alone."""

from __future__ import annotations

import pytest

from penstock_plugins.translate.complete_json import is_complete_json


@pytest.mark.parametrize(
    ("pieces", "complete"),
    [
        (["{}"], True),
        ([' {"a": {"b": 1}}\n'], True),
        ([""], False),
        (["{"], False),
        (['{"a": {"b": 1}'], False),
        (['{"a": "}'], False),
        (["{}{}"], False),
        ([], False),
        (["{", '"a": 1', "}", "", " "], True),
    ],
)
def test_arguments_are_complete_when_nothing_has_to_follow(pieces: list[str], complete: bool) -> None:
    assert is_complete_json(pieces) is complete
