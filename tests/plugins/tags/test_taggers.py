"""The taggers to choose from: by vectors, and by a model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock import Profile, hookimpl
from penstock.base.errors import ProfileError
from penstock.budget.daily_spend_cap import DailySpendCap
from penstock.memory import Memory
from penstock.memory import chosen as chosen_embedder
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.service import MemoryService
from penstock.plugins.manager import Plugins
from penstock.plugins.services import Services
from penstock.testing import profile_of
from penstock_plugins.compaction.llm import ModelFailed
from penstock_plugins.compaction.settings import Model
from penstock_plugins.memory import stage
from penstock_plugins.tags.choose import tagger_of
from penstock_plugins.tags.embedding import Embedding
from penstock_plugins.tags.llm import LlmTagger
from tests.plugins.compaction.test_llm import Server


@pytest.fixture
def memory_service(tmp_path: Path) -> Iterator[MemoryService]:
    memory_service = MemoryService(lambda: Memory(tmp_path / "memory", Trigrams()))
    yield memory_service
    memory_service.close()


def chosen(text: str, memory_service: MemoryService | None = None) -> object:
    plugins = Plugins()
    plugins.add(stage, "memory")
    profile = profile_of(text)
    return tagger_of(profile, Services(taggers=plugins.parts(profile).taggers, memory=memory_service))


def test_a_profile_names_its_tagger(memory_service: MemoryService) -> None:
    """The words themselves where it names none."""
    assert chosen("") is None
    assert isinstance(chosen('[memory]\ntagger = "embedding"', memory_service), Embedding)
    model = '[stage.memory.llm]\nurl = "http://127.0.0.1:1/v1"\nmodel = "m"'
    assert isinstance(chosen(f'[memory]\ntagger = "llm"\n{model}'), LlmTagger)


@pytest.mark.parametrize(
    ("text", "said"),
    [('tagger = "keyword"', r"memory.tagger = 'keyword'.*keywords"), ('tagger = "llm"', "needs its url and model")],
)
def test_one_that_there_is_not_stops_start_up(text: str, said: str) -> None:
    """With the nearest name, or with what it needs."""
    with pytest.raises(ProfileError, match=said):
        chosen(f"[memory]\n{text}")


def test_a_plugin_gives_another() -> None:
    """By the hook `taggers`."""

    class Mine:
        name = "mine"

        def __call__(self, text: str, known: object) -> list[str]:
            return ["mine"]

    class Gives:
        @hookimpl
        def taggers(self, profile: Profile) -> list[Mine]:
            return [Mine()]

    plugins = Plugins()
    plugins.add(Gives(), "gives")
    profile = profile_of('[memory]\ntagger = "mine"')
    found = tagger_of(profile, plugins.parts(profile))
    assert found is not None
    assert found("x", ()) == ["mine"]


def test_by_vectors_what_says_most_comes_first(memory_service: MemoryService) -> None:
    """Each once, of the words of the text alone; nothing while memory is not open."""
    tagger, text = (
        Embedding(memory_service),
        "The invoice has a watermark. Every invoice of the till, each invoice line.",
    )
    assert tagger(text, ()) == []
    memory_service.open()
    found = list(tagger(text, ["invoice", "mailer"]))
    assert "invoice" in found
    assert "mailer" not in found
    assert len(found) == len(set(found))


def test_by_vectors_two_words_for_the_same_are_one(tmp_path: Path) -> None:
    """The tag in use stays; names of code are never merged, however alike."""
    with closing(MemoryService(lambda: Memory(tmp_path / "memory", chosen_embedder()))) as memory_service:
        memory_service.open()
        tagger = Embedding(memory_service)
        assert "children" in tagger("The kids are at school.", ["children"])
        assert "kids" in tagger("The kids are at school.", ["glaze"])
        found = tagger("Call to_json on the page.", ["from_json", "pages"])
        assert "to_json" in found
        assert "from_json" not in found


def test_a_model_is_asked_for_a_list(server: Server, tmp_path: Path) -> None:
    """It gets the turn as data and the tags in use, and has a spend cap of its own; of what it says the names are
    taken."""
    said = {"choices": [{"message": {"content": "`invoice`, watermark\npage layout."}}]}
    server.answer = json.dumps(said).encode()
    model = Model(url=server.url, model="m", prices="ollama")
    tagger = LlmTagger(model, DailySpendCap(1.0, tmp_path / "spent.json"))
    assert list(tagger("The invoice has a watermark.", ["till"])) == ["invoice", "watermark", "page layout"]
    ((_, _, body),) = server.came
    assert "till" in body["messages"][0]["content"]
    assert body["messages"][1]["content"] == "The invoice has a watermark."


def test_a_key_that_is_missing_is_named_with_its_place(server: Server, tmp_path: Path) -> None:
    """A person looks there for it."""
    model = Model(url=server.url, model="m", key_env="NO_SUCH_KEY")
    with pytest.raises(ModelFailed, match=r"stage\.memory\.llm\.key_env"):
        LlmTagger(model, DailySpendCap(1.0, tmp_path / "spent.json"))("text", ())
