"""Tool outputs are indexed whole, once, apart for each project, and until they are too old or too much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.memory.chunks import chunks
from penstock.memory.clean import sanitize
from penstock.outputs.output import Output
from penstock.outputs.store import CHUNK_TOKENS, OVERLAP_TOKENS, OutputIndex
from penstock.store.originals import RetentionPolicy

LOG = "\n".join([f"step {n} was done" for n in range(4000)] + ["the kiln exploded at 1,200 degrees"])


@pytest.fixture
def index(tmp_path: Path) -> Iterator[OutputIndex]:
    opened = OutputIndex.beside(tmp_path / "penstock.db")
    yield opened
    opened.close()


def add(index: OutputIndex, text: str, project: str = "pottery", at: float = 1.0, **more: str) -> bool:
    return index.add(Output(text, project, "Bash make", at, **more), sanitize)


def found(index: OutputIndex, question: str, project: str = "pottery") -> list[str]:
    return [hit.text for hit in index.search(project, question, limit=5)]


def test_a_long_output_is_found_to_its_end(index: OutputIndex) -> None:
    """With where it stands, so that `expand` can show what is around it."""
    add(index, LOG)
    [hit] = index.search("pottery", "kiln", limit=1)
    assert "the kiln exploded" in hit.text
    assert hit.lines == (3999, 4001)
    assert (hit.source, hit.found_by) == ("Bash make", ("stems",))
    assert index.counts("pottery").chunks > 5


def test_the_same_content_is_there_once_for_all_agents(index: OutputIndex) -> None:
    for number in range(3):
        assert add(index, LOG, at=number, conversation=f"agent {number}")
    assert index.counts("pottery").outputs == 1
    assert len(found(index, "exploded")) == 1


def test_a_project_sees_nothing_of_another(index: OutputIndex) -> None:
    """Not its texts, and not how its words are spelled."""
    add(index, LOG)
    add(index, "a plain text", project="garden")
    assert found(index, "exploded", "garden") == found(index, "exploted", "garden") == []
    assert found(index, "exploded", "unknown") == []


def test_an_account_that_names_the_project_of_another_has_its_own(index: OutputIndex) -> None:
    add(index, LOG, owner="first")
    add(index, "the secret glaze", owner="second")
    assert found(index, "glaze") == []
    assert len(found(index, "glaze", "pottery (account second)")) == 1


def test_credentials_are_not_written(index: OutputIndex, tmp_path: Path) -> None:
    """What was redacted is neither in the text nor in the words, nor in the input of the tool."""
    secret = "sk-ant-api03-" + "aB3dE6gH9jK2mN5pQ8sT" * 3
    add(index, f"export ANTHROPIC_API_KEY={secret}\nthe kiln is hot\n")
    index.add(Output("the rake is hot", "pottery", f"Bash curl -H 'authorization: Bearer {secret}'", 1.0), sanitize)
    assert secret not in found(index, "kiln")[0]
    [hit] = index.search("pottery", "rake", limit=1)
    assert hit.source.startswith("Bash curl")
    assert secret not in hit.source
    index.close()
    assert secret.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_what_is_old_is_deleted(index: OutputIndex) -> None:
    """Unless it came again since."""
    for text in ("the first kiln", "the second kiln"):
        add(index, text, at=100.0)
    add(index, "the second kiln", at=200.0)
    assert index.prune(RetentionPolicy(since=150.0)) == 1
    assert found(index, "kiln") == ["the second kiln"]
    assert index.counts("pottery").oldest == 200.0


def test_beyond_the_limit_the_oldest_are_deleted(index: OutputIndex) -> None:
    for number in range(5):
        add(index, f"kiln {number} " + "x" * 92, at=float(number))
    assert index.prune(RetentionPolicy(size=250)) == 3
    assert sorted(text[:6] for text in found(index, "kiln")) == ["kiln 3", "kiln 4"]


def test_a_deleted_conversation_takes_its_outputs_along(index: OutputIndex) -> None:
    """Those that no other conversation had."""
    add(index, "the shared kiln", conversation="one")
    add(index, "the shared kiln", conversation="two")
    add(index, "the lonely kiln", conversation="one")
    assert index.forget_conversations(["one"]) == 1
    assert found(index, "kiln") == ["the shared kiln"]


@pytest.mark.parametrize("text", ["", "  \n ", "half \ud800 kiln", "a \0 kiln"])
def test_odd_texts_harm_nothing(index: OutputIndex, text: str) -> None:
    assert add(index, text) == bool(text.strip())
    assert len(found(index, "kiln")) == ("kiln" in text)
    assert index.prune(RetentionPolicy(since=9.0)) == bool(text.strip())


def test_without_a_project_nothing_is_indexed(index: OutputIndex) -> None:
    assert not add(index, LOG, project="")


LINES = st.sampled_from(["# Heading", "```python", "```", "", "a line of a log " * 20, "x" * 3000, "word"])


@given(st.lists(LINES, min_size=20, max_size=200))
def test_no_text_is_lost_and_code_stays_whole(lines: list[str]) -> None:
    """Each chunk has at most 2,048 tokens of four characters; a block of code that fits stands in one."""
    block = "```text\n" + "\n".join(f"print({n})" for n in range(300)) + "\n```\n"
    text = "\n".join(line for line in lines if not line.startswith("```")) + "\n" + block + "\n".join(lines)
    spans = chunks(text, CHUNK_TOKENS, OVERLAP_TOKENS)
    covered = {i for first, last in spans for i in range(first, last)}
    assert all(i in covered for i, letter in enumerate(text) if not letter.isspace())
    assert all(last - first <= 4 * CHUNK_TOKENS for first, last in spans)
    assert any(block in text[first:last] for first, last in spans)
