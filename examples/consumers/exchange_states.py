"""Keeps the state of each exchange by the events that `penstock relay nats://HOST` publishes. A program of its own:

    pip install 'faststream[nats]'
    python exchange_states.py nats://127.0.0.1:4222

It prints a line for each exchange that ends. The relay publishes at least once: an event may come twice. So the reducer
below takes a state forward only, and what it has seen changes nothing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from faststream.nats import JStream, NatsBroker, PullSub

TOPIC = "penstock.events.v1"
STREAM = JStream("penstock_events_v1", declare=False)  # the relay makes it
RANKS = {"classified": 1, "rewritten": 2, "forwarded": 3, "completed": 4, "failed": 4, "refused": 4, "processed": 5}
"""The states of an exchange. One of a higher rank takes the place of a lower."""
ENDS = ("completed", "failed", "refused")


@dataclass(frozen=True)
class Exchange:
    """What is known of one request and its answer."""

    state: str = ""
    conversation: str = ""
    model: str = ""
    output_tokens: int = 0


def reduce(before: Exchange, event: dict[str, Any]) -> Exchange:
    """What is known after an event: the same as before, where it is a repetition or changes no state."""
    state = event["type"].removeprefix("penstock.exchange.").removesuffix(".v1")
    if RANKS.get(state, 0) <= RANKS.get(before.state, 0):
        return before
    said = event["data"]["payload"]
    return replace(
        before,
        state=state,
        conversation=event["subject"],
        model=before.model or said.get("model", ""),
        output_tokens=said.get("usage", {}).get("output", 0) or before.output_tokens,
    )


class ExchangeStates:
    """The state of each exchange, in memory; a real consumer keeps it in a database."""

    def __init__(self, changed: Callable[[str, Exchange], None]) -> None:
        """`changed` is called with the id of an exchange whose state is new."""
        self.exchanges: dict[str, Exchange] = {}
        self._changed = changed

    def take(self, event: dict[str, Any]) -> None:
        """Apply one event."""
        id = event["data"].get("exchange", "")
        if not id:
            return  # of the proxy
        before = self.exchanges.get(id, Exchange())
        after = reduce(before, event)
        if after != before:
            self.exchanges[id] = after
            self._changed(id, after)


def consumer(url: str, states: ExchangeStates) -> NatsBroker:
    """A consumer that goes on where it ended, since JetStream keeps its place. An event that fails comes again."""
    broker = NatsBroker(url)

    @broker.subscriber(TOPIC, stream=STREAM, durable="exchange-states", pull_sub=PullSub(batch_size=100))
    async def take(event: dict[str, Any]) -> None:
        states.take(event)

    return broker


async def main(url: str) -> None:
    """Runs until Ctrl-C."""

    def show(id: str, one: Exchange) -> None:
        if one.state in ENDS:
            sys.stdout.write(f"{id} {one.state}: {one.model}, {one.output_tokens} tokens written\n")

    async with consumer(url, ExchangeStates(show)) as broker:
        await broker.start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
