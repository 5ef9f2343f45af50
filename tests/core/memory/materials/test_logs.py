"""Logs, by the form of their entries."""

from __future__ import annotations

from datetime import UTC, datetime

from penstock.memory.materials.logs import is_fault, split_log


def test_entries_of_one_form_are_one_piece() -> None:
    """With how often they occur and when; the time is that of the last. Quiet ones are counted."""
    lines = [f"2026-11-20T10:00:{n:02}Z ERROR oven {n} too hot: 0xff{n:02}" for n in range(30)]
    lines += ["2026-11-20 10:01:00,123 [WARNING] draught", "2026-11-20T10:02:00Z INFO the ERROR is over"]
    found = split_log("\n".join(lines))
    assert [piece.text for piece in found.kept] == [
        "2026-11-20T10:00:00Z ERROR oven 0 too hot: 0xff00\n"
        "[30 times, from 2026-11-20T10:00:00Z to 2026-11-20T10:00:29Z]",
        "2026-11-20 10:01:00,123 [WARNING] draught",
    ]
    assert found.kept[0].at == datetime(2026, 11, 20, 10, 0, 29, tzinfo=UTC).timestamp()
    assert [is_fault(piece.text) for piece in found.kept] == [True, False]
    assert found.skipped == ("1 entry of no warning and no error",)


def test_a_stack_belongs_to_its_entry() -> None:
    """Also without a level: an exception is an error."""
    stack = 'Traceback (most recent call last):\n  File "kiln.py", line 3, in fire\nValueError: too hot'
    found = split_log(f"10:00:01 INFO begin\n10:00:02 ERROR failed\n{stack}\n10:00:03 INFO end\n")
    assert [piece.text for piece in found.kept] == [f"10:00:02 ERROR failed\n{stack}"]
    assert found.kept[0].at is None, "a time without a day is none"
    assert [piece.text for piece in split_log(stack).kept] == [stack]
    java = "java.lang.IllegalStateException: shut\n\tat kiln.Vents.open(Vents.java:7)\n\t... 12 more"
    assert [piece.text for piece in split_log(java).kept] == [java]


def test_levels_as_fields() -> None:
    """As logfmt and JSON lines have them."""
    found = split_log('time=1 level=error msg=hot\n{"ts": 2, "level":"warn","msg":"warm"}\nlevel=info msg=fine')
    assert len(found.kept) == 2


def test_a_log_without_levels_is_kept() -> None:
    """Each form of entries once: nobody can tell which of them matters."""
    found = split_log("\n".join(f"10:00:{n:02} request {n} took {n} ms" for n in range(60)) + "\n10:01:00 bye")
    assert [piece.text.splitlines()[0] for piece in found.kept] == ["10:00:00 request 0 took 0 ms", "10:01:00 bye"]
    assert found.skipped == ()


def test_of_too_many_forms_the_most_severe_and_frequent_are_kept() -> None:
    """And the others are counted."""
    words = [f"{a}{b}" for a in "abcdefghijklmnop" for b in "qrstuvwxyzabcdefgh"]
    found = split_log("\n".join([*(f"WARN {word}" for word in words), "ERROR once", "WARN often", "WARN often"]))
    texts = [piece.text for piece in found.kept]
    assert len(texts) == 200
    assert "ERROR once" in texts
    assert "WARN often\n[2 times]" in texts
    assert "90 forms" in found.skipped[0]
