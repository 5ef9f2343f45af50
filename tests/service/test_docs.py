"""The programs in the docs about the service, run one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.service.conftest import TOKEN, Service

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "handing-over.md"


def test_the_programs_on_the_page_run(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    monkeypatch.setenv("PENSTOCK_SERVICE", service.url)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "service-token").write_text(TOKEN)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), {})
    printed = capsys.readouterr().out
    assert "2 {'goal': 'one gateway', 'done': True}" in printed
    assert "put plan/api 1" in printed
    assert "one schema" in printed
    with service.client() as contexts:
        assert contexts.get("plan/api").data["built"] is True
        assert contexts.get("plan/api").by == "builder"
