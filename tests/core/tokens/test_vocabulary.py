"""A vocabulary is used when its file is there and is the published one; nothing is ever fetched to count."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import VocabularyError
from penstock.tokens.vocabulary import KNOWN, Tokenizer, find, folders, install_folder, load, own_folder, read_verified
from tests.vocabularies import TINY, TINY_FILE, put, tiny

O200K = TINY["o200k_base"]


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_of_a_vocabulary_is_what_tiktoken_publishes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address, checksum and pattern are those of the installed tiktoken, so that its cache serves both."""
    public = pytest.importorskip("tiktoken_ext.openai_public")
    asked: list[tuple[str, str]] = []

    def ranks(url: str, expected_hash: str) -> dict[bytes, int]:
        asked.append((url, expected_hash))
        return {}

    monkeypatch.setattr(public, "load_tiktoken_bpe", ranks)
    assert public.ENCODING_CONSTRUCTORS[name]()["pat_str"] == KNOWN[name].pattern
    assert asked == [(KNOWN[name].url, KNOWN[name].sha256)]


def test_the_file_has_the_name_that_tiktoken_gives_it() -> None:
    """The SHA-1 of the address, as in `tiktoken/load.py`."""
    assert KNOWN["o200k_base"].file_name == "fb374d419588a4632f3f557e76b4b70aebbca790"
    assert KNOWN["cl100k_base"].file_name == "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"


def test_a_vocabulary_is_looked_for_where_tiktoken_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First where the environment says, then in Penstock's own folder, then in tiktoken's default."""
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR")
    default = Path(tempfile.gettempdir()) / "data-gym-cache"
    assert folders() == [own_folder(), default]
    monkeypatch.setenv("DATA_GYM_CACHE_DIR", str(tmp_path / "gym"))
    assert folders() == [tmp_path / "gym", own_folder()]
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "tik"))
    assert folders() == [tmp_path / "tik", own_folder()]
    assert install_folder() == tmp_path / "tik"
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert folders() == [own_folder()] == [install_folder()]


def test_only_a_file_is_found(tmp_path: Path) -> None:
    """A folder of that name is none; the first of the folders that has the file counts."""
    (tmp_path / "a" / O200K.file_name).mkdir(parents=True)
    assert find(O200K, [tmp_path / "a", tmp_path / "none"]) is None
    path = put(tmp_path / "b")
    put(tmp_path / "c")
    assert find(O200K, [tmp_path / "a", tmp_path / "b", tmp_path / "c"]) == path
    assert find(O200K) is None


def test_a_file_that_is_not_the_published_one_is_not_used(tmp_path: Path) -> None:
    """The error names the file, both checksums and the command that mends it; the file stays."""
    path = put(tmp_path, data=TINY_FILE[:-20])
    with pytest.raises(VocabularyError) as e:
        load(O200K, path)
    assert all(word in str(e.value) for word in (str(path), O200K.sha256, "penstock tokens install o200k_base"))
    assert path.is_file()
    with pytest.raises(VocabularyError, match="cannot be read from"):
        read_verified(O200K, tmp_path / "none")
    with pytest.raises(VocabularyError, match="cannot be read from"):
        load(O200K, tmp_path / "none")


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"aGVsbG8= 0\nnonsense\n", "line 2"), (b"!! 0\n", "line 1"), (b"aGVsbG8= 0\n", "not every byte"), (b"", "byte")],
)
def test_a_file_that_is_no_vocabulary_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    """Even with the right checksum: the line is named."""
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(VocabularyError, match=said):
        load(tiny(data=data), path)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return load(O200K, put(tmp_path_factory.mktemp("vocabulary")))


def test_words_of_the_vocabulary_are_one_token(tokenizer: Tokenizer) -> None:
    """And what it does not have is counted by its bytes."""
    assert tokenizer.count("hello world") == 2
    assert tokenizer.count("zzz") == 3
    assert tokenizer.count("") == 0
    assert tokenizer.name == "o200k_base"


def test_special_tokens_in_a_text_are_plain_text(tokenizer: Tokenizer) -> None:
    """A text that quotes one neither fails nor becomes one token."""
    assert tokenizer.count("<|endoftext|>") > 5


class Slow(Tokenizer):
    """Small pieces."""

    def __init__(self, whole: Tokenizer, piece: int) -> None:
        super().__init__(whole.name, whole._encoding, piece)


words = st.lists(st.sampled_from(("hello", "world", "the", "x,", "y.\n\nz", "(a)\n", "été", "42")), max_size=60)


@given(words=words, piece=st.integers(20, 60))
def test_a_long_text_counts_as_the_whole_does(tokenizer: Tokenizer, words: list[str], piece: int) -> None:
    """Pieces end before a blank, where no word of the vocabulary is cut."""
    text = " ".join(words)
    assert Slow(tokenizer, piece).count(text) == tokenizer.count(text)


@given(text=st.text(max_size=300), piece=st.integers(1, 50))
def test_any_text_is_counted(tokenizer: Tokenizer, text: str, piece: int) -> None:
    """Whatever it holds, lone surrogates too; pieces that cut a word add tokens, and take none away."""
    assert Slow(tokenizer, piece).count(text) >= 0
    assert tokenizer.count(text + "\ud800") > 0


@pytest.mark.parametrize("character", [" ", "\n", "\t", "a", "A", "é", "́", "'", "漢", "🙂", "　", "\r", "=", "1"])
def test_a_long_run_of_one_character_is_counted(tokenizer: Tokenizer, character: str) -> None:
    """tiktoken alone gives up on a run of blanks."""
    assert tokenizer.count(character * 150_000) > 0


def test_a_deadline_ends_the_count(tokenizer: Tokenizer) -> None:
    """It is asked before each piece."""
    asked: list[bool] = []

    def is_late() -> bool:
        asked.append(len(asked) == 2)
        return asked[-1]

    with pytest.raises(TimeoutError, match="1,000 characters"):
        Slow(tokenizer, 100).count("hello worl" * 100, is_late)
    assert asked == [False, False, True]


def test_tiktoken_is_never_asked_to_find_a_vocabulary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would download one that is missing, without a time limit."""
    tiktoken = pytest.importorskip("tiktoken")

    def refuse(*_: Any) -> None:
        raise AssertionError("tiktoken was asked")

    monkeypatch.setattr(tiktoken, "get_encoding", refuse)
    monkeypatch.setattr("tiktoken.load.read_file_cached", refuse)
    assert load(O200K, put(tmp_path)).count("hello") == 1
