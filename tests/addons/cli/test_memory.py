"""`penstock memory`, `reindex` and `import`, as a person types them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from penstock.base import paths
from penstock.control.discovery import running
from penstock.memory import FeedbackKind, Item, Memory, Voice, learned_project
from penstock.memory.embedders.trigrams import Trigrams
from penstock.store.lock import StoreLock, is_taken
from penstock.store.sql import SqlStore
from penstock_addons.cli.memory import reindex
from tests.addons.cli.program import Program
from tests.addons.conftest import Run
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, wait_until

pytestmark = pytest.mark.slow

Say = Callable[..., str]


@pytest.fixture
def say(run: Run, folder: Path) -> Say:
    """Types a command that goes well, and gives what was printed."""

    def say(*words: str) -> str:
        found = run(*words)
        assert found.exit_code == 0, found.output
        return found.output

    return say


def id_of(said: str) -> str:
    found = re.search(r"^[0-9a-f]{8}", said, re.M)
    assert found is not None, said
    return found[0]


def line(kind: str, text: str, **more: object) -> str:
    about = {"timestamp": "2026-03-04T05:06:07Z", "sessionId": "session-of-march", "cwd": "/home/ada/kiln"}
    return json.dumps({"type": kind, "message": {"content": text}, **about, **more})


def test_the_old_names_of_commands_go_on_working(say: Say) -> None:
    """Scripts use them; help shows the new ones only."""
    one = id_of(say("memory", "remember", "The kiln runs at 900 degrees."))
    assert "[+1]" in say("memory", "mark", one, "helpful")
    assert "1 passage indexed" in say("reindex")
    assert "0 past their time" in say("memory", "expire")
    assert "1 memory deleted" in say("memory", "forget", one, "-y")
    shown = {line.split()[1] for line in say("memory", "--help").splitlines() if line.startswith("│ ")}
    assert shown >= {"add", "rate", "delete", "prune", "reindex"}
    assert not shown & {"remember", "mark", "forget", "expire"}
    assert not [line for line in say("--help").splitlines() if line.startswith("│ reindex ")]


def test_from_remembering_to_forgetting(say: Say, run: Run) -> None:
    """Everything by the beginning of an id; and gone is gone, from the originals too."""
    text = "The kiln runs at 900 degrees."
    one = id_of(say("memory", "add", text, "--pin"))
    assert "known already" in say("memory", "add", text)
    assert "[pinned] The kiln" in say("memory", "list")
    assert "signals" not in say("memory", "search", "kiln")
    assert re.search(r"= .*\bwords? [+-]|meaning [+-]", say("memory", "search", "how hot is the kiln", "--why"))
    assert text in say("memory", "show", one[:4])
    assert "[-1]" in say("memory", "rate", one, "wrong") or "[pinned -1]" in say("memory", "list")
    say("memory", "unpin", one)
    two = id_of(say("memory", "edit", one, "--text", "The kiln runs at 950 degrees."))
    assert run("memory", "show", one).exit_code == 2
    store = SqlStore(paths.store_path())
    store.add_original("c", "The kiln runs at 950 degrees.", "", 1.0)
    store.close()
    assert "1 memory deleted, 1 original with the same text." in say("memory", "delete", two, "--yes")
    assert "nothing of" in say("memory", "list")
    held = b"".join(file.read_bytes() for file in paths.state_dir().rglob("*") if file.is_file())
    assert b"950 degrees" not in held
    assert b"900 degrees" not in held


def test_forgetting_asks_before(run: Run, say: Say) -> None:
    """And a no is a no. What it cannot know it asks for."""
    one = id_of(say("memory", "add", "The vents stay shut."))
    found = run("memory", "delete", one)
    assert (found.exit_code, "--yes does not ask" in found.output) == (1, True)
    assert one in say("memory", "list")
    for words in ((), ("--session", "s", one), ("--all", "--project", "p", one), ("--all",)):
        assert run("memory", "delete", *words).exit_code == 2
    both = run("memory", "delete", "--all", "--project", "p").output
    assert "--project and --all exclude each other" in " ".join(re.sub(r"[│\n]", " ", both).split())
    assert "deleted" in say("memory", "delete", "--project", ".", "--yes")
    assert "nothing is remembered yet" in say("memory", "projects")


def test_projects_are_apart(say: Say, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder one is in says which; --project and --all say otherwise."""
    one = id_of(say("memory", "add", "The kiln runs at 900 degrees."))
    (tmp_path / "loom").mkdir()
    monkeypatch.chdir(tmp_path / "loom")
    say("memory", "add", "The loom has six shafts.")
    assert "kiln" not in say("memory", "list")
    assert "penstock memory list" in run("memory", "show", one).output
    assert "900" in say("memory", "list", "--project", str(tmp_path / "kiln"))
    assert say("memory", "list", "--all").count("\n") == 2
    assert "900" in say("memory", "show", one, "--all")
    assert len(json.loads(say("memory", "projects", "--json"))) == 2
    assert {hit["project"] for hit in json.loads(say("memory", "search", "loom kiln", "--all", "--json"))["hits"]} == {
        str(tmp_path / "kiln"),
        str(tmp_path / "loom"),
    }


