"""What the demo knows of a block before a user's stage read it."""

from __future__ import annotations

from pathlib import Path

from penstock import Draft
from penstock.base import paths
from penstock.testing import assistant, call, conversation, draft_for, profile_of, results, user
from penstock_addons.demo.recorder import RECORD, RecordedTexts, recorder_of, stages


def _draft() -> Draft:
    return draft_for(conversation(user("look"), assistant(call("Read", path="a")), results("text of a")))


def test_records_what_earlier_stages_changed(penstock_home: Path) -> None:
    """Each text once, with the request in which it was first read; blocks that are as the client sent them are not
    recorded."""
    paths.make_private(paths.state_dir())
    (recorder,) = stages(profile_of(f'stages = ["envelope", "{recorder_of("mine")}", "mine"]'))
    recorder.on_request(_draft())
    draft = _draft().for_stage("earlier")
    draft.replace(draft.blocks()[-1], "shorter", reason="r")
    for _ in range(2):
        recorder.on_request(draft)
    record = paths.state_dir() / RECORD
    assert len(record.read_text(encoding="utf-8").splitlines()) == 1
    place = draft.exchange.identity.conversation, 2, 0
    found = RecordedTexts(record)
    assert found.before("mine", place, {draft.exchange.id}) == "shorter"
    assert found.before("mine", place, {"another"}) is None
    assert found.before("other", place, {draft.exchange.id}) is None
    assert draft.edits[-1].stage == "earlier"


def test_without_a_record_nothing_was_changed(tmp_path: Path) -> None:
    """No request was seen, or no stage ran before."""
    assert RecordedTexts(tmp_path / RECORD).before("mine", ("c", 0, 0), {"x"}) is None
