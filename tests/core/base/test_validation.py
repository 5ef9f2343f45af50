"""Tables of a profile as models: nothing is taken for what it is not, and every fault is told."""

from __future__ import annotations

import datetime
import re
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from penstock.base.errors import ProfileError
from penstock.base.validation import validate_table


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    drop: re.Pattern[str] | None = None


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    late: bool = True
    lines: int = Field(default=4, ge=0)
    share: float | None = None
    setting: Literal["safe", "bold"] = "safe"
    off: tuple[str, ...] = ()
    inner: Inner = Inner()
    rules: dict[str, tuple[Inner, ...]] = {}
    more: dict[str, Any] = {}

    @field_validator("lines")
    @classmethod
    def _is_even(cls, lines: int) -> int:
        if lines % 2:
            raise ValueError("an even number was expected")
        return lines


def test_what_is_right_is_taken_as_it_is() -> None:
    """Lists for tuples, tables for models, a whole number where any will do, a date as a date."""
    day = datetime.date(2026, 1, 31)
    table = {"late": False, "share": 1, "off": ["a"], "rules": {"x": [{"drop": "a+"}]}, "more": {"since": day}}
    found = validate_table(Table, table, "here: ")
    assert (found.late, found.share, found.off, found.more) == (False, 1.0, ("a",), {"since": day})
    assert found.rules["x"][0].drop == re.compile("a+")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"late": "yes"}, "late = 'yes': true or false was expected"),
        ({"late": 1}, "late = 1: true or false was expected"),
        ({"lines": "4"}, "lines = '4': a whole number was expected"),
        ({"lines": True}, "lines = True: a whole number was expected"),
        ({"lines": -2}, "lines = -2: it should be greater than or equal to 0"),
        ({"lines": 3}, "lines = 3: an even number was expected"),
        ({"share": "half"}, "share = 'half': a number was expected"),
        ({"setting": "brave"}, "setting = 'brave': 'safe' or 'bold' was expected"),
        ({"off": "a"}, "off = 'a': a list was expected"),
        ({"off": [7]}, "off.0 = 7: a string was expected"),
        ({"inner": 3}, "inner = 3: a table was expected"),
        ({"latte": True}, "latte: there is no such key. Did you mean 'late'?"),
        ({"inner": {"drp": "a"}}, "inner.drp: there is no such key. Did you mean 'drop'?"),
        ({"rules": {"x": [{"drp": "a"}]}}, "rules.x.0.drp: there is no such key. Did you mean 'drop'?"),
    ],
)
def test_what_is_wrong_is_told(table: dict[str, Any], said: str) -> None:
    """The place, the key, the value, what was expected, the nearest key."""
    with pytest.raises(ProfileError) as caught:
        validate_table(Table, table, "mine.toml: stage.x.")
    assert str(caught.value) == f"mine.toml: stage.x.{said}"


def test_all_that_is_wrong_is_told_at_once() -> None:
    """A line each."""
    with pytest.raises(ProfileError) as caught:
        validate_table(Table, {"late": 1, "lins": 2}, "here: ")
    assert [line.partition(" ")[2][:4] for line in str(caught.value).splitlines()] == ["late", "lins"]
