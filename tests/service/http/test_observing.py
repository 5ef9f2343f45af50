"""What is noted of every call."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from penstock.contexts.contexts import Contexts
from tests.service.conftest import Service, running


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [("abc-1.2:3_4", True), ("a" * 128, True), ("a" * 129, False), ("with space", False), ("", False)],
)
def test_every_answer_has_an_id(service: Service, given: str, is_taken: bool) -> None:
    """The caller's own, where it is a sane one; what is refused has one as well."""
    with service.http() as http:
        for path, headers in (
            ("/healthz", {}),
            ("/v1/contexts", {}),
            ("/v1/contexts/none", {}),
            ("/no/such/call", {}),
            ("/v1/contexts", {"authorization": "none"}),
            ("/v1/contexts", {"host": "elsewhere.example"}),
        ):
            answer = http.get(path, headers=headers | {"x-request-id": given})
            id = answer.headers["x-request-id"]
            assert (id == given) is is_taken
            assert is_taken or len(id) == 32


def test_an_error_that_nobody_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Is answered as every other, and logged with the id of the call; nothing of it is in the answer."""

    def fails(*_: object) -> None:
        raise RuntimeError("canary")

    with running(tmp_path / "contexts.db") as up, up.http() as http:
        monkeypatch.setattr(Contexts, "short_text", fails)
        answer = http.get("/v1/contexts/a", headers={"x-request-id": "the-call"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "the-call")
    assert answer.json()["error"]["type"] == "internal"
    assert "canary" not in answer.text
    failed = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in failed] == ["call the-call failed"]
    assert "canary" in caplog.text
