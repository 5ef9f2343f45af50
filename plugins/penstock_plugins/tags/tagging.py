"""`Tagging`: gives a request its tags at once, from its words, and a whole turn its tags by the configured tagger;
keeps the tags that are active in each of 1,000 conversations, and a vocabulary for each of 100 projects. `is_name` says
whether a tag is a name."""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from itertools import islice

from penstock import Tagger, Tags
from penstock_plugins.tags.keywords import choose_tags, find_candidates, keywords
from penstock_plugins.tags.rules import TagRules
from penstock_plugins.tags.tag_vocabulary import Vocabulary

__all__ = ["KEPT", "Tagging", "is_name"]

logger = logging.getLogger(__name__)
PROJECTS, CONVERSATIONS = 100, 1000
INBOUND = 5
KEPT = 60
"""The number of turns of a conversation whose tags are kept. `[memory] active_turns` is at most that."""
TOLD = 200


class Tagging:
    """The tags of recent conversations, and a vocabulary for each project. Thread-safe."""

    def __init__(self, tagger: Tagger | None = None, rules: TagRules | None = None, *, turns: int) -> None:
        """`turns`: the tags of so many last turns are active (`[memory] active_turns`)."""
        self._tagger, self._rules, self._turns = tagger, rules or TagRules(), turns
        self._vocabularies: OrderedDict[str, Vocabulary] = OrderedDict()
        self._recent: OrderedDict[str, deque[tuple[str, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def migrate_from(self, before: Tagging) -> None:
        """Share the tags and vocabularies of `before`, whose place this one takes."""
        self._vocabularies, self._recent, self._lock = before._vocabularies, before._recent, before._lock

    def of_request(self, words: str, project: str, now: float | None = None) -> Tags:
        """The tags of a user's prompt. Fast: a request waits for it."""
        most = min(INBOUND, self._rules.most)
        names = self._rules.applied(keywords(words, self.vocabulary(project), most), words)
        return Tags(tuple(names), self._rules.is_broad(words), self._rules.is_temporal(words, now))

    def of_text(self, text: str, project: str) -> tuple[str, ...]:
        """The tags of a text that is no turn of its own."""
        return tuple(self._rules.applied(keywords(text, self.vocabulary(project), self._rules.most), text))

    def of_turn(self, words: str, answer: str, project: str, conversation: str, *, is_past: bool = False) -> Tags:
        """The tags of a complete turn, which are active from now on. `is_past`: the turn is of a history, and no tagger
        is asked."""
        vocabulary = self.vocabulary(project)
        found = find_candidates(words, answer)
        asked = [] if is_past else self._asked(f"{words}\n{answer}", vocabulary)
        asked = asked[: self._rules.most]
        if len(asked) < max(1, self._rules.least):
            own = choose_tags(found, vocabulary, self._rules.most)
            asked = list(dict.fromkeys([*asked, *own]))[: self._rules.least if asked else None]
        names = self._rules.applied(asked, f"{words}\n{answer}")
        vocabulary.learn(names, found)
        with self._lock:
            recent = self._recent.setdefault(conversation, deque(maxlen=KEPT))
            recent.append(tuple(names))
            self._recent.move_to_end(conversation)
            while len(self._recent) > CONVERSATIONS:
                self._recent.popitem(last=False)
        return Tags(tuple(names))

    def knows(self, conversation: str) -> bool:
        """Whether turns of a conversation have tags."""
        with self._lock:
            return conversation in self._recent

    def active(self, conversation: str, turns: int | None = None) -> tuple[str, ...]:
        """The tags of the last turns of a conversation, the newest first. `turns`: how many; None: as configured."""
        with self._lock:
            last = self._turns if turns is None else turns
            newest = list(islice(reversed(self._recent.get(conversation, ())), last))
        return tuple(dict.fromkeys(name for names in newest for name in names))

    def reset(self, conversation: str, limit: int) -> list[str]:
        """Reset a conversation whose history is gone: no tag is active any more. Returns its topics, the most frequent
        first: names, and words of several turns. A word of one turn says too little."""
        with self._lock:
            counted = Counter(name for names in self._recent.pop(conversation, ()) for name in names)
        return [name for name, turns in counted.most_common() if turns > 1 or is_name(name)][:limit]

    def vocabulary(self, project: str) -> Vocabulary:
        """The vocabulary of a project, empty at first."""
        with self._lock:
            found = self._vocabularies.setdefault(project, Vocabulary())
            self._vocabularies.move_to_end(project)
            while len(self._vocabularies) > PROJECTS:
                self._vocabularies.popitem(last=False)
            return found

    def _asked(self, text: str, vocabulary: Vocabulary) -> list[str]:
        """The tags that the configured tagger gives; none where there is no tagger, or where it fails."""
        if self._tagger is None:
            return []
        try:
            given: Iterable[str] = self._tagger(text, vocabulary.commonest(TOLD))
            named = [str(name).strip()[:60] for name in given]
        except Exception as e:  # noqa: BLE001 - a stranger's tagger, or a model that is asked over the wire
            logger.warning("tagger %r: %s: %s; the words of the text do", self._tagger.name, type(e).__name__, e)
            return []
        return list(dict.fromkeys(vocabulary.folded(name) for name in named if name))


def is_name(tag: str) -> bool:
    """Whether a tag is a name (`cart.py`, `ValueError`, "HTTP 404", "Berlin") rather than a word of the language."""
    return re.search(r"[A-Z\d_./-]", tag) is not None
