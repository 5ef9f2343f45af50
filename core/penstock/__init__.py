"""Penstock: manages the context of LLM clients on the wire. This is the front page for plugin authors."""

from __future__ import annotations

from penstock.base import version as _version
from penstock.base.errors import PluginError, ProfileError
from penstock.base.validation import validate_table
from penstock.budget.level import Level
from penstock.conversation.conversation import Block, BlockKind, Conversation, Message, Role
from penstock.conversation.exchange import Exchange, Identity, Kind
from penstock.conversation.reply import Reply, ToolCall, Usage
from penstock.edits.flush_reason import FlushReason
from penstock.events.event import Event, EventKind
from penstock.plugins.compressor import Compressed, Compressor, KnownContent, ToolOutput, handle_of
from penstock.plugins.draft import BlockRef, Draft
from penstock.plugins.hookspecs import hookimpl
from penstock.plugins.idle import Idle
from penstock.plugins.stage import Stage
from penstock.plugins.summariser import Segment, Summariser, Summary
from penstock.plugins.tagger import Tagger, Tags
from penstock.profiles.profile import Profile

__all__ = [
    "Block",
    "BlockKind",
    "BlockRef",
    "Compressed",
    "Compressor",
    "Conversation",
    "Draft",
    "Event",
    "EventKind",
    "Exchange",
    "FlushReason",
    "Identity",
    "Idle",
    "Kind",
    "KnownContent",
    "Level",
    "Message",
    "PluginError",
    "Profile",
    "ProfileError",
    "Reply",
    "Role",
    "Segment",
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
    "validate_table",
]

__version__ = _version.VERSION
