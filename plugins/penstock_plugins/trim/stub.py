"""`write`: the text of a cut tool output: a head with its kind and size, the kept lines, at each gap its length and up
to 20 names that were in it, and how to get the rest. `some_numbers`: an output that is not cut, with fewer line
numbers; `lean_numbers`: one with shorter ones."""

from __future__ import annotations

from collections.abc import Sequence

from penstock_plugins.common.margin import MARGIN
from penstock_plugins.trim.choose import Choice
from penstock_plugins.trim.names import is_error
from penstock_plugins.trim.output_kind import Kind, Line

__all__ = ["lean_numbers", "some_numbers", "write"]

_TOLD = 20
"""Names that are told of one hole."""


def _told(names: Sequence[str]) -> str:
    """The names in a gap; of many, the first ones, as a list of hundreds says nothing."""
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return " ".join(names[:_TOLD]) + more


def some_numbers(lines: Sequence[Line], kind: Kind, every: int) -> list[str]:
    """The lines with each `every`-th line number, those at a jump, those of definitions and errors, and no others. All
    numbers where a line could then be mistaken for one with a number."""
    if any(line.margin and MARGIN.match(line.text) for line in lines):
        return [str(line) for line in lines]
    out: list[str] = []
    before = 0
    for line in lines:
        number = line.number
        bare = (
            number == before + 1
            and number % every
            and not line.must
            and not (kind.keep and kind.keep.match(line.text))
            and not is_error(line.text)
        )
        out.append(line.text if bare else str(line))
        before = number
    return out


def lean_numbers(lines: Sequence[Line], every: int) -> list[str]:
    """The lines without the numbers of blank ones, except each `every`-th and those at a jump, and with a tab behind a
    number where the client has an arrow. As they are where a line could then be mistaken for one with a number."""
    if any(line.margin and MARGIN.match(line.text) for line in lines):
        return [str(line) for line in lines]
    out: list[str] = []
    before = 0
    for line in lines:
        number = line.number
        is_bare = number == before + 1 and number % every and not line.text.strip()
        out.append(line.text if is_bare else line.margin.replace("→", "\t") + line.text)
        before = number
    return out


def write(
    lines: Sequence[Line], choice: Choice, kind: Kind, said: Sequence[str], total: int, back: str, every: int
) -> str:
    """The kept lines below one that says what is missing. `…n` stands for n lines and lists the names in them that are
    nowhere else. Where lines have numbers, a jump shows how many are missing, and consecutive lines may lose theirs,
    except each `every`-th."""
    shown = {name for index in choice.keep for name in choice.names[index]}
    out: list[str] = []
    inside: list[str] = []
    hole = left = 0
    for index, line in enumerate(lines):
        if index not in choice.keep:
            hole += line.told
            inside += dict.fromkeys(name for name in choice.names[index] if name not in shown)
            shown.update(choice.names[index])
            continue
        if hole and not line.margin:
            out.append(": ".join(filter(None, (f"…{hole}", _told(inside)))))
        elif inside:
            out.append(f"… {_told(inside)}")
        first = hole > 0 or not out
        left += hole
        hole, inside = 0, []
        bare = line.margin and not first and not line.must and line.number % every
        out.append(line.text if bare else str(line))
    size = f"{total - left} of {total} lines"
    head = f"[{kind.name}: {size}; … for gaps and the names in them; {back}]"
    return "\n".join([head, *(f"[{sentence}]" for sentence in said), *out])
