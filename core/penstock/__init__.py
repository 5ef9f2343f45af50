"""Penstock: manages the context of LLM clients on the wire. This is the front page for plugin authors."""

from __future__ import annotations

from penstock.conversation import Block, BlockKind, Conversation, Message, Role
from penstock.draft import Draft, Spot
from penstock.events import Event, EventKind
from penstock.exchange import Exchange, Identity, Kind
from penstock.hookspecs import hookimpl
from penstock.profiles import Profile
from penstock.reply import Reply, ToolCall, Usage
from penstock.stage import Stage

__all__ = [
    "Block",
    "BlockKind",
    "Conversation",
    "Draft",
    "Event",
    "EventKind",
    "Exchange",
    "Identity",
    "Kind",
    "Message",
    "Profile",
    "Reply",
    "Role",
    "Spot",
    "Stage",
    "ToolCall",
    "Usage",
    "hookimpl",
]

__version__ = "0.1.0"
