"""`Profile`: all settings that a person may change, one TOML file for each kind of client; `load` reads, merges and
checks one, `in_use` gives the one that the environment names, or the default, `service_in_use` its table `[service]`,
`changed` one with other values.

A profile may `extends` another: tables merge key by key, anything else replaces. Bundled profiles come with the
package `penstock_profiles`; a person's own are in `~/.config/penstock/profiles` and win over a bundled one of the same
name (`files`). Raises `ProfileError`, with file, key and reason, for an unknown key or a value that does not fit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from penstock.base.validation import validate_table
from penstock.budget.settings import Budget, Rates
from penstock.profiles.files import PRESETS, available, bundled_dir, merge, merged
from penstock.profiles.gateway import GatewaySettings
from penstock.profiles.renamed_keys import with_current_keys
from penstock.profiles.service import ServiceSettings, service_values
from penstock.redaction.personal import PersonalData

__all__ = [
    "VARIABLE",
    "Aggressiveness",
    "Cache",
    "Kinds",
    "Limits",
    "Log",
    "Originals",
    "Outputs",
    "Profile",
    "Remembered",
    "Window",
    "changed",
    "in_use",
    "is_bundled",
    "load",
    "preset_for",
    "service_in_use",
]

VARIABLE = "PENSTOCK_PROFILE"
"""The variable of the environment that names the profile where nothing else does."""

Aggressiveness = Literal["safe", "balanced", "bold"]
"""How far edits go."""

_HOST = re.compile(r"[\w*](?:[\w*.-]*[\w*])?(?::\d{1,5})?")


class _Table(BaseModel):
    """Unknown keys are errors: a misspelled one must not be a setting that silently does nothing. The strings below the
    fields are read by people too: `penstock settings` shows them."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Limits(_Table):
    """What one request may cost."""

    stage_ms: float = Field(default=250, gt=0)
    """How long one stage may take on a request. Late means its edits are lost."""
    read_ms: float = Field(default=2000, gt=0)
    """How long reading a request, and writing it again, may take. Late means it leaves as it came."""
    store_ms: float = Field(default=1000, gt=0)
    """How long one call of a store in a database server may take while a request waits. Late means that the request
    gets no new edits, and that the provider may not find it in its cache. Read when the proxy starts."""
    background_s: float = Field(default=30, gt=0)
    """How long one stage may look at an answer. No request waits for it."""
    body_bytes: int = Field(default=64 << 20, gt=0)
    """Larger bodies, after undoing their content-encoding, pass unread."""
    failures: int = Field(default=3, gt=0)
    """So many failures of a stage in a row, and it rests."""
    rest_s: float = Field(default=60, ge=0)
    """How long a stage rests."""


class Log(_Table):
    """What is kept in the event log."""

    preview: int = Field(default=400, ge=0)
    """Characters of each text that are written. 0 keeps all texts out."""
    whole: int = Field(default=50, ge=0, le=1000)
    """So many of the last requests, as received and as forwarded, are kept in the proxy's memory, never on disk, to be
    read in full. 0 keeps none."""
    events: int = Field(default=200_000, gt=0)
    """Older events are deleted beyond so many."""
    days: float = Field(default=30, gt=0)
    """Events, and ledgers of conversations not seen, are deleted after so many days."""


class Redaction(_Table):
    """What is taken out of texts before they are written to events and memory, besides secrets."""

    personal: tuple[PersonalData, ...] = ()
    """Personal data that is taken out: `mail` (addresses), `phone`, `card` (numbers of credit cards), `iban`. Read when
    the proxy starts."""


class Originals(_Table):
    """How long what edits took away can be shown again."""

    days: float = Field(default=30, gt=0)
    """Originals are deleted after so many days."""
    megabytes: float = Field(default=512, gt=0)
    """Beyond so many, compressed, the oldest are deleted."""


class Outputs(_Table):
    """The index of tool outputs that were shortened, in which agents search."""

    enabled: bool = True
    """False: nothing is indexed. Read when the proxy starts."""
    days: float = Field(default=14, gt=0)
    """An output is deleted so many days after it was last shortened."""
    megabytes: float = Field(default=64, gt=0)
    """Beyond so many million characters of outputs, the oldest are deleted."""


