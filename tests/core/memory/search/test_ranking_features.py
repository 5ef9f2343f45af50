"""What ranking knows of a message besides its words: what it answers, instructs and repeats."""

from __future__ import annotations

import pytest

from penstock.memory import Item, Memory
from penstock.memory.search.search import Ranked, rank
from penstock.memory.search.text_features import NAMES, traits_of
from penstock.memory.search.weights import WEIGHTS

TALK = ("We painted the fence.", "It rained all week.", "The shed needs a new roof.", "I bought nails and a saw.")


def ranked(memory: Memory, said: list[tuple[str, str]], question: str) -> tuple[list[str], Ranked]:
    """The texts in the order of a search."""
    memory.add([Item("p", text, session="s", seq=n, role=role) for n, (role, text) in enumerate(said)])
    view = memory.view("p")
    assert view is not None
    found = rank(view, question, None, WEIGHTS)
    texts = {item.id: item.text for item in memory.newest("p")}
    return [texts[int(view.layout.ids[row])] for row in found.rows], found


def test_an_instruction_is_found_for_a_request_that_shares_no_word_with_it(file_memory: Memory) -> None:
    """It is for what comes later, and may name only the kind of request."""
    rule = "Always name the licence when I ask about libraries."
    said = [("user", rule), *(("user", text) for text in TALK)]
    texts, found = ranked(file_memory, said, "Which parser should we take for the invoices?")
    assert texts[0] == rule
    assert found.signals["request_rule"].tolist() == [1, 0, 0, 0, 0]


def test_an_instruction_says_nothing_about_what_was(file_memory: Memory) -> None:
    """A question about the past is not a request."""
    said = [("user", "Always name the licence when I ask about libraries."), ("user", TALK[0])]
    _, found = ranked(file_memory, said, "What did I say about the parser?")
    assert not found.signals["request_rule"].any()


@pytest.mark.parametrize(
    ("text", "is_rule"),
    [
        ("From now on, never push to main.", True),
        ("Please always use tabs.", True),
        ("Use metric units whenever I ask for a distance.", True),
        ("It is always raining there.", False),
        ("I have never seen it.", False),
        ("Always " + "so " * 80, False),
    ],
)
def test_what_an_instruction_is(text: str, is_rule: bool) -> None:
    """At the beginning of a short message, or by what it is for."""
    assert bool(traits_of(text)[NAMES.index("rule")]) is is_rule


def test_an_answer_is_known_by_its_question(file_memory: Memory) -> None:
    """It may have none of the words itself; other neighbours of the question are no answers."""
    said = [
        ("ada", TALK[1]),
        ("bob", "What is the name of your dog?"),
        ("ada", "Biscuit, since May."),
        ("bob", TALK[0]),
    ]
    texts, found = ranked(file_memory, said, "the name of the dog")
    assert [bool(value) for value in found.signals["answers_meaning"]] == [
        text == "Biscuit, since May." for text in texts
    ]
    assert texts[:2] == ["What is the name of your dog?", "Biscuit, since May."]


def test_a_reply_that_repeats_comes_after_what_it_repeats(file_memory: Memory) -> None:
    """The person's words are what was looked for; and an assistant's reply to a question is no news."""
    said = [("user", "Does the kiln run at 900 degrees?"), ("assistant", "Good: the kiln runs at 900 degrees then.")]
    texts, found = ranked(file_memory, said, "how many degrees does the kiln have")
    assert texts[0] == said[0][1]
    assert not found.signals["answers_meaning"].any()


def test_a_preference_is_found_for_a_new_request(file_memory: Memory) -> None:
    """And not for a question about what is so."""
    said = [("user", "I prefer libraries without dependencies."), *(("user", text) for text in TALK)]
    texts, found = ranked(file_memory, said, "Which parser should we take for the invoices?")
    assert texts[0] == said[0][1]
    assert found.signals["request_preference"].tolist() == [1, 0, 0, 0, 0]
    _, found = ranked(file_memory, [], "Which parser did we take for the invoices?")
    assert not found.signals["request_preference"].any()


def test_a_summary_draws_on_several_sessions(file_memory: Memory) -> None:
    """What another session says comes before much that one session says about the subject."""
    much = [f"The pump in hall {n} was repaired in spring, and the pump runs." for n in range(24)]
    file_memory.add([Item("p", text, session="a", seq=n, role="user") for n, text in enumerate(much)])
    file_memory.add([Item("p", "A pump was ordered.", session="b", seq=0, role="user")])
    file_memory.add([Item("p", "Dry cellar since.", session="b", seq=1, role="user")])
    asked = {"Give me a summary of the pump.": True, "Where is the pump?": False}
    at = {}
    for question, is_spread in asked.items():
        hits = file_memory.search(question, "p", limit=40).hits
        at[is_spread] = [hit.item.text for hit in hits].index("Dry cellar since.")
    assert at[True] < at[False]


def test_words_count_by_how_rare_all_of_them_are(file_memory: Memory) -> None:
    """All of a question of many rare words tells more than all of one with few. Below a bound they count no less, and
    above one no more: a long text is no question."""
    rare = ["glazing", "kiln", "pyrometer", "cone", "shelf", "thermocouple", *(f"batch{n}" for n in range(20))]
    said = [("user", " ".join(rare)), *(("user", text) for text in TALK)]
    of = {}
    for count in (1, 2, 6, 12, 26):
        _, found = ranked(file_memory, said if count == 1 else [], " ".join(rare[:count]))
        of[count] = float(found.signals["meaning"][0])
        assert found.signals["overlap"][0] == pytest.approx(1)
    assert of[1] == pytest.approx(of[2]) == pytest.approx(0.75)
    assert of[2] < of[6] < of[12]
    assert of[26] == pytest.approx(2)


def test_messages_that_stand_together_are_read_together(file_memory: Memory) -> None:
    """What a question asks may be said in several messages. Those of another session are not beside them."""
    file_memory.add(
        [
            Item("p", "The glazing is delayed.", session="a", seq=0, role="ada"),
            Item("p", "Until the pyrometer arrives.", session="a", seq=1, role="bob"),
            Item("p", "A pyrometer was sold.", session="b", seq=0, role="ada"),
        ]
    )
    texts, found = ranked(file_memory, [], "glazing pyrometer")
    together = dict(zip(texts, found.signals["together_meaning"].tolist(), strict=True))
    assert together["The glazing is delayed."] == pytest.approx(together["Until the pyrometer arrives."])
    assert together["A pyrometer was sold."] < together["Until the pyrometer arrives."]


def test_a_session_counts_as_a_whole(file_memory: Memory) -> None:
    """Its messages share what it says about the question in sum: where it is the subject, all of them rank higher."""
    for session, count in (("a", 3), ("b", 1)):
        told = [f"The kiln was fired again, batch {n}." if n < count else TALK[n] for n in range(4)]
        file_memory.add([Item("p", f"{text} {session}", session=session, seq=n) for n, text in enumerate(told)])
    texts, found = ranked(file_memory, [], "Which batch was in the kiln?")
    for signal in ("session_sum", "session_vector"):
        values = list(zip(texts, found.signals[signal].tolist(), strict=True))
        first, second = ({round(value, 5) for text, value in values if text.endswith(name)} for name in "ab")
        assert len(first) == len(second) == 1
        assert signal == "session_vector" or max(first) > max(second) > 0
