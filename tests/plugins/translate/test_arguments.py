"""Whether the arguments of a call are all there is read of their text alone."""

from __future__ import annotations

import pytest

from penstock_plugins.translate.arguments import is_whole


@pytest.mark.parametrize(
    ("pieces", "whole"),
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
def test_arguments_are_whole_when_nothing_has_to_follow(pieces: list[str], whole: bool) -> None:
    assert is_whole(pieces) is whole