class ClientHooks(_Table):
    """Hooks of Claude Code itself, which `penstock run` can set up for one session: they see what the wire does not."""

    enabled: bool = False
    """Set them up where `penstock run` is given neither `--hooks` nor `--no-hooks`."""
    gate: bool = True
    """Before a tool call: warn when a budget runs low, and refuse the call when it is used up."""
    index_chars: int = Field(default=30_000, ge=1_000)
    """After a call: keep and index outputs of so many characters and more. The client cuts such an output before it
    sends it."""
    hint: bool = True
    """At the start of a subagent: name `batch_execute`, where the sandbox offers it."""


class Cache(_Table):
    """When the provider's prompt cache counts as cold."""

    ttl_s: float | None = Field(default=None, gt=0)
    """Seconds an entry lives from the start of the request that used it last. Not set: by the model and the breakpoints
    in use."""
    margin_s: float = Field(default=10, ge=0)
    """Seconds past that until it is taken as cold."""


class Window(_Table):
    """When the model's context window counts as full, as shares of it."""

    soft: float = Field(default=0.70, gt=0, le=1)
    """From here on the screen shows the window as filling. Where a profile gives it, `safe` replaces old turns by a
    record from here on only. At most `hard`, and that where only `hard` is given and is less than the default."""
    hard: float = Field(default=0.85, gt=0, le=1)
    """From here on a flush does not wait for a cold cache."""
    received: float = Field(default=0.9, gt=0)
    """From here on the history as received is not shortened further, and shortened results are given back, so that the
    client sees how large its history is and compacts it. What a compaction of ours covers does not count. For programs
    that never compact, a large number turns this off."""

    @model_validator(mode="before")
    @classmethod
    def _soft_follows(cls, given: Any) -> Any:
        """A window that counts as full early may do without a word on `soft`."""
        hard = given.get("hard") if isinstance(given, dict) and "soft" not in given else None
        is_early = isinstance(hard, int | float) and 0 < hard < cls.model_fields["soft"].default
        return given | {"soft": hard} if is_early else given

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.soft > self.hard:
            raise ValueError(f"soft = {self.soft!r} is above hard = {self.hard!r}; at most that is right")
        return self


class Tokens(_Table):
    """How tokens are counted before the provider says how many there were."""

    counter: Literal["tokenizer", "estimate"] = "tokenizer"
    """`tokenizer`: a model's own vocabulary corrects the estimate, where it is public and on this machine.
    `estimate`: bytes and what the provider counted before, alone."""


class Remembered(_Table):
    """What is remembered of conversations, and what of it is given back."""

    enabled: bool = True
    """False: nothing is kept, nothing is recalled, and the memory is not opened."""
    embedder: str = ""
    """What turns texts into vectors. Empty: the best of those that are installed."""
    embedder_settings: dict[str, Any] = Field(default_factory=dict)
    """For `openai`: `base_url`, `model`, `api_key_env`, `dimension`."""
    chroma: str = Field(default="", pattern=r"^$|^https?://")
    """The address of a `chroma run`. Empty: the vectors are in the memory's own folder."""
    project: str = ""
    """One name for all that comes by. Empty: the folder that the client works in."""
    recall: bool = True
    """Whether what is remembered is put into requests. Without, it is kept and can be searched for."""
    recall_share: float = Field(default=0.01, gt=0, le=0.5)
    """The largest share of the model's window that a note with recalled items takes."""
    recall_tokens: int = Field(default=1000, gt=0)
    """The most tokens that a note with recalled items takes."""
    recall_items: int = Field(default=5, gt=0, le=50)
    """The most items that are recalled at once."""
    related_words: bool = True
    """Whether a search finds items by words that mean about the same, too ("puppy" for "dog")."""
    expiry_days: float = Field(default=365, gt=0)
    """What nobody pinned is forgotten after so many days."""
    active_turns: int = Field(default=6, ge=0, le=60)
    """The tags of so many last turns of a conversation are active. A memory that has no other tags is not recalled: the
    conversation has that text itself."""
    tagger: str = "keywords"
    """What says what a turn is about: `keywords`, `embedding`, `llm`, or one of a plugin's."""


class Kinds(_Table):
    """How to tell a client's own calls from a person's turns, where no header says so.

    Regular expressions, searched in the opening of the system prompt and the newest user text, 4,000 characters each.
    """

    side: tuple[str, ...] = ()
    compaction: tuple[str, ...] = ()

    @field_validator("side", "compaction")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as e:
                raise ValueError(f"{pattern!r} is no regular expression: {e}") from e
        return patterns

    @model_validator(mode="after")
    def _are_apart(self) -> Kinds:
        both = [pattern for pattern in self.side if pattern in self.compaction]
        if both:
            raise ValueError(f"{both[0]!r} is in `side` and in `compaction`; a request is of one kind: remove one")
        return self


