"""What a provider answered."""

from __future__ import annotations

import pytest

from penstock import Usage


@pytest.mark.parametrize(
    ("usage", "prompt"),
    [
        (Usage(), None),
        (Usage(output=5), None),
        (Usage(input=3), 3),
        (Usage(input=3, cache_read=100, cache_write=20, output=5), 123),
        (Usage(cache_read=0), 0),
    ],
)
def test_the_prompt_is_all_that_went_in(usage: Usage, prompt: int | None) -> None:
    """Plain, read and written; unknown when the provider said nothing of it."""
    assert usage.prompt == prompt
