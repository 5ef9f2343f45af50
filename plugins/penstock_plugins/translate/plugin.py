"""The plugin that registers the translators (hook `translators`) between Anthropic's Messages and OpenAI's Chat
Completions, from one (`messages_to_chat`) and back (`chat_to_messages`), for the gateway. None without the extra
any-llm, which converts and sends nothing: `pip install 'penstock[translate]'`."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from penstock import Translation, Translator, hookimpl

__all__ = ["translators"]


@hookimpl
def translators() -> list[Translator]:
    """Both ways, where the library is installed."""
    if find_spec("any_llm") is None:
        return []
    return [Translator("messages", "chat", _to_chat), Translator("chat", "messages", _to_messages)]


def _to_chat(body: dict[str, Any]) -> Translation:
    from penstock_plugins.translate.messages_to_chat import MessagesToChat  # the library takes seconds to import

    return MessagesToChat(body)


def _to_messages(body: dict[str, Any]) -> Translation:
    from penstock_plugins.translate.chat_to_messages import ChatToMessages

    return ChatToMessages(body)
