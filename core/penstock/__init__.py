"""Penstock: manages the context of LLM clients on the wire. This is the front page for plugin authors."""

from __future__ import annotations

from penstock.budget.level import Level
from penstock.compressor import Compressed, Compressor, Seen, ToolOutput, handle_of
from penstock.conversation import Block, BlockKind, Conversation, Message, Role
from penstock.draft import Draft, Spot
from penstock.due import Due
from penstock.events import Event, EventKind
from penstock.exchange import Exchange, Identity, Kind
from penstock.hookspecs import hookimpl
from penstock.profiles import Profile
from penstock.reply import Reply, ToolCall, Usage
from penstock.stage import Stage
from penstock.summariser import Segment, Summariser, Summary
from penstock.tags import Tagger, Tags

__all__ = [
    "Block",
    "BlockKind",
    "Compressed",
    "Compressor",
    "Conversation",
    "Draft",
    "Due",
    "Event",
    "EventKind",
    "Exchange",
    "Identity",
    "Kind",
    "Level",
    "Message",
    "Profile",
    "Reply",
    "Role",
    "Seen",
    "Segment",
    "Spot",
    "Stage",
    "Summariser",
    "Summary",
    "Tagger",
    "Tags",
    "ToolCall",
    "ToolOutput",
    "Usage",
    "handle_of",
    "hookimpl",
]

__version__ = "0.1.0"
