"""`penstock context export` and `import`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.service.cli.conftest import Command
from tests.service.conftest import Service


def test_contexts_are_taken_from_one_workspace_to_another(command: Command, service: Service, tmp_path: Path) -> None:
    file = tmp_path / "out.ndjson"
    for value in ("1", "2"):
        command("context", "put", "cli/transfer", value, "--ttl", "0")
    assert command("context", "export", str(file)).stdout.startswith(f"{file} has ")
    assert file.stat().st_mode & 0o077 == 0
    assert command("context", "export").stdout.splitlines()[1:] == file.read_text().splitlines()[1:]
    to = ("--workspace", "elsewhere")
    assert "Dry run: contexts 1 added" in command("context", "import", str(file), "--dry-run", *to).stdout
    assert command("context", "get", "cli/transfer", *to).exit_code == 2
    assert "Done: contexts 1 added; memory none." in command("context", "import", str(file), *to).stdout
    history = json.loads(command("context", "history", "cli/transfer", "--json", *to).stdout)
    assert [one["version"] for one in history] == [2, 1]
    assert "1 same" in command("context", "import", str(file), "--onto", "overwrite", *to).stdout


def test_what_is_wrong_is_one_line_and_status_two(command: Command, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    (tmp_path / "half").write_text(
        '{"penstock_export": 1, "version": "0.1.0", "at": 1.0, "workspace": "default", "what": "contexts"}\n'
    )
    for words, said in (
        (("import", str(tmp_path / "missing")), "missing cannot be read"),
        (("import", str(tmp_path / "text")), "line 1 is no JSON"),
        (("import", str(tmp_path / "half")), "nothing was imported: line 1 is the last one"),
        (("export", str(tmp_path / "no" / "folder")), "cannot be written"),
        (("export", "--workspace", "a b"), "x-penstock-workspace"),
        (("export", "--url", "http://127.0.0.1:9"), "penstock serve"),
    ):
        refused = command("context", *words)
        assert refused.exit_code == 2, words
        assert said in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
