"""What the provider's counts teach about our estimates."""

from __future__ import annotations

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.tokens.calibration import LEAST, MODELS, MOST, Calibration

NAME = ("anthropic", "m1")
SIZES = st.integers(0, 2_000_000)
ANSWERS = st.lists(
    st.tuples(st.sampled_from(["m1", "m2"]), st.sampled_from(["", "one", "two"]), SIZES, SIZES), max_size=30
)


def taught(*answers: tuple[str, str, int, int]) -> Calibration:
    """Model, conversation, estimate and count of each answer."""
    made = Calibration()
    for model, conversation, estimated, counted in answers:
        made.learn("anthropic", model, conversation, estimated, counted)
    return made


def test_before_an_answer_an_estimate_is_one() -> None:
    """And is said to be one."""
    assert Calibration().count(*NAME, "one", 1000) == (1000, "estimated")


def test_a_model_is_known_by_one_answer() -> None:
    """In other conversations too."""
    made = taught(("m1", "one", 1000, 1300))
    assert made.count(*NAME, "two", 2000) == (2600, "calibrated")


def test_the_providers_other_models_are_the_better_guess() -> None:
    """Which is all it is."""
    made = taught(("m1", "one", 1000, 1300))
    assert made.count("anthropic", "m2", "one", 2000) == (2600, "estimated")
    assert made.count("openai", "m1", "one", 2000) == (2000, "estimated")


def test_a_conversation_goes_on_from_what_was_counted() -> None:
    """Its head is exact however odd, and only what came since is estimated."""
    made = taught(("m1", "one", 10_000, 20_000), *[("m1", f"other {n}", 1000, 1000) for n in range(50)])
    assert made.count(*NAME, "one", 10_000) == (20_000, "calibrated")
    assert made.count(*NAME, "one", 10_100).tokens == pytest.approx(20_100, abs=10)


def test_a_conversation_has_a_density_of_its_own() -> None:
    """Learned from how it grew."""
    made = taught(*[("m1", "one", 50_000 + 10_000 * n, 50_000 + 7000 * n) for n in range(10)])
    assert made.count(*NAME, "one", 240_000).tokens == pytest.approx(50_000 + 7000 * 19, rel=0.03)


def test_a_step_that_is_no_growth_teaches_none() -> None:
    """A history cut by the server, or text that was not seen."""
    steps = [("m1", "one", 50_000, 50_000), ("m1", "one", 51_000, 80_000)]
    assert taught(*steps).count(*NAME, "one", 61_000).tokens == pytest.approx(90_000, rel=0.05)


def test_what_was_cut_is_counted_in_proportion() -> None:
    """After a compaction, little stands between the head and the end."""
    assert taught(("m1", "one", 100_000, 120_000)).count(*NAME, "one", 20_000).tokens == 24_000


def test_another_model_counts_by_its_own_vocabulary() -> None:
    """What the last one counted says nothing of it."""
    made = taught(("m1", "one", 1000, 2000), ("m2", "two", 1000, 1000))
    assert made.count("anthropic", "m2", "one", 1000) == (1000, "calibrated")


@pytest.mark.parametrize(("estimated", "counted"), [(0, 5), (5, 0), (-4, 5), (1000, 100), (1000, 9000), (5, -5)])
def test_nonsense_teaches_nothing(estimated: int, counted: int) -> None:
    """A server that reuses its cache counts what is new alone."""
    made = taught(("m1", "one", estimated, counted))
    assert made.facts() == {}
    assert made.count(*NAME, "one", 77) == (77, "estimated")


def test_what_changes_is_learned_again() -> None:
    """A model's vocabulary may, under the same name."""
    answers = [("m1", "", 1000, 1000)] * 100 + [("m1", "", 1000, 1500)] * 40
    assert taught(*answers).count(*NAME, "new", 1000).tokens == pytest.approx(1500, rel=0.01)


def test_one_odd_answer_does_not_spoil_what_is_known() -> None:
    """It counts for an eighth."""
    made = taught(*[("m1", "", 1000, 1000)] * 20, ("m1", "", 1000, 4900))
    assert made.count(*NAME, "new", 1000).tokens < 1250


