"""The hooks that a plugin can implement, with their contracts, and `hookimpl`, which marks a plugin's function as one.

A plugin is a module, an object or a single file with functions of these names, each marked with `penstock.hookimpl`.
It may leave out what it does not need, and take fewer arguments than a spec lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import typer

    from penstock.dialects.base import Dialect
    from penstock.events.event import Event
    from penstock.memory.embedders import Embedder
    from penstock.plugins.compressor import Compressor
    from penstock.plugins.recall_source import RecallSource
    from penstock.plugins.server import Server
    from penstock.plugins.stage import Stage
    from penstock.plugins.summariser import Summariser
    from penstock.plugins.tagger import Tagger
    from penstock.plugins.tool import Tool
    from penstock.plugins.translator import Translator
    from penstock.profiles.profile import Profile

__all__ = ["PROJECT", "hookimpl", "hookspec"]

PROJECT = "penstock"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def stages(profile: Profile) -> Sequence[Stage]:  # type: ignore[empty-body]
    """The stages this plugin gives.

    Called once for each profile in use, before its first request. `profile.settings_of("NAME")` holds the table
    `[stage.NAME]` of the profile. A stage runs when the profile's list names it, or when its `enabled_by_default` is
    true; the profile's list, then each stage's `after`, decides the order. An empty list: none for this profile.
    """


@hookspec
def dialects() -> Sequence[Dialect]:  # type: ignore[empty-body]
    """The wire formats this plugin reads.

    Called once at start-up. A request goes to the first dialect whose `endpoint` knows its path; those of plugins are
    asked before the bundled ones, so a plugin can take a path over.
    """


@hookspec
def compressors() -> Sequence[Compressor]:  # type: ignore[empty-body]
    """Functions that make one tool output shorter.

    Called once for each profile in use. Each gets a `penstock.ToolOutput` and gives a `penstock.Compressed`, or None
    for what it does not know. Those of plugins are asked before the bundled ones; the first answer counts. The stage
    `trim` calls them on each result before it is sent for the first time; one that raises costs that stage's edits.
    """


@hookspec
def summarisers(profile: Profile) -> Sequence[Summariser]:  # type: ignore[empty-body]
    """Objects that make old turns shorter, each with a name.

    Called once for each profile in use. `[stage.compaction] summariser` names the one that is used; it runs in the
    background, and what it made lands at the next flush.
    """


@hookspec
def prices() -> Mapping[str, Mapping[str, Any]]:  # type: ignore[empty-body]
    """What models cost and hold, by provider and by how a name begins, with the figures of a profile's `[prices]`.

    Called once at start-up. Figures given here hide the bundled ones; the profile's `[prices]` hide both.
    """


@hookspec
def embedders() -> Sequence[Embedder]:  # type: ignore[empty-body]
    """Objects that turn texts into vectors for memory, each with a name and a dimension.

    Called once when memory is opened. One is used at a time, the one that the profile names; after a change of embedder
    all vectors are computed again, in the background. Load heavy modules and data at the first `embed`, not here.
    """


@hookspec
def recall_sources(profile: Profile) -> Sequence[RecallSource]:  # type: ignore[empty-body]
    """Objects that recall from elsewhere than memory, each with a name.

    Called once for each profile in use. Where the stage `memory` recalls, it asks all of them while it asks memory,
    each in a thread of its own, with a `penstock.RecallQuestion`, and waits for no longer than for memory. What they
    give, `penstock.RecalledText`s, must share as many telling words with the question as memories, and comes into the
    same note. One that is late, raises, or has four questions under way is left out; the event `stage` names it.
    """


@hookspec
def taggers(profile: Profile) -> Sequence[Tagger]:  # type: ignore[empty-body]
    """Objects that say what a turn is about, each with a name.

    Called once for each profile in use. `[memory] tagger` names the one that is used; it is asked in the background,
    when a turn is complete. If one raises, the words of the turn are used instead.
    """


@hookspec
def redactors() -> Sequence[Callable[[str], str]]:  # type: ignore[empty-body]
    """Functions that take secrets out of a text before it is written to the event log.

    Called once at start-up. Every text goes through all of them, after the bundled one. If one raises, the text is not
    written at all.
    """


@hookspec
def analysers() -> Sequence[Callable[[str], Iterable[tuple[int, int, str]]]]:  # type: ignore[empty-body]
    """Functions that find personal data in a text, for workspaces of the gateway that redact it.

    Called once, before the first request that is redacted. Each gets a text and gives start, end and kind of every
    place: `[(11, 14, "person")]` has the model see `<person 1>` there. A kind is lower-case letters, at most 20. Each
    text is read once, in a thread; the same text must give the same places. One that raises, or takes longer than ten
    seconds for what is new in a request, has that request refused with 503: nothing leaves unread.
    """


@hookspec
def translators() -> Sequence[Translator]:  # type: ignore[empty-body]
    """What translates requests of the gateway to a format that their provider speaks, and the answers back.

    Called once at start-up. A `penstock.Translator` names two formats and makes a `penstock.Translation` of each
    request, in a thread. It is asked only where the provider does not speak the client's format; those of plugins come
    before the bundled ones, and the first for two formats counts. One that raises `penstock.NotTranslatable` has the
    request refused with 400 and its words, one that raises anything else with 502: nothing leaves half-translated.
    """


@hookspec
def tools(profile: Profile) -> Sequence[Tool]:  # type: ignore[empty-body]
    """Functions that agents call over MCP, programs over HTTP and people with `penstock tool`.

    Called once when a server of tools starts, with the profile in use. A `penstock.Tool` is a function with a
    docstring, which is what the agent reads, and a first parameter for the `penstock.Caller`. It runs in a thread.
    """


@hookspec
def on_event(event: Event) -> None:
    """Look at a fact.

    Called in order, after the event is stored, on a thread that requests do not wait for. Raising is logged, and costs
    the listener the rest of that batch.
    """


@hookspec
def servers(profile: Profile, store: Path) -> Sequence[Server]:  # type: ignore[empty-body]
    """Servers that run in the proxy's process for as long as it is up.

    Called once by `penstock up`, before anything listens: take the port here, and raise where it cannot be had, which
    stops the start. `store` is the file of the proxy's events. Each server is started when the proxy listens and
    stopped when it has ended.
    """


@hookspec
def commands(app: typer.Typer) -> None:
    """Add commands to `penstock`.

    Called once when the command line starts. Import what is heavy inside the command, not at the top of the plugin.
    """
