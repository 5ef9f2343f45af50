"""The account of a conversation: what editing saved, and the guard that reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from penstock.conversation.reply import Usage
from penstock.cost.account import SLACK, Account, RequestCost, cache_blocks
from penstock.cost.prices import Price
from penstock.cost.prompt_cache import CacheBlock, Cost
from penstock.testing import assistant, call, conversation, dialect_of, results, user
from penstock.tokens.estimate import estimate_bytes, estimated
from penstock.tokens.images import MEDIA_TOKENS

PRICE = Price(input=2.0, output=10.0, window=200_000, least=100)
FREE = replace(PRICE, input=0.0, output=0.0)


def blocks(*sizes: int, head: int = 0) -> list[CacheBlock]:
    """Tools and system, and a block for each size, marked at the end."""
    out = [CacheBlock(b"", head), *(CacheBlock(f"{n} {size}".encode(), size) for n, size in enumerate(sizes))]
    return [*out[:-1], out[-1]._replace(cache_ttl="5m")]


def test_what_nobody_edits_saves_nothing() -> None:
    """Both sides cost the same, request by request."""
    account = Account()
    for now in (0, 10, 1000):
        booking = account.book(blocks(500, 300), blocks(500, 300), PRICE, now)
        assert booking.original == booking.forwarded
    assert (account.saved, account.is_behind) == (0, False)
    assert account.spent_units == pytest.approx(800 * (1.25 + 0.1 + 1.25))


def test_what_is_shortened_is_saved_at_every_call() -> None:
    """Once at the price of a write, then at that of a read."""
    account = Account()
    account.book(blocks(1000, 500), blocks(1000, 100), PRICE, 0)
    assert account.saved == pytest.approx(400 * 1.25)
    account.book(blocks(1000, 500), blocks(1000, 100), PRICE, 10)
    assert account.saved == pytest.approx(400 * 1.35)


def test_an_edit_to_a_warm_prefix_puts_a_session_behind() -> None:
    """What was cached behind it is written again; later savings make it good."""
    account = Account()
    account.book(blocks(1000, 50_000), blocks(1000, 50_000), PRICE, 0)
    account.book(blocks(1000, 50_000), blocks(900, 50_000), PRICE, 10)
    assert account.saved == pytest.approx(51_000 * 0.1 - 50_900 * 1.25)
    assert account.is_behind
    account.book(blocks(100_000), blocks(10), PRICE, 10_000)
    assert not account.is_behind


@pytest.mark.parametrize(("dollars", "behind"), [(0.0, False), (2 * SLACK / 1e6, False), (2.01 * SLACK / 1e6, True)])
def test_calls_of_our_own_are_paid_for(dollars: float, behind: bool) -> None:
    """A loss within the error of our count stops nothing yet."""
    account = Account()
    account.spend(dollars, PRICE)
    assert account.is_behind is behind


def test_where_nothing_costs_anything_nothing_is_lost() -> None:
    """A model on this machine."""
    account = Account()
    account.spend(1.0, FREE)
    assert account.spent_units == 0


def test_notes_are_not_held_against_a_session() -> None:
    """They are sent for what they say. What they make other edits cost is."""
    account = Account()
    came = blocks(1000, 300)
    account.book(came, came, PRICE, 0)
    noted = [*came, CacheBlock(b"ours", 200)]
    for now in (10, 20, 1000):
        account.book(came, noted, PRICE, now, {2: 200})
        assert account.saved == pytest.approx(0)
    shorter = [came[0], CacheBlock(b"short", 10), *noted[2:]]
    account.book(came, shorter, PRICE, 5000, {2: 200})
    assert account.saved == pytest.approx(990 * 1.25)


def test_what_is_not_known_counts_for_nothing() -> None:
    """While the provider may hold entries that an earlier process wrote; the mirrors learn all the same."""
    account = Account()
    booking = account.book(blocks(1000, 500), blocks(1000, 100), PRICE, 0, counts=False)
    assert booking.original == Cost(write=1500)
    assert (account.baseline_units, account.spent_units) == (0, 0)
    account.book(blocks(1000, 500), blocks(1000, 100), PRICE, 10)
    assert account.saved == pytest.approx(400 * 0.1)


def test_an_entry_the_provider_did_not_have_is_forgotten() -> None:
    """It was evicted early: the next request is thought to write it again."""
    account = Account()
    sent = blocks(1000, 500)
    account.book(sent, sent, PRICE, 0)
    booking = account.book(sent, sent, PRICE, 10)
    assert booking.forwarded.read == 1500
    assert account.learn(booking, Usage(input=1500, cache_read=1500)) is False
    assert account.forwarded.look(sent, PRICE, 11).read == 1500
    account.learn(replace(booking, at=11), Usage(input=1500, cache_read=0))
    assert account.forwarded.look(sent, PRICE, 12).read == 0


@pytest.mark.parametrize(
    ("booked", "read", "price", "alive"),
    [
        (Cost(write=5000), 4000, PRICE, True),
        (Cost(write=5000), 1400, PRICE, False),  # tools and system alone, which another conversation kept
        (Cost(write=5000), None, PRICE, False),
        (Cost(read=4000, write=1000), 4000, PRICE, False),
        (Cost(plain=5000), 4000, replace(PRICE, caching="prefix"), True),
        (Cost(write=5000), 4000, replace(PRICE, caching="newest"), True),
    ],
)
def test_an_entry_that_lives_longer_than_was_thought(booked: Cost, read: int | None, price: Price, alive: bool) -> None:
    """The clock has to know: more than the head was read where all was taken for dead."""
    booking = RequestCost(booked, booked, price, head=1000)
    assert Account().learn(booking, Usage(input=100, cache_read=read)) is alive


MARK = {"cache_control": {"type": "ephemeral"}}


def read(body: bytes) -> list[CacheBlock]:
    return cache_blocks(dialect_of("anthropic").read(body, "/v1/messages"))


def test_a_request_is_a_list_of_blocks() -> None:
    """Tools and system are the first; each has its breakpoint's lifetime, and its bytes are counted."""
    body = conversation(user("look"), assistant("yes", call("Read")), results("text"), cache="1h", system="s" * 2900)
    found = read(body)
    assert [block.cache_ttl for block in found] == ["", "", "", "", "1h"]
    assert found[0].tokens == estimate_bytes(len(json.dumps(json.loads(body)["system"], separators=(",", ":"))))
    assert len({block.key for block in found}) == 5