def test_a_call_of_a_few_words_says_little_of_a_model() -> None:
    """A quota check is mostly what holds it together."""
    made = taught(("m1", "", 1000, 1000), *[("m1", "", 20, 8)] * 10)
    assert made.count(*NAME, "new", 1000).tokens == pytest.approx(1000, rel=0.2)
    assert taught(("m1", "", 20, 8)).count(*NAME, "new", 1000) == (400, "calibrated")


def test_changes_are_told_once() -> None:
    """So that saving costs what is new."""
    made = taught(("m1", "one", 1000, 1300), ("m2", "one", 1000, 1300))
    assert set(made.changed()) == set(made.facts()) != set()
    assert made.changed() == {}
    made.learn(*NAME, "one", 1000, 1300)
    assert list(made.changed()) == [json.dumps(NAME)]


def test_models_and_conversations_are_bounded() -> None:
    """The oldest go (P14), and the store is told."""
    made = Calibration(limit=2)
    for n in range(MODELS + 1):
        made.learn("anthropic", f"m{n}", f"c{n}", 1000, 2000)
    assert len(made.facts()) == MODELS
    assert made.changed()[json.dumps(["anthropic", "m0"])] is None
    last = f"m{MODELS}"
    for conversation in ("a", "b", "c"):
        made.learn("anthropic", last, conversation, 1000, 4000)
    assert made.gauge("anthropic", last, "a").estimated == 0
    assert made.gauge("anthropic", last, "c").counted == 4000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("no JSON", {"ratio": 1.0, "answers": 1}),
        ('["one"]', {"ratio": 1.0, "answers": 1}),
        ("7", {"ratio": 1.0, "answers": 1}),
        ('["a", "b"]', {}),
        ('["a", "b"]', {"ratio": "much", "answers": 1}),
        ('["a", "b"]', {"ratio": 99.0, "answers": 1}),
        ('["a", "b"]', {"ratio": float("nan"), "answers": 1}),
        ('["a", "b"]', {"ratio": 1.0, "answers": None}),
    ],
)
def test_what_can_not_be_read_is_left_out(key: str, value: dict[str, object]) -> None:
    """A damaged fact stops nothing."""
    assert Calibration({key: value}).facts() == {}


def test_any_thread_may_call() -> None:
    """Nothing is lost or raised."""
    made = Calibration()

    def work(n: int) -> None:
        for k in range(200):
            made.learn("anthropic", f"m{n}", f"c{k % 7}", 1000 + k, 1300 + k)
            made.count("anthropic", f"m{n}", f"c{k % 7}", 1000)
            made.changed()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made.facts()) == 4


@given(ANSWERS, SIZES)
def test_a_count_is_bounded_by_its_estimate(answers: list[tuple[str, str, int, int]], estimated: int) -> None:
    """Never below zero, never wild, whatever was learned."""
    made = taught(*answers)
    for conversation in ("", "one", "new"):
        tokens = made.count(*NAME, conversation, estimated).tokens
        assert int(LEAST * estimated) <= tokens <= MOST * estimated + 1


@given(ANSWERS, SIZES, SIZES)
def test_more_text_is_never_fewer_tokens(answers: list[tuple[str, str, int, int]], one: int, other: int) -> None:
    """So what leaves shorter is shown shorter."""
    gauge = taught(*answers).gauge(*NAME, "one")
    assert gauge.count(min(one, other)).tokens <= gauge.count(max(one, other)).tokens


@given(st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), st.integers(1000, 9000)), max_size=12), st.data())
def test_conversations_do_not_disturb_each_other(answers: list[tuple[str, int]], data: st.DataObject) -> None:
    """In whatever order they come between each other, each goes on from its own last answer."""
    mixed = data.draw(st.permutations(answers))
    order = {name: [size for n, size in answers if n == name] for name in ("one", "two", "three")}
    left = {name: list(sizes) for name, sizes in order.items()}
    made, other = Calibration(), Calibration()
    for name, size in answers:
        made.learn(*NAME, name, size, 2 * size)
    for name, _ in mixed:
        size = left[name].pop(0)
        other.learn(*NAME, name, size, 2 * size)
    for name in order:
        assert made.count(*NAME, name, 5000) == other.count(*NAME, name, 5000)


