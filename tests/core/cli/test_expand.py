"""`penstock expand`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from penstock import handle_of
from penstock.base import paths
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.store.original_lookup import listed
from penstock.store.originals import Original, digest_of
from penstock.store.sql import SqlStore
from tests.core.cli.conftest import Run

TEXT = "first\n\tsecond\x1b[2J\nthird é\n"
NOW = 1_700_000_000.0


@pytest.fixture
def kept(penstock_home: Path) -> Path:
    """A store with what a stage took away, then what a client did; the proxy is up."""
    store = SqlStore(paths.store_path())
    edit = Edit(Op.REPLACE, Place(b"k" * 16), "[…]", "trim", "search: 1 of 3 lines", TEXT)
    store.add_edits("talk", [Landed(1, edit)], NOW)
    store.add_original("talk", "all that was said", "the client compacted its history", NOW + 1)
    store.close()
    return paths.store_path()


def test_shows_the_original_to_the_letter(run: Run, kept: Path) -> None:
    """By its handle, by the beginning of it, however it is written."""
    handle = handle_of(TEXT)
    for said in (handle, handle[:4], handle.upper(), f" {handle} ", digest_of(TEXT)):
        found = run("expand", said)
        assert (found.exit_code, found.stdout_bytes.decode()) == (0, TEXT)


def test_as_json(run: Run, kept: Path) -> None:
    """One original with its text, or the lines of it that are asked for; or a list without texts."""
    found = json.loads(run("expand", handle_of(TEXT), "--json").stdout)
    assert found["original"] == digest_of(TEXT)
    assert (found["text"], found["characters"], found["stage"], found["at"]) == (TEXT, len(TEXT), "trim", NOW)
    assert json.loads(run("expand", handle_of(TEXT), "--json", "--lines", "1").stdout)["text"] == "first"
    listed = json.loads(run("expand", "--json").stdout)
    assert [(one["stage"], "text" in one) for one in listed] == [(None, False), ("trim", False)]


def test_shows_while_a_proxy_has_the_store(kept: Path) -> None:
    """A program of its own, which writes nothing; half characters come out as they went in."""
    text = "half \ud800"
    proxy = SqlStore(kept)
    proxy.add_original("talk", text, "w", NOW)
    command = [sys.executable, "-P", "-m", "penstock", "expand", handle_of(text)]
    done = subprocess.run(command, capture_output=True, check=True)
    proxy.close()
    assert done.stdout.decode("utf-8", "surrogatepass") == text + "\n"


def test_shows_a_part(run: Run, kept: Path) -> None:
    """Matching lines with their numbers, a range, or what matches in a range."""
    handle = handle_of(TEXT)
    assert run("expand", handle, "--grep", "^[tf]").stdout == "1:first\n3:third é\n"
    assert run("expand", handle, "--lines", "2-3").stdout_bytes.decode() == "\tsecond\x1b[2J\nthird é\n"
    assert run("expand", handle, "--lines", "2-", "--grep", "^[tf]").stdout == "3:third é\n"


def test_says_that_nothing_matches(run: Run, kept: Path) -> None:
    """On stderr, so that a pipe gets nothing."""
    for more, said in (((), "No line matches 'nothing'."), (("--lines", "1-2"), "No line of these matches")):
        found = run("expand", handle_of(TEXT), "--grep", "nothing", *more)
        assert (found.exit_code, found.stdout) == (0, "")
        assert said in found.stderr


def test_a_search_without_end_is_ended(run: Run, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Like one of an agent's."""
    monkeypatch.setattr("penstock.base.excerpt.SECONDS", 0.3)
    store = SqlStore(kept)
    store.add_original("talk", "a" * 60 + "!", "w", NOW)
    store.close()
    found = run("expand", handle_of("a" * 60 + "!"), "--grep", "(a+)+$")
    assert found.exit_code == 2
    assert "give a simpler expression" in found.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("00000000",), "no original is called 00000000"),
        (("00000000",), "past its time"),
        (("00000000",), "penstock.db"),
        (("abc",), "4 or more"),
        (("../../etc",), "no handle of an original"),
        (("HANDLE", "--grep", "("), "is no regular expression"),
        (("HANDLE", "--lines", "9"), "it has the lines 1-3"),
        (("HANDLE", "--lines", "3-2"), "the range ends before it begins"),
        (("--grep", "x"), "say of which original"),
    ],
)
def test_says_what_is_wrong(run: Run, kept: Path, words: tuple[str, ...], said: str) -> None:
    """In a line, with what to do."""
    found = run("expand", *(handle_of(TEXT) if word == "HANDLE" else word for word in words))
    assert (found.exit_code, found.stdout) == (2, "")
    assert said in found.stderr.replace("\n", " ")


def test_of_several_it_asks_which(run: Run, kept: Path) -> None:
    """They are listed with enough of their names to choose."""
    first = {digest_of(str(n))[:4]: str(n) for n in range(2000)}
    two = next((first[digest_of(str(n))[:4]], str(n)) for n in range(2000) if first[digest_of(str(n))[:4]] != str(n))
    store = SqlStore(kept)
    for text in two:
        store.add_original("talk", text, f"it was {text}", NOW)
    store.close()
    found = run("expand", digest_of(two[0])[:4])
    assert found.exit_code == 2
    for text in two:
        assert digest_of(text)[:16] in found.stderr
        assert f"it was {text}" in found.stderr
    assert run("expand", digest_of(two[0])[:16]).stdout == two[0] + "\n"


def test_lists_what_was_taken_away_last(run: Run, kept: Path) -> None:
    """Handle, time, who, how large and why; the newest first."""
    first, second = run("expand").stdout.splitlines()
    assert first.startswith(handle_of("all that was said"))
    assert "the client compacted its history" in first
    assert second.startswith(handle_of(TEXT))
    assert f"{len(TEXT)} characters  search: 1 of 3 lines" in second
    assert " trim " in second


def test_says_that_nothing_was_taken_away(run: Run, penstock_home: Path) -> None:
    """Which is no error."""
    SqlStore(paths.store_path()).close()
    found = run("expand")
    assert (found.exit_code, found.stdout) == (0, "")
    assert "Nothing has been taken away" in found.stderr


def test_a_line_cannot_steer_the_terminal() -> None:
    """A reason may quote the conversation."""
    shown = listed(Original("ab" * 32, "text", "talk", "s\x1b[2J", "replace", "why\r\nnot", NOW))
    assert shown.isprintable()


def test_on_a_terminal_nothing_steers_it(run: Run, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words stay, control characters are blanks."""
    monkeypatch.setattr("penstock.cli.expand._on_terminal", lambda: True)
    shown = run("expand", handle_of(TEXT)).stdout
    assert "\x1b" not in shown
    assert "second [2J\nthird é" in shown
