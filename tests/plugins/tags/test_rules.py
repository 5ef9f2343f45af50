"""What a person decides about tags: aliases, splits, and patterns of questions."""

from __future__ import annotations

import pytest

from penstock.base.errors import ProfileError
from penstock.testing import profile_of
from penstock_plugins.memory import stage
from penstock_plugins.tags.rules import TagRules
from penstock_plugins.tags.tagging import Tagging


@pytest.mark.parametrize("words", ["What did we decide so far?", "Give me an overview", "Please summarise the refunds"])
def test_broad_questions(words: str) -> None:
    """They ask for more than one thing."""
    assert TagRules().is_broad(words)


@pytest.mark.parametrize("words", ["What broke last week?", "When did we pin postgres?", "What did I say in May?"])
def test_temporal_questions(words: str) -> None:
    """They ask for what was at some time."""
    assert TagRules().is_temporal(words, 1_900_000_000.0)


@pytest.mark.parametrize("words", ["Fix the test", "It fails when the price is zero", "Add a button"])
def test_most_are_neither(words: str) -> None:
    """`when` alone does not ask for a time."""
    assert not TagRules().is_broad(words)
    assert not TagRules().is_temporal(words, 1_900_000_000.0)


def test_own_patterns_join_the_bundled_ones() -> None:
    """Or there are none: a switch turns each kind off."""
    rules = TagRules(broad_patterns=("(?i)lage der dinge",), temporal_patterns=("gestern",))
    assert rules.is_broad("Sag mir die Lage der Dinge")
    assert rules.is_broad("What did we decide so far?")
    assert rules.is_temporal("Was war gestern?")
    assert not TagRules(broad=False).is_broad("What did we decide so far?")
    assert not TagRules(temporal=False).is_temporal("What broke last week?")


def test_an_alias_stands_for_all_forms_of_a_tag() -> None:
    """Each tag once, in its place."""
    rules = TagRules(aliases=("test-cart = cart tests", "invoice=billing"))
    assert rules.applied(["test_cart", "glaze", "invoices", "billing"], "") == ["cart tests", "glaze", "billing"]


def test_a_split_goes_by_the_other_words_of_the_turn() -> None:
    """The first that fits; where none does, the tag stays."""
    rules = TagRules(splits=("checkpoint = checkpoint branch", "checkpoint = checkpoint format"))
    assert rules.applied(["checkpoint"], "the branches of a checkpoint") == ["checkpoint branch"]
    assert rules.applied(["checkpoint"], "a format for the checkpoint") == ["checkpoint format"]
    assert rules.applied(["checkpoint"], "delete the checkpoint") == ["checkpoint"]


def test_requests_turns_and_single_texts_go_by_them() -> None:
    """A tag that was replaced is not active."""
    tagging = Tagging(None, TagRules(aliases=("watermark = stamps",)), turns=6)
    assert tagging.of_request("the watermark", "p").primary == "stamps"
    assert tagging.of_text("the watermark", "p") == ("stamps",)
    assert tagging.of_turn("the watermark", "", "p", "c").primary == "stamps"
    assert tagging.active("c") == ("stamps",)


def test_a_turn_has_as_many_tags_as_a_person_wants() -> None:
    """At most; and at least so many where the tagger gives fewer and the words give more."""
    words = "The glaze of kiln.py and the watermark of the invoice: see ledger.py, refunds.py and mailer.py"

    class One:
        name = "one"

        def __call__(self, text: str, known: object) -> list[str]:
            return ["pottery"]

    assert len(Tagging(None, TagRules(most=3), turns=6).of_turn(words, "", "p", "c").names) == 3
    assert len(Tagging(None, TagRules(most=3), turns=6).of_request(words, "p").names) == 3
    assert Tagging(One(), TagRules(), turns=6).of_turn(words, "", "p", "c").names == ("pottery",)
    names = Tagging(One(), TagRules(least=4), turns=6).of_turn(words, "", "p", "c").names
    assert (names[0], len(names)) == ("pottery", 4)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("least = 9", "least = 9 is above most = 8"),
        ('aliases = ["watermark"]', "OLD = NEW"),
        ('splits = ["= x"]', "OLD = NEW"),
        ('broad_patterns = ["("]', "no regular expression"),
    ],
)
def test_what_cannot_be_read_stops_start_up(rule: str, said: str) -> None:
    """With the key and the reason."""
    with pytest.raises(ProfileError, match=rf"stage\.memory\.tags(\.{rule.split()[0]})?(.|\n)*{said}"):
        stage.stages(profile_of(f"[stage.memory.tags]\n{rule}"))
