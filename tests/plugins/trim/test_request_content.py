"""What a request holds already is read from its newest content."""

from __future__ import annotations

import pytest

from penstock.testing import Call, assistant, conversation, draft_for, results, user
from penstock_plugins.trim import request_content
from penstock_plugins.trim.request_content import RequestContent


def test_only_the_newest_content_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """And of that everything but what is new in the request."""
    said = [user("start")]
    for n in range(4):
        said += [assistant(Call("Read", {"n": n})), results(f"lookup_price_{n} stands in a line of its own\n" * 10)]
    body = conversation(*said)
    new = {len(said) - 1}
    every = RequestContent().seen(draft_for(body, new=new))
    assert {f"lookup_price_{n}" for n in range(3)} <= every.names
    assert "lookup_price_3" not in every.names
    monkeypatch.setattr(request_content, "_READ", 1000)
    newest = RequestContent().seen(draft_for(body, new=new))
    assert {name for name in newest.names if name.startswith("lookup")} == {"lookup_price_1", "lookup_price_2"}
    assert len(newest.lines) == 2