class Profile(_Table):
    """One profile, complete."""

    name: str
    about: str = ""
    """One line for `penstock profiles list`."""
    mode: Literal["edit", "observe"] = "edit"
    """`observe` measures and never edits. What was edited before in a conversation is sent the same as long as it goes
    on: models that bind their thinking to it would refuse anything else."""
    aggressiveness: Aggressiveness = "safe"
    """How far the stages go. `safe`: edits to what was sent land, and old turns become a record, at a cold cache only.
    `balanced`: more of it. `bold`: more still, and warm flushes where the money model says that they pay."""
    attested: Literal["edit", "observe"] = "edit"
    """What to do with requests that carry the client's digest of their own body (Claude Code's `cch=`): an edit makes
    the digest stale. `observe` leaves those requests alone."""
    stages: tuple[str, ...] = ()
    """The stages to run, in order."""
    stage: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Each stage's own settings."""
    hosts: tuple[str, ...] = ()
    """Hosts to read besides the known model hosts, as `penstock.models.providers.matches` reads them, each with a port
    or without."""
    limits: Limits = Limits()
    log: Log = Log()
    redact: Redaction = Redaction()
    originals: Originals = Originals()
    outputs: Outputs = Outputs()
    hooks: ClientHooks = ClientHooks()
    cache: Cache = Cache()
    window: Window = Window()
    tokens: Tokens = Tokens()
    memory: Remembered = Remembered()
    budget: Budget = Budget()
    rate: Rates = Rates()
    prices: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """What models cost and hold, over the bundled table: `[prices.anthropic."claude-opus"]`, `input = 4.0`."""
    kinds: Kinds = Kinds()
    service: ServiceSettings = ServiceSettings()
    gateway: GatewaySettings = GatewaySettings()

    @field_validator("stages")
    @classmethod
    def _run_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for at, name in enumerate(names):
            if name in names[:at]:
                raise ValueError(f"{name!r} is listed twice; a stage runs once: remove one")
        return names

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(
                    f"{host!r} is no host: a name was expected, with a port or without, such as 'llm.example.com', "
                    "'*.example.com' or 'localhost:8000'"
                )
        return hosts

    _file: Path | None = PrivateAttr(default=None)
    _given: dict[str, Any] | None = PrivateAttr(default=None)

    @property
    def file(self) -> Path | None:
        """The profile's file. None: it was made by a program."""
        return self._file

    @property
    def given(self) -> Mapping[str, Any]:
        """The values set in its file and in those it extends, without defaults."""
        return self.model_dump(exclude_unset=True) if self._given is None else self._given

    @property
    def where(self) -> str:
        """The name of this profile in errors: its file, or its name if it has none."""
        return f"profile {self.name!r}" if self._file is None else str(self._file)

    def settings_of(self, stage: str) -> Mapping[str, Any]:
        """The table `[stage.NAME]`, empty when there is none."""
        return self.stage.get(stage, {})


def is_bundled(profile: Profile) -> bool:
    """Whether its file comes with Penstock."""
    return profile.file is not None and profile.file.parent == bundled_dir()


def in_use() -> Profile:
    """The profile that the environment names, else the default. Raises `ProfileError`."""
    return load(os.environ.get(VARIABLE, "default"))


def service_in_use() -> ServiceSettings:
    """`[service]` of the profile in use, overridden by the environment. Raises `ProfileError`."""
    return changed(in_use(), {"service": service_values()}).service


def preset_for(client: str, name: str) -> str:
    """The profile that `name` means for a client with the profile `client`: a preset is put on top of that one."""
    is_preset = name in PRESETS and available()[name].parent == bundled_dir()
    return f"{client}+{name}" if is_preset and client != "default" else name


def load(name: str) -> Profile:
    """The profile `name`, one with a preset on top (`codex+bold`), or the one in the file `name` when it ends in
    `.toml`. Raises `ProfileError`."""
    return _profile(*merged(name))


def changed(profile: Profile, over: Mapping[str, Any]) -> Profile:
    """`profile` with other values, as if a file that extends it had them. Raises `ProfileError`."""
    return _profile(profile.file, merge(dict(profile.given), with_current_keys(over, "what was changed")))


def _profile(file: Path | None, data: dict[str, Any]) -> Profile:
    profile = validate_table(Profile, data, f"{file or 'profile ' + repr(data['name'])}: ")
    profile._file, profile._given = file, data
    return profile
