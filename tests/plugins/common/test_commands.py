"""What a command shows is read from the command, whoever runs it."""

from __future__ import annotations

from typing import Any

import pytest

from penstock_plugins.common.commands import Shown, command_of, files_shown, shown_by

FILES, HITS, CHANGES, NAMES, OTHER = Shown.FILES, Shown.HITS, Shown.CHANGES, Shown.NAMES, Shown.OTHER


@pytest.mark.parametrize(
    "given",
    [
        {"command": "cat press.ex"},
        {"cmd": "cat press.ex", "workdir": "/orchard"},
        {"command": ["bash", "-lc", "cat press.ex"]},
        {"command": ["cat", "press.ex"]},
        {"CommandLine": "cat press.ex"},
        {"input": 'const r = await tools.exec_command({cmd:"cat press.ex","workdir":"/orchard"});text(r.output)'},
        {"input": "await tools.exec_command({ 'cmd': 'cat press.ex' })"},
        {"code": "await tools.shell({command: `cat press.ex`})"},
    ],
)
def test_a_command_is_found_where_the_client_puts_it(given: dict[str, Any]) -> None:
    """A string, a list, or a string in a script that calls tools."""
    assert command_of(given) == "cat press.ex"


def test_all_commands_of_a_script_are_found() -> None:
    """With the escapes of the script undone."""
    script = r'await Promise.all([tools.exec({cmd:"sed -n \"1,9p\" a.rs"}), tools.exec({cmd:"cat b.rs\nls"})])'
    assert command_of({"input": script}) == 'sed -n "1,9p" a.rs\ncat b.rs\nls'


@pytest.mark.parametrize("given", [{}, {"path": "a.py"}, {"input": "*** Begin Patch"}, {"command": 7}, {"command": []}])
def test_a_call_without_a_command_has_none(given: dict[str, Any]) -> None:
    assert command_of(given) == ""
    assert shown_by("") == frozenset()


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("cat press.ex", {FILES}),
        ("cd /orchard && sed -n '1,40p' press.ex | head -5", {FILES}),
        ("nl -ba press.ex | sed -n '10,20p'", {FILES}),
        ("bat --plain press.ex", {FILES}),
        ("git -C /orchard show HEAD~2:lib/press.ex", {FILES}),
        ("git show HEAD~2", {CHANGES}),
        ("git log -p -3", {CHANGES}),
        ("git log --oneline", {NAMES}),
        ("gh pr diff 7", {CHANGES}),
        ("rg -C 3 press lib", {HITS}),
        ("find lib -name '*.ex' | xargs cat", {FILES}),
        ("find lib -name '*.ex' -exec head -3 {} +", {FILES}),
        ("echo '=== press ==='; cat press.ex; echo '=== diff ==='; git diff", {FILES, CHANGES}),
        ('for f in *.ex; do echo $f; cat "$f"; done', {FILES}),
        ("sudo env A=1 timeout 30 cat /etc/press.conf 2>/dev/null", {FILES}),
        ("ssh orchard 'cat /etc/press.conf'", {FILES}),
        ("docker exec -it press cat /etc/press.conf", {FILES}),
        ('bash -c "cat press.ex"', {FILES}),
        ("Get-Content press.cs -TotalCount 40", {FILES}),
        ("mix test | tail -30", {OTHER}),
        ("mix test; cat press.ex", {OTHER, FILES}),
        ("cat press.json | python3 -c 'print(1)'", {OTHER}),
        ("cat > press.ex <<'END'\ncat this\nEND\nmix test", {OTHER}),
        ("sed -i 's/a/b/' press.ex", set()),
        ("cat press.ex > copy.ex", set()),
        ("kubectl get pods -n orchard", {OTHER}),
        ("git add . && git commit -m 'cat the press'", {OTHER}),
    ],
)
def test_a_command_tells_what_it_shows(command: str, shown: set[Shown]) -> None:
    """Each of its parts, filters aside; what is written to a file is not shown."""
    assert shown_by(command) == shown


def test_the_files_that_a_command_shows_are_named() -> None:
    assert files_shown("cd /orchard && cat lib/press.ex; sed -n '1,9p' mix.exs | head; rg press docs/a.md") == (
        "lib/press.ex",
        "mix.exs",
    )
