"""An exchange as a JSON file."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from penstock.store.sql import SqlStore
from penstock_tui.exchange.reader import ExchangeReader, Wanted
from penstock_tui.exchange.save import write_new
from penstock_tui.log.log_model import LogModel
from tests.tui.logs import Log
from tests.tui.played import LISTING, SECRET, STUB, play


def test_everything_that_is_known_is_in_it(log: Log, tmp_path: Path) -> None:
    """Events as the log has them, blocks with their tokens both ways, edits with what became of them, both texts."""
    exchange = play(log, upto=5)[-1]
    model = LogModel()
    store = SqlStore(log.path, readonly=True)
    events = store.events_of(exchange)
    model.apply(store.events_after())
    store.close()
    row = model.row(exchange)
    assert row is not None
    path = tmp_path / "it.json"
    size = write_new(path, ExchangeReader(log.path).record(Wanted.of(row, model.earlier(row))))
    assert size == path.stat().st_size
    found = json.loads(path.read_text())
    assert found["exchange"] == exchange
    assert [(one["kind"], one["payload"]) for one in found["events"]] == [(e.kind, dict(e.payload)) for e in events]
    assert [(one["m"], one["role"]) for one in found["blocks"]][-1] == (4, "user")
    result = next(one for one in found["blocks"] if one["kind"] == "tool_result")
    assert result["tokens_sent"] < result["tokens"]
    assert [one["state"] for one in found["edits"]] == ["frozen"]
    assert [(one["before"], one["after"]) for one in found["diff"]] == [(LISTING, STUB)]


def test_no_secret_is_in_it(log: Log, tmp_path: Path) -> None:
    """Of an original, too."""
    exchange = play(log)[3]
    model = LogModel()
    store = SqlStore(log.path, readonly=True)
    model.apply(store.events_after())
    store.close()
    row = model.row(exchange)
    assert row is not None
    write_new(tmp_path / "it.json", ExchangeReader(log.path).record(Wanted.of(row, model.earlier(row))))
    assert SECRET not in (tmp_path / "it.json").read_text()


def test_it_is_the_owners_alone(tmp_path: Path) -> None:
    """It holds what people said."""
    write_new(tmp_path / "it.json", {})
    assert stat.S_IMODE((tmp_path / "it.json").stat().st_mode) == 0o600


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """Nor through a link."""
    there = tmp_path / "there.json"
    there.write_text("mine")
    (tmp_path / "link.json").symlink_to(tmp_path / "nowhere.json")
    for name in ("there.json", "link.json"):
        with pytest.raises(FileExistsError):
            write_new(tmp_path / name, {})
    assert there.read_text() == "mine"


def test_half_characters_can_be_saved(tmp_path: Path) -> None:
    """They come in broken tool output."""
    write_new(tmp_path / "it.json", {"text": "\ud800"})
    assert json.loads((tmp_path / "it.json").read_text()) == {"text": "\ud800"}
