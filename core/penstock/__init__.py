"""Penstock: manages the context of LLM clients on the wire. This is the front page for plugin authors: the names that
plugins import from `penstock`.

With `penstock.memory`, `penstock.text` and `penstock.testing` it is all that the bundled plugins import. A name is
imported when it is first asked for: this page is loaded with every part of Penstock, the command line's help too.
"""

from __future__ import annotations

import importlib as _importlib
import typing as _typing

from penstock.base import version as _version

if _typing.TYPE_CHECKING:
    from penstock.base.errors import InvalidEdit, PenstockError, PluginError, ProfileError
    from penstock.base.nats_connection import connect_to_nats
    from penstock.base.paths import state_dir
    from penstock.base.suggest import did_you_mean
    from penstock.base.validation import validate_table
    from penstock.budget.daily_spend_cap import DailySpendCap, SpendCapReached
    from penstock.budget.settings import Level
    from penstock.conversation.conversation import Block, BlockKind, Conversation, Message, Role, common_head
    from penstock.conversation.exchange import Exchange, Identity, Kind
    from penstock.conversation.reply import Reply, ToolCall, Usage
    from penstock.cost.prices import Price, Prices
    from penstock.edits.flush_reason import FlushReason
    from penstock.events.event import Event, EventKind
    from penstock.models.providers import provider_of
    from penstock.plugins.compressor import Compressed, Compressor, KnownContent, ToolOutput, handle_of
    from penstock.plugins.compressor_pool import CompressorPool, CompressorRun
    from penstock.plugins.draft import BlockRef, Draft
    from penstock.plugins.hookspecs import hookimpl
    from penstock.plugins.idle import Idle
    from penstock.plugins.recall_source import RecalledText, RecallQuestion, RecallSource, RecallSources
    from penstock.plugins.services import Services
    from penstock.plugins.stage import Stage
    from penstock.plugins.summariser import Segment, Summariser, Summary
    from penstock.plugins.tagger import IngestedHistory, IngestedTurn, Tagger, Tags
    from penstock.plugins.tool import Caller, Tool
    from penstock.plugins.translator import NotTranslatable, Translation, Translator
    from penstock.profiles.envelope_rules import EnvelopeSettings, envelope_settings
    from penstock.profiles.profile import Aggressiveness, Profile
    from penstock.tokens.estimate import estimate as estimate_tokens

__all__ = [
    "Aggressiveness",
    "Block",
    "BlockKind",
    "BlockRef",
    "Caller",
    "Compressed",
    "Compressor",
    "CompressorPool",
    "CompressorRun",
    "Conversation",
    "DailySpendCap",
    "Draft",
    "EnvelopeSettings",
    "Event",
    "EventKind",
    "Exchange",
    "FlushReason",
    "Identity",
    "Idle",
    "IngestedHistory",
    "IngestedTurn",
    "InvalidEdit",
    "Kind",
    "KnownContent",
    "Level",
    "Message",
    "NotTranslatable",
    "PenstockError",
    "PluginError",
    "Price",
    "Prices",
    "Profile",
    "ProfileError",
    "RecallQuestion",
    "RecallSource",
    "RecallSources",
    "RecalledText",
    "Reply",
    "Role",
    "Segment",
    "Services",
    "SpendCapReached",
    "Stage",
    "Summariser",
    "Summary",
    "Tagger",
    "Tags",
    "Tool",
    "ToolCall",
    "ToolOutput",
    "Translation",
    "Translator",
    "Usage",
    "common_head",
    "connect_to_nats",
    "did_you_mean",
    "envelope_settings",
    "estimate_tokens",
    "handle_of",
    "hookimpl",
    "provider_of",
    "state_dir",
    "validate_table",
]

__version__ = _version.VERSION

_HOMES = {
    "Aggressiveness": "profiles.profile",
    "Block": "conversation.conversation",
    "BlockKind": "conversation.conversation",
    "BlockRef": "plugins.draft",
    "Caller": "plugins.tool",
    "Compressed": "plugins.compressor",
    "Compressor": "plugins.compressor",
    "CompressorPool": "plugins.compressor_pool",
    "CompressorRun": "plugins.compressor_pool",
    "Conversation": "conversation.conversation",
    "DailySpendCap": "budget.daily_spend_cap",
    "Draft": "plugins.draft",
    "EnvelopeSettings": "profiles.envelope_rules",
    "Event": "events.event",
    "EventKind": "events.event",
    "Exchange": "conversation.exchange",
    "FlushReason": "edits.flush_reason",
    "Identity": "conversation.exchange",
    "Idle": "plugins.idle",
    "IngestedHistory": "plugins.tagger",
    "IngestedTurn": "plugins.tagger",
    "InvalidEdit": "base.errors",
    "Kind": "conversation.exchange",
    "KnownContent": "plugins.compressor",
    "Level": "budget.settings",
    "Message": "conversation.conversation",
    "NotTranslatable": "plugins.translator",
    "PenstockError": "base.errors",
    "PluginError": "base.errors",
    "Price": "cost.prices",
    "Prices": "cost.prices",
    "Profile": "profiles.profile",
    "ProfileError": "base.errors",
    "RecallQuestion": "plugins.recall_source",
    "RecallSource": "plugins.recall_source",
    "RecallSources": "plugins.recall_source",
    "RecalledText": "plugins.recall_source",
    "Reply": "conversation.reply",
    "Role": "conversation.conversation",
    "Segment": "plugins.summariser",
    "Services": "plugins.services",
    "SpendCapReached": "budget.daily_spend_cap",
    "Stage": "plugins.stage",
    "Summariser": "plugins.summariser",
    "Summary": "plugins.summariser",
    "Tagger": "plugins.tagger",
    "Tags": "plugins.tagger",
    "Tool": "plugins.tool",
    "ToolCall": "conversation.reply",
    "ToolOutput": "plugins.compressor",
    "Translation": "plugins.translator",
    "Translator": "plugins.translator",
    "Usage": "conversation.reply",
    "common_head": "conversation.conversation",
    "connect_to_nats": "base.nats_connection",
    "did_you_mean": "base.suggest",
    "envelope_settings": "profiles.envelope_rules",
    "estimate_tokens": "tokens.estimate",
    "handle_of": "plugins.compressor",
    "hookimpl": "plugins.hookspecs",
    "provider_of": "models.providers",
    "state_dir": "base.paths",
    "validate_table": "base.validation",
}

if not _typing.TYPE_CHECKING:  # else every name would be one to a type checker

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = _importlib.import_module(f"{__name__}.{_HOMES[name]}")
        found = globals()[name] = getattr(home, "estimate" if name == "estimate_tokens" else name)
        return found
