"""The client that compacts by itself."""

from __future__ import annotations

from penstock.conversation.conversation import Conversation
from penstock.cost.account import cache_blocks
from penstock.cost.baseline import KEPT, SHARE, SUMMARY, BaselineCost, CompactionBaseline
from penstock.cost.prices import Prices
from penstock.cost.prompt_cache import PromptCacheModel
from penstock.testing import assistant, conversation, dialect_of, path_of, user

PRICE = Prices().of("anthropic", "claude-sonnet-4-5")
LONG = "a line of words\n" * 2000
"""About 12,000 tokens."""


def talk(turns: int, text: str = LONG) -> Conversation:
    said = [part for n in range(turns) for part in (user(f"{n} {text}"), assistant(f"done with {n}"))]
    body = conversation(*said, user(f"{turns} {text}"), cache="5m")
    return dialect_of("anthropic").read(body, path_of("anthropic"))


class Client(CompactionBaseline):
    """With the real client beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.real = PromptCacheModel()


def send(client: Client, came: Conversation, now: float = 0.0) -> BaselineCost:
    blocks = cache_blocks(came)
    return client.send(came, blocks, PRICE, now, client.real.send(blocks, PRICE, now), client.real)


def test_a_short_history_is_sent_whole() -> None:
    """It costs what it costs untouched."""
    client, mirror = Client(), PromptCacheModel()
    for turns in (1, 2, 3):
        came = talk(turns)
        assert send(client, came, turns) == BaselineCost(mirror.send(cache_blocks(came), PRICE, turns))


def test_what_only_the_real_client_sends_is_not_in_its_cache() -> None:
    """A retry, or a call besides: the other client knows nothing of it, and finds what it has sent itself."""
    client, came = Client(), talk(1)
    send(client, came, 0)
    client.part(client.real)
    client.real.send(cache_blocks(talk(2)), PRICE, 200)
    then = send(client, came, 400)
    assert (then.sent.read, client.real.look(cache_blocks(came), PRICE, 400).read > 0) == (0, True)


def test_past_the_share_of_the_window_a_summary_stands_for_the_head() -> None:
    """The call that makes it is paid for; after that the request is small, and is written again."""
    client = Client()
    first = send(client, talk(3), 0)
    assert (first.output, first.call.total) == (0, 0)
    then = send(client, talk(6), 10)
    assert then.output == SUMMARY
    assert then.call.read > 0, "what was sent before was in the cache"
    assert then.call.total > SHARE * PRICE.window
    assert then.sent.total < 3 * 12_000 + SUMMARY
    assert then.sent.write > 0
    after = send(client, talk(6), 20)
    assert (after.output, after.sent.total, after.sent.write) == (0, then.sent.total, 0)


def test_where_the_last_messages_are_too_many_it_does_not_go_on_and_on() -> None:
    """A summary must replace more than its own length: here there is nothing before the messages that stay."""
    came = talk(1, LONG * 4)
    assert len(came.messages) < KEPT
    assert sum(block.tokens for block in cache_blocks(came)) > SHARE * PRICE.window
    assert send(Client(), came).output == 0


def test_when_the_real_client_goes_back_it_begins_anew() -> None:
    """A history that does not hold the replaced messages is sent as it is."""
    client = Client()
    send(client, talk(6), 0)
    short = talk(1, "other words " * 50)
    assert send(client, short, 10).sent.total == sum(block.tokens for block in cache_blocks(short))
