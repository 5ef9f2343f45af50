"""`Exchange`: what stages and events know of one request: sender (`Identity`), `Kind`, model, prompt and `State`, but
neither credential nor body; `advance` raises `IllegalStep` if a state cannot follow the present one. `Request`: the
HTTP request as the proxy received it. The answer is in `reply.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from penstock.base.errors import IllegalStep
from penstock.base.renamed import Renamed

__all__ = ["Exchange", "Identity", "Kind", "Request", "State"]


class Kind(StrEnum):
    """The kinds of requests."""

    MAIN = "main"
    """A person's message to the main agent."""
    TOOL_LOOP = "tool-loop"
    """The main agent goes on with the results of its tools."""
    SUBAGENT = "subagent"
    SIDE = "side"
    """Titles, quota checks, warm-ups and other calls the client makes for itself."""
    COUNT = "count"
    """`count_tokens` and its like."""
    CLIENT_COMPACTION = "client-compaction"
    """The client has its history summarised."""
    OTHER = "other"
    """Could not be read as a conversation."""

    @property
    def is_real(self) -> bool:
        """Whether this is a turn that may teach: be tagged, recalled for, remembered (P9)."""
        return self in (Kind.MAIN, Kind.TOOL_LOOP, Kind.SUBAGENT)


class State(StrEnum):
    """The states of an exchange's life."""

    RECEIVED = "received"
    CLASSIFIED = "classified"
    REWRITTEN = "rewritten"
    """The stages have run."""
    FORWARDED = "forwarded"
    REFUSED = "refused"
    """Penstock answered in the provider's place."""
    ANSWERED = "answered"
    FAILED = "failed"
    PROCESSED = "processed"
    """The background work after the answer is done."""


_NEXT: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.CLASSIFIED, State.FORWARDED, State.FAILED}),
    State.CLASSIFIED: frozenset({State.REWRITTEN, State.FORWARDED, State.FAILED}),
    State.REWRITTEN: frozenset({State.FORWARDED, State.REFUSED, State.FAILED}),
    State.FORWARDED: frozenset({State.ANSWERED, State.FAILED}),
    State.ANSWERED: frozenset({State.PROCESSED}),
    State.REFUSED: frozenset(),
    State.FAILED: frozenset(),
    State.PROCESSED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, as the proxy received it."""

    id: str
    """Unique for each exchange."""
    method: str
    host: str
    path: str
    """The path, without the query."""
    headers: Mapping[str, str]
    """Names in lower case. Credentials are in here: this object never reaches a stage, the disk or a log."""
    body: bytes = field(repr=False)
    """The body as received, in its content-encoding."""
    profile: str = ""
    """A profile asked for by the client, instead of the proxy's own."""
    port: int = 0
    """The port of `host`. 0: not known."""
    is_local: bool = True
    """The request comes from this machine."""
    workspace: str = ""
    """The workspace of the gateway whose key the request came with; empty: it came with none. Conversations, accounts
    and memory of a workspace are its own, whatever credential the provider sees."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sent a request: provider, session, agent, client, project."""

    conversation: str
    """Stable id of this agent's conversation, the same after a restart; no credential can be read from it."""
    provider: str
    """Who serves the request; see `penstock.models.providers`."""
    session: str
    """The client's own session id; empty when it sends none."""
    agent: str
    """"main", or the client's id of a subagent."""
    client: str
    """The program: `claude-code`, `codex`, ..."""
    project: str = ""
    """The project: the repository or folder that the client works in, or the account if it names none."""
    account: str = field(default="", compare=False)
    """A digest of the account of the credential; the credential cannot be read from it."""
    owner: str = field(default="", compare=False)
    """The account whose memory the request may see: a digest of the provider and of what identifies the account there,
    which stays while access tokens are renewed. Empty: not determined."""


@dataclass(slots=True)
class Exchange:
    """One request and its answer, as stages and events know it. Holds no credential."""

    id: str
    dialect: str
    path: str
    kind: Kind
    identity: Identity
    model: str
    host: str = ""
    """The host that the request is for, without a port; empty where a program asks the engine itself."""
    epoch: int = 0
    """Goes up when the history shrank: the client compacted, rewound or branched."""
    turn: int = 0
    """How many messages of a person the history holds."""
    is_retry: bool = False
    """The same body was sent before (P10)."""
    prompt: str = ""
    """The user's prompt in this request, without envelopes and reminders. Empty in a tool loop."""
    received_at: float = 0.0
    """Seconds since the epoch."""
    state: State = State.RECEIVED

    words = Renamed("prompt")

    def copy(self) -> Exchange:
        """An equal one, to be given away. `dataclasses.replace` takes five times as long."""
        made = object.__new__(type(self))
        for name in self.__slots__:
            setattr(made, name, getattr(self, name))
        return made

    def advance(self, state: State) -> None:
        """Go to `state`. Raises `IllegalStep` if it cannot follow the present one."""
        if state not in _NEXT[self.state]:
            ways = ", ".join(sorted(_NEXT[self.state])) or "nothing: it has ended"
            raise IllegalStep(f"exchange {self.id} is {self.state}; after that comes {ways}, not {state}")
        self.state = state