@given(ANSWERS, SIZES)
def test_ratios_survive_a_restart(answers: list[tuple[str, str, int, int]], estimated: int) -> None:
    """By what was said to have changed, through JSON."""
    made = taught(*answers)
    kept = {key: value for key, value in made.changed().items() if value is not None}
    again = Calibration(json.loads(json.dumps(kept)))
    assert again.facts() == made.facts()
    for model in ("m1", "m2", "m3"):
        old, new = (one.count("anthropic", model, "new", estimated) for one in (made, again))
        assert (new.how, new.tokens) == (old.how, pytest.approx(old.tokens, rel=1e-4, abs=1))


GPT = "openai", "gpt-6.2-sol"


@pytest.mark.parametrize(
    ("model", "tokens"), [("claude-opus-4-6", 1000), ("claude-opus-5-5", 1429), ("gpt-6.2-sol", 752), ("qwen3", 1000)]
)
def test_a_model_begins_with_what_is_known_by_its_name(model: str, tokens: int) -> None:
    """It stays an estimate."""
    assert Calibration().count("anthropic", model, "one", 1000) == (tokens, "estimated")


def test_what_other_models_taught_is_taken_beside_that() -> None:
    """Of two models with different vocabularies, what they have in common is how dense this client's requests are."""
    made = Calibration()
    made.learn("anthropic", "claude-opus-4-6", "", 1000, 1100)
    assert made.count("anthropic", "claude-opus-5-5", "", 1000) == (round(1100 * 1.9 / 1.33), "estimated")
    assert made.count("anthropic", "claude-haiku-4-5", "", 1000) == (1100, "estimated")


def test_a_tokenizer_is_an_anchor_until_the_provider_counts() -> None:
    """It says so; from the first whole answer on the provider's count is what is taken."""
    made = Calibration()
    made.anchor(*GPT, 1000, 600)
    assert made.count(*GPT, "one", 2000) == (1200, "tokenizer")
    assert made.facts() == {}
    made.learn(*GPT, "", 1000, 900)
    assert made.count(*GPT, "two", 2000) == (1800, "calibrated")


def test_a_few_words_that_were_counted_tell_less_than_a_tokenizer() -> None:
    """What holds a request for a title together is most of it."""
    made = Calibration()
    made.learn(*GPT, "", 20, 60)
    assert made.count(*GPT, "one", 1000) == (3000, "calibrated")
    made.anchor(*GPT, 1000, 600)
    assert made.count(*GPT, "one", 1000) == (600, "tokenizer")


def test_an_anchor_is_enough_at_some_time() -> None:
    """After one whole request by the provider, or eight by the tokenizer."""
    made = Calibration()
    for _ in range(7):
        made.anchor(*GPT, 1000, 600)
    assert not made.is_anchored(*GPT)
    made.anchor(*GPT, 1000, 600)
    assert made.is_anchored(*GPT)
    made.learn("openai", "gpt-5", "", 20, 30)
    assert not made.is_anchored("openai", "gpt-5")
    made.learn("openai", "gpt-5", "", 2000, 1500)
    assert made.is_anchored("openai", "gpt-5")


@pytest.mark.parametrize(("estimated", "counted"), [(0, 5), (1000, 100), (1000, 9000), (-5, 5)])
def test_an_anchor_that_is_of_another_text_is_ignored(estimated: int, counted: int) -> None:
    """As with answers."""
    made = Calibration()
    made.anchor(*GPT, estimated, counted)
    assert made.count(*GPT, "one", 1000) == (752, "estimated")


def test_anchors_are_bounded() -> None:
    """Any client may name any model."""
    made = Calibration()
    for n in range(MODELS + 1):
        made.anchor("openai", f"gpt-5-{n}", 1000, 600)
    assert made.count("openai", "gpt-5-0", "", 1000).how == "estimated"
    assert made.count("openai", f"gpt-5-{MODELS}", "", 1000).how == "tokenizer"
