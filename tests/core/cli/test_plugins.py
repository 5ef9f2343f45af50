"""`penstock plugins`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.plugins.manager import Plugins
from penstock.testing import assistant, call, conversation, profile_of, results, run_stage, user
from tests.core.cli.conftest import Run


def test_lists_where_each_plugin_comes_from(run: Run) -> None:
    """Bundled ones by their module, a person's own by its file."""
    run("plugins", "new", "mine")
    lines = dict(line.split(maxsplit=1) for line in run("plugins", "list").stdout.splitlines())
    assert lines["envelope"] == "penstock_plugins.envelope"
    assert lines["mine"] == str(paths.plugins_dir() / "mine.py")


def test_as_json(run: Run) -> None:
    """A list with the same."""
    found = json.loads(run("plugins", "list", "--json").stdout)
    assert {"plugin": "envelope", "source": "penstock_plugins.envelope"} in found


def test_a_new_plugin_works_as_it_is(run: Run) -> None:
    """What `new` writes is found, keeps the contract, and its stage edits what it says it edits."""
    found = run("plugins", "new", "short_runs")
    assert found.exit_code == 0, found.output
    stages = Plugins.load().stages(profile_of())
    assert [stage.name for stage in stages] == [*profile_of().stages, "short_runs"]
    turns = [user("test it"), assistant(call("Bash", command="pytest -v")), results("a PASSED\nb FAILED\nc PASSED")]
    done = run_stage(stages[-1], conversation(*turns))
    assert [edit.text for edit in done.edits] == ["b FAILED"]
    assert done.verdict.remark == "2 lines taken out"
    assert run_stage(stages[-1], conversation(*turns[:2], results("b FAILED"))).edits == ()


def test_a_new_plugin_is_short_and_explained(run: Run) -> None:
    """A starting point: about 25 lines, and a word on everything a person may want to change."""
    run("plugins", "new", "mine")
    text = (paths.plugins_dir() / "mine.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 30
    assert text.count("#") + text.count('"""') // 2 >= 6


def test_says_how_to_try_it(run: Run, tmp_path: Path) -> None:
    """In the plugins folder it runs by itself; elsewhere the proxy must be told."""
    here = run("plugins", "new", "here").stdout
    assert "every proxy that is started from now on." in here
    assert f"penstock demo --stage {paths.plugins_dir() / 'here.py'}" in here
    found = run("plugins", "new", "there", "--dir", str(tmp_path / "elsewhere"))
    assert f"penstock_plugins_dir={tmp_path / 'elsewhere'}" in found.stdout
    assert (tmp_path / "elsewhere" / "there.py").exists()


def test_overwrites_nothing(run: Run) -> None:
    """A second `new` of the same name leaves the first as it is."""
    paths.plugins_dir().mkdir(parents=True)
    file = paths.plugins_dir() / "_mine.py"
    file.write_text("# my work", encoding="utf-8")
    file.rename(paths.plugins_dir() / "mine.py")
    found = run("plugins", "new", "mine", "--dir", str(paths.plugins_dir()))
    assert found.exit_code == 2
    assert "already" in found.stderr
    assert (paths.plugins_dir() / "mine.py").read_text(encoding="utf-8") == "# my work"


def test_overwrites_no_file_elsewhere(run: Run, tmp_path: Path) -> None:
    """Not even one that is no plugin here."""
    (tmp_path / "notes.py").write_text("# my notes", encoding="utf-8")
    found = run("plugins", "new", "notes", "--dir", str(tmp_path))
    assert found.exit_code == 2
    assert str(tmp_path / "notes.py") in found.stderr
    assert (tmp_path / "notes.py").read_text(encoding="utf-8") == "# my notes"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my-logs", "'my_logs' would do"),
        ("../up", "'up' would do"),
        ("class", "no name"),
        ("_x", "no name"),
        ("", "'my_stage'"),
    ],
)
def test_refuses_what_is_no_name(run: Run, name: str, said: str) -> None:
    """A name is a module's; when there is one like it, it is proposed."""
    found = run("plugins", "new", "--", name)
    assert found.exit_code == 2
    assert said in found.stderr
    assert not paths.plugins_dir().exists()


def test_refuses_the_name_of_another_plugin(run: Run) -> None:
    """It would be refused at the next start, with the traffic waiting."""
    found = run("plugins", "new", "envelope")
    assert found.exit_code == 2
    assert "penstock_plugins.envelope" in found.stderr
