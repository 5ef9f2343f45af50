"""`assert_linear`: checks that a function's time grows linearly with the length of a text, on texts that make a
careless pattern slow (`pathological`).

Times are compared with other times of the same run, the best of several, so that a busy machine changes neither.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from tests.sizing import EXPLORE

__all__ = ["LENGTH", "NAMES", "assert_linear", "pathological"]

LENGTH = 1_000_000
"""Characters of the texts on which a function must keep to `RATIO`."""
SAMPLE = 4_000
"""Characters of the texts by which the worst ones are found."""
SHORT, TIMES = 20_000, 8
"""Characters of a text, and how many times as long the one is that it is compared with."""
LINE = 2_000
"""Characters of a line: of longer ones many functions look at so much alone."""
RATIO = 2_000
"""How many plain scans of the same text a function may take. One that reads each character a few dozen times stays
below 350; one that reads the rest of the text at each character takes twenty thousand and more for `LENGTH`."""
GROWTH = 24.0
"""For `TIMES` the text a linear function takes 8 times the time, a quadratic one 64 times."""
STEADY_S = 0.05
"""Below so many seconds for `TIMES` the short text its growth says nothing: fresh pages of memory alone make 1 ms of
0.05 ms. `RATIO` on `LENGTH` characters holds for those."""
SLOW_S = 0.3
"""What takes longer than so many seconds for `TIMES` the short text is tried on `LENGTH` characters with
PENSTOCK_EXPLORE=1 alone: that its time is linear is known by then, and the run would take many seconds."""
WORST = 1
"""Of how many texts the long form is tried."""
PIECES = {
    "letters": "a",
    "capitals": "A",
    "digits": "0",
    "spaces": " ",
    "tabs": "\t",
    "newlines": "\n",
    "indented newlines": "\n ",
    "carriage returns": "a\r",
    "backslashes": "\\",
    "quotes": '"',
    "escaped quotes": '\\"',
    "single quotes": "'",
    "dots": ".",
    "dashes": "-",
    "underscores": "_",
    "slashes": "/",
    "at signs": "@",
    "equals": "=",
    "colons": ":",
    "backticks": "`",
    "brackets": "[",
    "braces": "{",
    "parentheses": "(",
    "angle brackets": "<",
    "names and dots": "a.",
    "names and dashes": "a-",
    "names and slashes": "a/",
    "names and colons": "a:",
    "names and underscores": "a_",
    "short words": "a b ",
    "camel case": "aB",
    "digits and dots": "0.",
    "digits and dashes": "0-",
    "digits and colons": "0:",
    "base64": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODkw",
    "hex": "0123456789abcdef",
    "unclosed tags": "<system-reminder>",
    "nested tags": "<a-b><c-d>",
    "html": "<div class=",
    "closing tags": "</system-reminder>",
    "our notes": "[Memory m-0123456789ab: ",
    "redactions": "[redacted ",
    "fences": "```\n",
    "other fences": "~~~ \n",
    "headings": "# a\n",
    "items": "- a\n",
    "log lines": "2026-01-01 10:00:00 error: a\n",
    "diff heads": "diff --git a b\n@@ -1 +1 @@\n",
    "json": '{"a":[',
    "records": '{"a": 1}\n',
    "numbered": "     1\ta\n",
    "hits": "a/b.py:1:a\n",
    "keys without end": "-----BEGIN PRIVATE KEY-----",
    "names of secrets": "password",
    "secrets": "password=",
    "secret words": "secret token ",
    "addresses": "http://a:",
    "bearers": "Bearer ",
    "tokens": "eyJhbGciOiJI.",
    "commands": "curl mysql machine a login ",
    "options": " -u --user --password ",
    "questions": "how you i had did what ",
    "frames": '  File "a',
    "traces": "\tat a(",
    "escapes": "\x1b[",
    "titles": "\x1b]",
    "wide": "\u4e2d",
    "accents": "\u00e9",
    "zero bytes": "\0",
    "half characters": "\ud800",
}
"""What is repeated, by what it is called."""
NAMES = tuple(f"{name}{form}" for name in PIECES for form in ("", ", alone", ", in long lines"))
"""Every pathological text by its name."""


def pathological(name: str, length: int) -> str:
    """The text of this name with `length` characters: one piece over and over, then something else; the same, and a
    newline; or lines of it."""
    piece_name, _, form = name.partition(", ")
    piece = PIECES[piece_name]
    if form == "in long lines":
        line = (piece.replace("\n", " ") * LINE)[: LINE - 1] + "\n"
        return (line * (length // LINE + 1))[:length]
    return (piece * (length // len(piece) + 1))[: length - 1] + ("\n" if form else "!")


def assert_linear(function: Callable[[str], object]) -> None:
    """Whatever stands in a text, `function` takes at most `RATIO` plain scans of it, and no more than `GROWTH` times as
    long for `TIMES` as much. The worst texts are found in a short form and tried in a long one."""
    found = sorted(((_ratio(function, pathological(name, SAMPLE)), name) for name in NAMES), reverse=True)
    assert found[0][0] < RATIO, f"{found[0][1]}: {found[0][0]:.0f} plain scans for {SAMPLE} characters"
    name = found[0][1]
    short, long = pathological(name, SHORT), pathological(name, TIMES * SHORT)
    took = _seconds(function, long)
    if took > STEADY_S:
        growth = took / _seconds(function, short)
        for _ in range(2):  # a busy machine may have held one of them up
            if growth >= GROWTH:
                growth = min(growth, _seconds(function, long) / _seconds(function, short))
        assert growth < GROWTH, f"{name}: {growth:.1f} times the time for {TIMES} times the text"
    if took > SLOW_S and not EXPLORE:
        return
    for _, name in found[:WORST]:
        ratio = _ratio(function, pathological(name, LENGTH), times=1)
        assert ratio < RATIO, f"{name}: {ratio:.0f} plain scans for {LENGTH} characters"


def _ratio(function: Callable[[str], object], text: str, times: int = 1) -> float:
    """How many plain scans it takes, by the best of `times`."""
    return min(_seconds(function, text) for _ in range(times)) / max(min(_seconds(_scan, text) for _ in range(3)), 1e-5)


def _seconds(function: Callable[[str], object], text: str) -> float:
    """The time of this thread on the processor, without that of the garbage collector."""
    gc.disable()
    try:
        begun = time.thread_time()
        function(text)
        return time.thread_time() - begun
    finally:
        gc.enable()


def _scan(text: str) -> int:
    """Looks at each character once."""
    count = 0
    for letter in text:
        count += letter == "\x01"
    return count