def test_a_project_is_shared_and_taken_back(say: Say, run: Run, tmp_path: Path) -> None:
    """By its name, or by the folder one is in; the list says which ones are."""
    say("memory", "add", "The loom listens on port 7000.", "--project", "loom")
    assert "every account" in say("memory", "projects", "share", "loom")
    assert [one["shared"] for one in json.loads(say("memory", "projects", "--json"))] == [True]
    assert "yes" in say("memory", "projects")
    assert "used it first" in say("memory", "projects", "share", "loom", "--off")
    assert [one["shared"] for one in json.loads(say("memory", "projects", "--json"))] == [False]
    done = run("memory", "projects", "share", "nowhere")
    assert done.exit_code == 2
    assert "nothing is remembered for nowhere" in done.output


def test_a_long_name_of_a_project_is_shortened(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its middle, to what the terminal has room for; programs get it whole."""
    monkeypatch.setenv("COLUMNS", "80")
    name = f"/srv/{'deep/' * 40}kiln"
    say("memory", "add", "The kiln runs at 900 degrees.", "--project", name)
    say("memory", "add", "The loom has six shafts.", "--project", "loom")
    said = say("memory", "projects").splitlines()
    assert max(map(len, said)) <= 80
    assert re.search(r"^/srv/deep\S*…\S*/kiln +1 +1 ", "\n".join(said), re.M)
    assert [one["name"] for one in json.loads(say("memory", "projects", "--json"))] == [name, "loom"]


def test_import(say: Say, run: Run, folder: Path, tmp_path: Path) -> None:
    """Real turns of both clients, without envelopes and secrets, at their own times; again, and nothing is new. A
    broken line is named."""
    (tmp_path / "logs").mkdir()
    reminder = "<system-reminder>Mind the gap.</system-reminder>\nHow hot is the kiln?"
    lines = [line("user", reminder), line("assistant", "900 degrees, token ghp_" + "a" * 36), "{broken"]
    (tmp_path / "logs" / "session-of-march.jsonl").write_text("\n".join(lines))
    (tmp_path / "logs" / "homeless.jsonl").write_text(line("user", "Who am I?", cwd=""))
    meta = {"type": "session_meta", "payload": {"id": "c", "cwd": "/home/ada/kiln"}}
    words = [{"type": "input_text", "text": "Is the glaze blue?"}]
    item = {"type": "response_item", "payload": {"type": "message", "role": "user", "content": words}}
    (tmp_path / "logs" / "rollout-1.jsonl").write_text(f"{json.dumps(meta)}\n{json.dumps(item)}\n")
    said = say("import", str(tmp_path / "logs"))
    assert "3 messages remembered, 0 known already, from 2 sessions in 1 project." in said
    assert "session-of-march.jsonl: line 3" in said
    assert "1 transcript left out that name no folder" in said
    items = json.loads(say("memory", "list", "--project", "/home/ada/kiln", "--json"))
    assert [item["text"] for item in items] == [
        "900 degrees, token [redacted github token]",
        "How hot is the kiln?",
        "Is the glaze blue?",
    ]
    assert (items[0]["at"], items[0]["session"]) == (1772600767.0, "session-of-march")
    assert "0 messages remembered, 3 known already" in say("import", str(tmp_path / "logs"))
    say("memory", "label", "session-of", "firing", "--project", "/home/ada/kiln")
    assert "2 memories deleted" in say("memory", "delete", "--session", "firing", "-p", "/home/ada/kiln", "-y")
    assert "0 messages remembered" in say("import", str(tmp_path / "logs"))


def test_import_names_what_it_could_not_read(say: Say, tmp_path: Path) -> None:
    """By file, as many as one looks at; what can be read is taken, and that is no failure."""
    for n in range(7):
        broken = [line("user", f"Question {n}: how hot is it?"), *["{broken"] * (n + 1)]
        (tmp_path / f"{n}.jsonl").write_text("\n".join(broken))
    said = say("import", *(str(tmp_path / f"{n}.jsonl") for n in range(7)))
    assert "7 messages remembered" in said
    assert "28 lines could not be read:\n" in said
    assert "0.jsonl: line 2\n" in said
    assert "2.jsonl: lines 2, 3 and 4\n" in said
    assert "5.jsonl" not in said
    assert "and 2 more files" in said
    said = say("import", str(tmp_path / "6.jsonl"))
    assert "6.jsonl: lines 2, 3, 4, 5, 6 and 2 more\n" in said


def test_import_fails_where_nothing_was_taken(run: Run, folder: Path, tmp_path: Path) -> None:
    """A program that calls it sees so: of the files named nothing, or one of them not at all."""
    (tmp_path / "empty.jsonl").write_text("{broken")
    (tmp_path / "good.jsonl").write_text(line("user", "How hot is the kiln?"))
    found = run("import", str(tmp_path / "empty.jsonl"))
    assert (found.exit_code, "0 messages remembered" in found.output) == (1, True)
    assert run("import", str(tmp_path / "empty.jsonl"), str(tmp_path / "good.jsonl")).exit_code == 0
    (tmp_path / "link.jsonl").symlink_to("/proc/self/mem")  # there, and cannot be read
    found = run("import", str(tmp_path / "good.jsonl"), str(tmp_path / "link.jsonl"))
    assert (found.exit_code, "link.jsonl cannot be read" in found.output) == (1, True)
    found = run("import", "/dev/zero")
    assert (found.exit_code, "/dev/zero is no regular file" in found.output) == (2, True)


def test_import_keeps_what_a_proxy_would(say: Say, tmp_path: Path) -> None:
    """Of the same kinds, no assents, no client's words in a person's name, of a very long text the beginning; and
    nothing was said later than now."""
    log = "\n".join(f"2031-02-03 10:00:0{n} ERROR the till does not answer" for n in range(8))
    said = [
        "I have *added these files to the chat*: a.py",
        "Go on.",
        log,
        "word " + " ".join(map(str, range(5000))),
        "Is it hot there?",
    ]
    lines = [line("user", text, timestamp="2999-01-01T00:00:00Z") for text in said]
    (tmp_path / "s.jsonl").write_text("\n".join([*lines, line("assistant", "No idea.")]))
    told = say("import", str(tmp_path / "s.jsonl"))
    assert re.search(r"of 1 message too long the beginning was kept:\n .*s\.jsonl: 1\n", told)
    items = json.loads(say("memory", "list", "--project", "/home/ada/kiln", "--json", "-n", "50"))
    assert {item["kind"] for item in items if item["text"] == log} == {"log"}
    assert {item["kind"] for item in items if item["text"].startswith("word")} == {"document"}
    assert {item["text"] for item in items if item["kind"] == "chat"} == {"Is it hot there?"}
    assert 19_000 < sum(len(item["text"]) for item in items if item["kind"] == "document") < 24_000
    assert all(item["at"] <= time.time() for item in items)


def test_import_without_a_path_asks_first(run: Run, say: Say, tmp_path: Path) -> None:
    """It says what it would take, and where from."""
    assert "name a file or a folder" in run("import").output
    home = tmp_path / "home" / ".claude" / "projects" / "x"
    home.mkdir(parents=True)
    assert "no transcript" in run("import", "--yes").output
    (home / "s.jsonl").write_text(line("user", "How hot is the kiln?"))
    found = run("import")
    assert found.exit_code == 1
    assert "Take 1 transcript from" in found.output
    assert "1 message remembered" in say("import", "--yes")
    assert "is not there" in run("import", "/no/such/place").output


def test_reindex(say: Say, run: Run) -> None:
    """Words and vectors anew; with another embedder for once, it says what to set."""
    assert "nothing is remembered yet" in say("memory", "reindex")
    say("memory", "add", "The kiln runs at 900 degrees.")
    assert "1 passage indexed with trigrams-256." in say("memory", "reindex")
    said = say("memory", "reindex", "--embedder", "wordllama-256")
    assert "1 passage indexed with wordllama-256." in said
    assert 'embedder = "wordllama-256"' in said
    assert "of another embedder" in say("memory", "status")
    assert "kiln" in say("memory", "search", "kiln")
    assert "of another embedder" not in say("memory", "status")
    assert run("memory", "reindex", "--embedder", "nonesuch").exit_code == 2


def test_the_editor(say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Opens with the old text; one that changes nothing changes nothing."""
    one = id_of(say("memory", "add", "The kiln runs at 900 degrees."))
    program = tmp_path / "editor"
    program.write_text(
        f"#!{sys.executable}\nimport sys\np = sys.argv[1]\nt = open(p).read()\n"
        "open(p, 'w').write(t.replace('900', '950'))\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("EDITOR", "true")
    assert "nothing was changed" in say("memory", "edit", one)
    monkeypatch.setenv("EDITOR", str(program))
    assert "950 degrees" in say("memory", "edit", one)


def test_nothing_of_a_text_steers_the_terminal(say: Say) -> None:
    """Whatever was said once."""
    one = id_of(say("memory", "add", "red \x1b[31malert\x07\nand more"))
    assert "\x1b[31m" not in say("memory", "list") + say("memory", "show", one)


def test_a_proxy_that_owns_the_memory_is_asked(say: Say, run: Run, up: Callable[..., Program], tmp_path: Path) -> None:
    """The same commands, over the control channel; what the proxy refuses is told in its words."""
    up(PENSTOCK_PROFILE="quick")
    state = _asked("status")
    assert state["embedder"] == "trigrams-256"
    one = id_of(say("memory", "add", "The kiln runs at 900 degrees."))
    assert _asked("status")["items"] == 1
    assert "900" in say("memory", "search", "kiln")
    assert "1 passage indexed" in say("memory", "reindex")
    refused = run("memory", "reindex", "--embedder", "wordllama-256")
    assert refused.exit_code == 2
    assert "start the proxy again" in refused.output
    (tmp_path / "s.jsonl").write_text("\n".join(line("user", f"Note {n}: " + "x" * 40_000) for n in range(60)))
    assert "60 messages remembered" in say("import", str(tmp_path / "s.jsonl"))
    assert "1 memory deleted" in say("memory", "delete", one, "-y")
    assert "memory" in run("memory", "show", one).output


def _asked(command: str) -> Any:
    from penstock.control.client import ask
    from penstock.control.discovery import announced

    up = announced()
    assert up is not None
    return ask(up.address, Path(up.store), f"/memory/{command}", {}, 60)


def test_a_memory_that_was_deleted_under_its_proxy_is_named(say: Say, run: Run, up: Callable[..., Program]) -> None:
    """By doctor, and by a command that would remember something: nothing is stored where it would be lost."""
    up()
    say("memory", "add", "The kiln runs at 900 degrees.")
    for file in paths.memory_dir().glob("memory.db*"):
        file.unlink()
    found = json.loads(run("doctor", "--json").stdout)
    [memory] = [check for check in found if check["name"] == "memory"]
    assert (memory["level"], "was deleted under the proxy" in memory["said"]) == ("fail", True)
    assert "start it again" in memory["fix"]
    assert not (paths.memory_dir() / "memory.db").exists()
    refused = run("memory", "add", "The other one runs at 800.")
    assert refused.exit_code != 0
    assert "deleted or replaced" in refused.output


def test_plain_mitmdump_is_asked(say: Say, run: Run, penstock_home: Path, provider: Provider) -> None:
    """It announces nothing, and is known by its log."""
    quick = Setup(penstock_home, provider.port, options=["penstock_profile=quick"])
    proxy = Proxy(quick, keeps_events=False)
    try:
        proxy.port()
        wait_until(partial(is_taken, paths.memory_dir() / "memory.db"), "it has its memory open")
        wait_until(partial(running, paths.store_path()), "the log tells of it")
        say("memory", "add", "The kiln runs at 900 degrees.")
        assert "open in a proxy" in run("doctor").stdout
    finally:
        proxy.stop()


def test_who_is_about_to_end_is_waited_for(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another command, or a proxy that has not said yet how it is reached."""
    say("memory", "add", "The kiln runs at 900 degrees.")
    lock = StoreLock(paths.memory_dir() / "memory.db")
    monkeypatch.setattr("penstock.control.client.time.sleep", lambda _: lock.release())
    assert "kiln" in say("memory", "list")


def test_a_process_that_cannot_be_asked_is_named(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is opened beside it."""
    monkeypatch.setattr("penstock.control.client.BEGIN_S", 0)
    place = paths.memory_dir()
    code = "\n".join(
        [
            "import sys; from pathlib import Path; from penstock.store.lock import StoreLock",
            "lock = StoreLock(Path(sys.argv[1])); print('held', flush=True); input()",
        ]
    )
    place.mkdir(parents=True)
    (place / "memory.db").touch()
    command = [sys.executable, "-c", code, str(place / "memory.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        found = run("memory", "list")
        holder.communicate(b"\n")
    assert found.exit_code == 2
    assert str(place) in found.output


def test_a_rebuild_is_ended_by_ctrl_c(run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """At its next step, and it says what becomes of what is missing."""
    asked: list[str] = []

    class Slow:
        def do(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
            asked.append(command)
            if command == "progress":
                raise KeyboardInterrupt
            return {"items": 1}

    monkeypatch.setattr(reindex, "open_memory", lambda *_, **__: nullcontext(Slow()))
    found = run("memory", "reindex")
    assert found.exit_code == 130
    assert "next start" in found.output
    assert asked == ["status", "reindex", "progress", "stop"]


def test_what_was_learned_is_listed_and_changed(say: Say, run: Run, folder: Path) -> None:
    """With how often it held and on what evidence; `rate` and `delete` take its id."""
    memory = Memory(paths.memory_dir(), Trigrams())
    fix = Item(learned_project(str(folder)), "When `fire` fails with `no gas`: run `gas on`", at=1.77e9, role="fix")
    memory.add([fix])
    memory.hear(memory.newest(fix.project)[0], Voice(FeedbackKind.HELPFUL, "x1 in march", 1.77e9))
    memory.close()
    said = say("memory", "learned", "--evidence")
    assert "`gas on`" in said
    assert "[held 1 of 1 times]" in said
    assert "held, x1 in march" in said
    assert "nothing of kind unused was learned in" in run("memory", "learned", "--kind", "unused").stderr
    say("memory", "rate", id_of(said), "wrong")
    assert "[-1]" in say("memory", "learned")
    say("memory", "delete", id_of(said), "--yes")
    assert json.loads(say("memory", "learned", "--json"))["items"] == []


def test_tags_are_listed_and_summarised(say: Say, run: Run, folder: Path) -> None:
    """Within the tokens asked for; a tag that is not there is told, and the command fails."""
    say("memory", "add", "The kiln is hot.")
    project = json.loads(say("memory", "list", "--json"))[0]["project"]
    memory = Memory(paths.memory_dir(), Trigrams())
    memory.add([Item(project, "The glaze cracks. It is cold.", seq=1, tags=("glaze", "kiln"))])
    memory.close()
    assert re.findall(r"1  (\w+)", say("memory", "tags")) == ["glaze", "kiln"]
    assert "The glaze cracks." in say("memory", "tags", "glaze")
    assert json.loads(say("memory", "tags", "glaze", "--most", "20", "--least", "1", "--json"))["tokens"] <= 20
    assert run("memory", "tags", "loom").exit_code != 0
