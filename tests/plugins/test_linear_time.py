"""P11: what a stranger writes can not hold the interpreter: every text function of the stages takes linear time."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from penstock import Block, BlockKind, Message, Role, ToolOutput
from penstock.conversation.json_spans import Span
from penstock_plugins.common import margin, tool_calls
from penstock_plugins.common.tool_calls import ToolKind
from penstock_plugins.compaction import decisions, segment_parts, textrank
from penstock_plugins.learning.observe import observations_of
from penstock_plugins.learning.turn_record import TurnRecord
from penstock_plugins.memory import recall, turn_actions
from penstock_plugins.pruning import line_names, page, repack, repeats, reread
from penstock_plugins.tags import candidates, keywords
from penstock_plugins.tags.rules import TagRules
from penstock_plugins.tags.tag_vocabulary import Vocabulary
from penstock_plugins.trim import envelope, names, request_content, terminal
from penstock_plugins.trim.compress import compress
from penstock_plugins.trim.kinds import KINDS
from penstock_plugins.trim.output_kind import Kind, Sight
from tests.growth import assert_linear

pytestmark = pytest.mark.slow

LOOK = 2_000
"""Characters of a line that a kind of output is asked about."""


def trim(text: str, tool: str = "Bash") -> object:
    given = {"command": text, "new_string": text}
    return compress(ToolOutput(text[:1_000_000], tool=tool, input=given, question=text, aggressiveness="bold"))


def read_page(text: str) -> object:
    found = page.Page(text)
    return found.names, found.alike, found.by_part, found.failures, found.hunks(6), found.heads


def read_again(text: str) -> object:
    """The lines of a file that was read and written before."""
    lines = dict(enumerate(text.split("\n")))
    return reread.longest_runs(lines, [reread.Source(0, text[len(text) // 2 :]), reread.Source(1, text)])


def remembered(text: str) -> str:
    """What an agent did: a command with its failure, and a patch."""
    text = text.encode("utf-8", "replace").decode()
    found = turn_actions.TurnActions()
    used = {"kind": BlockKind.TOOL_USE, "tool_id": "a", "tool_name": "Bash", "text": json.dumps({"command": text})}
    patch = {"kind": BlockKind.TOOL_USE, "tool_id": "b", "tool_name": "apply_patch", "text": text}
    failed = {"kind": BlockKind.TOOL_RESULT, "tool_id": "a", "text": text, "is_error": True}
    found.see(Block(role=Role.USER, key=b"", span=Span(0, 0), **one) for one in (used, patch, failed))  # type: ignore[arg-type]
    return found.told()


def learned(text: str) -> object:
    """What a turn shows whose command, prompt and error are a stranger's."""
    text = text.encode("utf-8", "replace").decode()
    record = TurnRecord()
    used = {"kind": BlockKind.TOOL_USE, "tool_id": "a", "tool_name": "Bash", "text": json.dumps({"command": text})}
    failed = {"kind": BlockKind.TOOL_RESULT, "tool_id": "a", "text": text, "is_error": True}
    blocks = tuple(Block(role=Role.USER, key=b"", span=Span(0, 0), **one) for one in (used, failed))  # type: ignore[arg-type]
    record.follow([Message(Role.USER, blocks, b"", prompt=text)])
    return observations_of(record, text, [])


def seen_by(kind: Kind) -> Callable[[str], object]:
    """All that a kind of output does with a text: it knows it, and looks at its lines."""
    patterns = [pattern for pattern in (kind.keep, kind.noise, kind.answer) if pattern is not None]

    def look(text: str) -> object:
        lines = [line[:LOOK] for line in text.split("\n")]
        depths = [kind.depth(line) for line in lines] if kind.depth is not None else []
        return kind.matches(Sight(ToolOutput(text))), depths, [p.match(line) for line in lines for p in patterns]

    return look


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "trim": trim,
    "trim, an edit": lambda text: trim(text, "Edit"),
    "screen": terminal.screen,
    "fold": lambda text: terminal.fold(terminal.screen(text)),
    "learned": learned,
    "names": lambda text: [names.names_in(line) for line in text.split("\n")],
    "errors": lambda text: [names.is_error(line) or names.is_fault(line) for line in text.split("\n")],
    "what stands": lambda text: (request_content.names_of_text(text), request_content.lines_in(text)),
    "repack a file": lambda text: repack.repack(ToolKind.READ, text, {}),
    "repack an output": lambda text: repack.repack(ToolKind.RUN, text, {"command": text}),
    "repack a search": lambda text: repack.repack(ToolKind.SEARCH, text, {}),
    "page": read_page,
    "line names": line_names.names_in,
    "numbered lines": repeats.numbered,
    "a file read again": read_again,
    "a command": lambda text: tool_calls.shows_text(ToolKind.RUN, {"command": text}),
    "a command in a script": lambda text: tool_calls.files_of(ToolKind.RUN, {"input": f'cmd: "{text}'}),
    "a patch": lambda text: tool_calls.files_of(ToolKind.EDIT, {"patch": text}),
    "numbers before lines": lambda text: margin.margin_of(text.split("\n")),
    "an envelope": envelope.open_envelope,
    "runs of equal lines": envelope.without_runs,
    "an input": lambda text: tool_calls.decode(text.encode("utf-8", "replace").decode()),
    "sentences": textrank.split,
    "ranked sentences": lambda text: textrank.rank(textrank.split(text)),
    "decisions": decisions.is_decision,
    "record": lambda text: segment_parts.fit([(segment_parts.Speaker.AGENT, text)], 100),
    "candidates for tags": lambda text: list(candidates.candidates(text)),
    "keywords": lambda text: keywords.keywords(text, Vocabulary()),
    "broad question": TagRules().is_broad,
    "question of a time": lambda text: TagRules().is_temporal(text, 1e9),
    "split of a tag": lambda text: TagRules(splits=("a = a b",)).applied(["a"], text),
    "question": recall.is_question,
    "doings": remembered,
    **{f"kind: {kind.name}": seen_by(kind) for kind in KINDS},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_with_the_length_alone(name: str) -> None:
    """Unclosed tags, long runs of one sign, lines of blanks: compared with a plain scan of the same text."""
    assert_linear(FUNCTIONS[name])
