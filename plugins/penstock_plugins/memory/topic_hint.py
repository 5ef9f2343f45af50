"""`hint_of_topics`: the text of the note on the topics that a client's own summary leaves out; `summaries_of`: what
memory has under each of them, within a token limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.memory import Memory, escape_marks, note_around, tag_summary

__all__ = ["hint_of_topics", "summaries_of"]

_TOPICS = "topics of the part of this session that was summarised; what was said then is kept"
_ITEMS = 50
"""Items of a topic that are read, the newest."""


def hint_of_topics(topics: Sequence[str], said: Mapping[str, str] | None = None) -> str:
    """The text of the note. `said`: a summary of some of the topics."""
    lines = [", ".join(topics), *(f"- {topic}: {text}" for topic, text in (said or {}).items())]
    return note_around(escape_marks("\n".join(lines)), _TOPICS)


def summaries_of(memory: Memory, project: str, owner: str, topics: Sequence[str], tokens: int) -> dict[str, str]:
    """What was said under each topic, as it was said, all of it in at most `tokens` tokens; what a topic leaves over is
    the next one's. `project`: the one that the account `owner` names."""
    mine, out = memory.project_for(project, owner), dict[str, str]()
    for n, topic in enumerate(topics):
        most = tokens // (len(topics) - n)
        found = tag_summary(memory.catalog.tagged(mine, topic, _ITEMS), topic, most // 2, most)
        tokens -= found.tokens
        if found.parts:
            out[topic] = " ".join(sentence for _, said in found.parts for sentence in said)
    return out
