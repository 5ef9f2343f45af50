"""`KINDS`: the kinds of tool outputs in the order in which they are tried; `kind_of` finds that of an output."""

from __future__ import annotations

from penstock import ToolOutput
from penstock_plugins.trim.kinds.access import ACCESS
from penstock_plugins.trim.kinds.build import BUILD
from penstock_plugins.trim.kinds.columns import COLUMNS
from penstock_plugins.trim.kinds.csv import CSV
from penstock_plugins.trim.kinds.diff import DIFF
from penstock_plugins.trim.kinds.echo import ECHO
from penstock_plugins.trim.kinds.gitlog import GITLOG
from penstock_plugins.trim.kinds.html import HTML
from penstock_plugins.trim.kinds.json import JSON
from penstock_plugins.trim.kinds.listing import LISTING
from penstock_plugins.trim.kinds.log import LOG
from penstock_plugins.trim.kinds.prose import PROSE, REPORT
from penstock_plugins.trim.kinds.search import SEARCH
from penstock_plugins.trim.kinds.snapshot import SNAPSHOT
from penstock_plugins.trim.kinds.source import READ, SHOWN, SOURCE
from penstock_plugins.trim.kinds.tests import TESTS
from penstock_plugins.trim.kinds.text import TEXT
from penstock_plugins.trim.kinds.trace import TRACE
from penstock_plugins.trim.output_kind import Kind, Sight

__all__ = ["KINDS", "kind_of"]

KINDS: tuple[Kind, ...] = (
    ECHO,
    READ,
    REPORT,
    DIFF,
    SHOWN,
    JSON,
    SEARCH,
    TESTS,
    LOG,
    TRACE,
    ACCESS,
    BUILD,
    GITLOG,
    SNAPSHOT,
    HTML,
    COLUMNS,
    LISTING,
    CSV,
    SOURCE,
    PROSE,
    TEXT,
)


def kind_of(output: ToolOutput, around: str = "") -> Kind:
    """The first kind that recognises the output, else plain text. `around`: what the client put before it."""
    sight = Sight(output, around)
    return next((kind for kind in KINDS if kind.matches(sight)), TEXT)
