"""Tags: what a turn is about, in words that tell it from others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import ProfileError
from penstock.testing import profile_of
from penstock_plugins.tags.keywords import MOST, keywords
from penstock_plugins.tags.tag_vocabulary import LIMIT, WORDS, Vocabulary
from penstock_plugins.tags.tagging import KEPT, Tagging


class Says:
    """A tagger that always says the same, or fails."""

    name = "says"

    def __init__(self, *names: str) -> None:
        self.names, self.known = names, list[str]()

    def __call__(self, text: str, known: object) -> list[str]:
        self.known = list(known)  # type: ignore[call-overload]
        if not self.names:
            raise RuntimeError("no model")
        return list(self.names)


def test_names_errors_and_files_come_first() -> None:
    """They tell more than words; a path by its last part, a name in the spelling it has."""
    found = keywords("Fix the ValueError in shop/cart.py: parse_price gets a discount", Vocabulary())
    assert {"ValueError", "cart.py", "parse_price"} == set(found[:3])
    assert "discount" in found
    assert not {"the", "gets", "fix", "valueerror"} & set(found)


def test_what_every_turn_has_tells_little() -> None:
    """Rare in the project and frequent in the turn: that is a tag."""
    vocabulary = Vocabulary()
    for _ in range(20):
        vocabulary.learn(["invoice", "till"])
    assert keywords("the invoice of the till has a watermark", vocabulary)[0] == "watermark"


def test_what_a_text_repeats_does_not_tell_a_project() -> None:
    """A word that most turns have is common also where none was tagged with it."""
    vocabulary = Vocabulary()
    for _ in range(20):
        vocabulary.learn(["till"], ["invoice"])
    assert keywords("the invoice has an invoice number and a watermark", vocabulary) == ["watermark", "invoice"]


def test_what_is_asked_counts_more_than_the_answer() -> None:
    """A long answer drifts. What both name comes first."""
    answer = "Use a cache, with a lock."
    assert keywords("the cache or the lock", Vocabulary(), 1) == ["cache"]
    assert keywords("the lock", Vocabulary(), 1, answer) == ["lock"]


def test_words_that_stand_together_are_one_tag() -> None:
    """When they do so twice; their words are then no tags of their own."""
    found = keywords("My patent attorney is away. How do I find a patent attorney?", Vocabulary())
    assert found[0] == "patent attorney"
    assert not {"patent", "attorney"} & set(found)
    assert "patent attorney" not in keywords("My patent attorney is away.", Vocabulary())


@given(st.text(max_size=400))
def test_any_text_has_a_few_tags_each_once(text: str) -> None:
    """And none is blank."""
    found = keywords(text, Vocabulary())
    assert len(found) == len(set(found)) <= MOST
    assert all(name.strip() for name in found)


@pytest.mark.parametrize(
    ("used", "new", "is_same"),
    [
        ("refund", "refunds", True),
        ("test_cart", "test-cart", True),
        ("tokenizer", "tokeniser", True),
        ("port", "sport", False),
        ("step_1", "step_2", False),
        ("release-1.2", "release-1.3", False),
    ],
)
def test_two_spellings_are_one_tag(used: str, new: str, is_same: bool) -> None:
    """The one in use. Numbers tell things apart."""
    vocabulary = Vocabulary()
    vocabulary.learn([used])
    assert vocabulary.folded(new) == (used if is_same else new)


def test_a_vocabulary_is_bounded() -> None:
    """What is in use stays."""
    vocabulary = Vocabulary()
    for n in range(LIMIT + 10):
        vocabulary.learn([f"name_{n}", "common"])
    assert len(vocabulary.commonest(2 * LIMIT)) <= LIMIT
    assert vocabulary.commonest(1) == ["common"]


def test_the_words_of_a_project_are_bounded() -> None:
    """Those of most texts stay, and with them how rare they are."""
    vocabulary = Vocabulary()
    for n in range(10):
        vocabulary.learn([], ["common", *(f"word_{n}_{i}" for i in range(WORDS // 5))])
    rarity = vocabulary.rarity(["common", "word_0_1", "never"])
    assert rarity["common"] < 0.5
    assert rarity["never"] == 1
    assert len(vocabulary._words) <= WORDS


def test_the_tags_of_the_last_turns_are_active() -> None:
    """Of each conversation by itself, until its history is gone."""
    tagging = Tagging(turns=3)
    for n in range(5):
        tagging.of_turn(f"about watermark_{n}", "", "p", "c")
    assert tagging.active("c") == ("watermark_4", "watermark_3", "watermark_2")
    assert tagging.active("d") == ()
    assert len(tagging.reset("c", KEPT)) == 5
    assert tagging.active("c") == ()


def test_no_turn_may_be_active() -> None:
    """With `active_turns = 0` nothing is left out for its tags."""
    tagging = Tagging(turns=0)
    tagging.of_turn("about watermark_1", "", "p", "c")
    assert tagging.active("c") == ()


def test_as_many_turns_are_known_as_may_be_active() -> None:
    """The greatest value of the setting is kept whole."""
    with pytest.raises(ProfileError, match="active_turns"):
        profile_of(f"[memory]\nactive_turns = {KEPT + 1}")
    assert profile_of(f"[memory]\nactive_turns = {KEPT}").memory.active_turns == KEPT


def test_a_tagger_of_choice_is_asked_when_a_turn_is_complete() -> None:
    """It is told which tags are in use, and what it says is folded into them. A request does not wait for it."""
    says = Says("Invoices", "invoice", " watermark ")
    tagging = Tagging(says, turns=6)
    tagging.vocabulary("p").learn(["invoice"])
    assert tagging.of_turn("a", "b", "p", "c").names == ("invoice", "watermark")
    assert says.known == ["invoice"]
    assert tagging.of_request("the watermark of the price", "p").primary == "watermark"


def test_where_it_fails_the_words_do(caplog: pytest.LogCaptureFixture) -> None:
    """P1: a tagger costs nobody a turn."""
    assert "watermark" in Tagging(Says(), turns=6).of_turn("the watermark", "", "p", "c").names
    assert "no model" in caplog.text