@pytest.mark.parametrize(("where", "ttl"), [("system", "5m"), ("system", "1h"), ("tools", "5m"), ("tools", "1h")])
def test_a_breakpoint_of_the_head_counts(where: str, ttl: str) -> None:
    """In the tools or in the system prompt."""
    mark = {"cache_control": {"type": "ephemeral"} | ({"ttl": "1h"} if ttl == "1h" else {})}
    value = json.loads(conversation(user("a"), system="s", tools=[{"name": "t"}]))
    value[where][0] |= mark
    assert read(json.dumps(value).encode())[0].cache_ttl == ttl


def test_runs_of_calls_and_of_results_are_told() -> None:
    """The provider looks at each run as at one block."""
    three = [call("Read", n=n) for n in range(3)]
    found = read(conversation(user("a", "b"), assistant("c", *three), results("x", "y", "z"), assistant(call("Read"))))
    assert [block.joined for block in found] == [False] * 5 + [True, True, False, True, True, False]


def test_an_image_has_a_price_of_its_own() -> None:
    """Its bytes say nothing about it."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 90_000}}
    value = json.loads(conversation(user("a")))
    value["messages"][0]["content"] = [image]
    assert read(json.dumps(value).encode())[1].tokens == MEDIA_TOKENS


AUTO, AUTO_1H = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize(
    ("fields", "marks"),
    [
        ({"cache_control": AUTO}, ["", "", "", "5m"]),
        ({"cache_control": AUTO_1H}, ["", "", "", "1h"]),
        ({"cache": "5m", "cache_control": AUTO}, ["", "", "", "5m"]),
        ({"cache": "1h", "cache_control": AUTO_1H}, ["", "", "", "1h"]),
        ({}, ["", "", "", ""]),
    ],
)
def test_automatic_caching_is_a_breakpoint_at_the_end(fields: dict[str, Any], marks: list[str]) -> None:
    """With its own lifetime; where the client has one on the same block, there is no second."""
    found = read(conversation(user("a"), assistant("b"), user("c"), **fields))
    assert [block.cache_ttl for block in found] == marks
    assert [block.is_automatic for block in found] == [False] * 3 + ["cache_control" in fields]


def test_automatic_caching_of_tools_and_system_alone() -> None:
    """There may be no block behind them that can be cached."""
    body = json.dumps({"system": "s", "messages": [], "cache_control": AUTO}).encode()
    assert [(block.cache_ttl, block.is_automatic) for block in read(body)] == [("5m", True)]


def test_a_session_with_automatic_caching_reads_and_writes() -> None:
    """Where every token was thought to be paid in full."""
    account, turns = Account(), [user("word " * 2000)]
    price = replace(PRICE, least=512)
    bookings = []
    for now in (0, 60, 120):
        blocks = read(conversation(*turns, cache_control=AUTO))
        bookings.append(account.book(blocks, blocks, price, now))
        turns += [assistant("yes"), user("more")]
    assert bookings[0].forwarded.plain == 0
    assert bookings[0].forwarded.write > 2000
    assert all(booking.forwarded.read > 2000 and booking.forwarded.plain == 0 for booking in bookings[1:])


def test_a_note_of_ours_takes_over_the_automatic_breakpoint() -> None:
    """It is the end of the request then. The client's own breakpoints stay where they are."""
    price = replace(PRICE, least=1)
    auto, marked = Account(), Account()
    came = read(conversation(user("word " * 1000), cache_control=AUTO))
    auto.book(came, came, price, 0, {1: 50})
    assert auto.with_notes is not None
    assert auto.baseline_units == pytest.approx(1.25 * (sum(block.tokens for block in came) + 50))
    came = read(conversation(user("word " * 1000), cache="5m"))
    marked.book(came, came, price, 0, {1: 50})
    assert marked.baseline_units == pytest.approx(1.25 * sum(block.tokens for block in came) + 50)


