"""The options with which commands choose a project of the memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.addons.conftest import Run

KILN = "The kiln runs at 900 degrees."
OTHER = "The glaze is mixed by weight."


@pytest.mark.usefixtures("folder")
def test_a_project_is_named_as_the_list_of_all_prints_it(run: Run) -> None:
    """The list has only the last part of a project's path: that is enough for every command, to delete, too."""
    run("memory", "add", KILN, "--project", "/home/ada/pottery")
    run("memory", "add", OTHER, "--project", "/home/ada/glaze")
    assert "pottery" in run("memory", "list", "--all").output
    found = run("memory", "list", "--project", "pottery")
    assert (found.exit_code, KILN in found.output, OTHER in found.output) == (0, True, False)
    assert "known already" in run("memory", "add", KILN, "--project", "pottery").output
    run("memory", "delete", "--project", "pottery", "--yes")
    left = run("memory", "list", "--all").output
    assert (KILN in left, OTHER in left) == (False, True)


@pytest.mark.usefixtures("folder")
def test_a_last_part_that_several_projects_have_is_refused_with_their_names(run: Run) -> None:
    """No project is guessed; the whole name of one is never taken for the end of another's."""
    for name in ("/home/ada/pottery", "/home/bob/pottery"):
        run("memory", "add", KILN, "--project", name)
    refused = run("memory", "list", "--project", "pottery")
    assert refused.exit_code == 2
    assert "name one of /home/ada/pottery, /home/bob/pottery" in refused.output
    assert KILN in run("memory", "list", "--project", "/home/bob/pottery").output


def test_a_folder_that_is_there_comes_before_a_last_part(run: Run, folder: Path) -> None:
    """`--project pottery` in the folder that has a folder `pottery` means that one."""
    run("memory", "add", KILN, "--project", "/home/ada/pottery")
    (folder / "pottery" / ".git").mkdir(parents=True)
    assert KILN not in run("memory", "list", "--project", "pottery").output