def test_what_the_provider_ignores_costs_nothing() -> None:
    """It keeps its place among the blocks, with no tokens, whatever the client does to it."""
    done = {"role": "assistant", "content": [{"type": "compaction", "content": "What was said."}]}

    def body(words: str) -> bytes:
        value = json.loads(conversation(user(words, words), assistant("b"), user("c")))
        return json.dumps(value | {"messages": [*value["messages"][:2], done, value["messages"][2]]}).encode()

    found = read(body("word " * 5000))
    assert [block.is_ignored for block in found] == [False, True, True, True, False, False]
    assert found == read(body("other"))
    assert estimated(dialect_of("anthropic").read(body("word " * 5000), "/v1/messages")) < 100


def test_system_messages_at_the_head_are_shared_with_others() -> None:
    """Another conversation may have kept them in the cache: reading them proves no long life of this one's."""
    body = conversation(user("a"), dialect="openai-chat", system="word " * 4000)
    came = dialect_of("openai-chat").read(body, "/v1/chat/completions")
    blocks = cache_blocks(came)
    booking = Account().book(blocks, blocks, replace(PRICE, caching="prefix"), 0, conversation=came)
    assert booking.head > 4000
    assert Account().learn(booking, Usage(input=100, cache_read=booking.head)) is False


def test_several_passes_of_the_model_teach_nothing() -> None:
    """A later one reads what the first one wrote."""
    booking = RequestCost(Cost(write=5000), Cost(write=5000), PRICE, head=1000)
    assert Account().learn(booking, Usage(input=100, cache_read=4000, passes=2)) is False
