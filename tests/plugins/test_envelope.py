"""Envelope stripping: every pattern of the bundled profiles on what clients really wrap around a person's words."""

from __future__ import annotations

import json
import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import EventKind, Stage
from penstock.base.errors import ProfileError
from penstock.plugins.manager import Plugins
from penstock.plugins.stage import StageOutcome
from penstock.profiles.envelope_rules import Rule, Stripper
from penstock.testing import Session, assistant, call, conversation, profile_of, results, run_stage, user
from tests.shapes import claude_code, claude_code_headers

PATTERNS: dict[str, list[dict[str, str]]] = tomllib.loads(
    resources.files("penstock_profiles").joinpath("default.toml").read_text(encoding="utf-8")
)["stage"]["envelope"]["patterns"]


def envelope(toml: str = "", base: str = "default") -> Stage:
    """The stage as the bundled plugin gives it for a profile."""
    (stage,) = [s for s in Plugins.load(blocked=["all"]).stages(profile_of(toml, base=base)) if s.name == "envelope"]
    return stage


def words(text: str, *, sets: str = '"coding", "chat"') -> str:
    """What is left of a person's message."""
    stage = envelope(f"[stage.envelope]\nsets = [{sets}]")
    return run_stage(stage, conversation(user(text))).draft.prompt


# For each pattern of the profile, by set and place: a text as clients write it, and the words in it.
CASES: dict[tuple[str, int], list[tuple[str, str]]] = {
    ("coding", 0): [
        (
            "<system-reminder>\nToday's date is 2031-02-03.\n</system-reminder>\nfix the build",
            "fix the build",
        ),
        (
            "fix the build\n\n<system-reminder>\na.py was changed.\n</system-reminder>\n"
            "<system-reminder>\nb.py too.\n</system-reminder>",
            "fix the build",
        ),
        ("<SYSTEM-REMINDER>a</SYSTEM-REMINDER>fix<System-Reminder>b</system-reminder> it", "fix it"),
    ],
    ("coding", 1): [
        ("<local-command-stdout>Set model to fast</local-command-stdout>\nand now go on", "and now go on"),
        ("<local-command-stderr>\nno such file\n</local-command-stderr>\nwhy?", "why?"),
        ("<local-command-caveat>Messages below were made by a command.</local-command-caveat>\nhello", "hello"),
    ],
    ("coding", 2): [
        (
            "<command-name>/compact</command-name>\n  <command-message>compact</command-message>\n"
            "  <command-args>keep what\nis about the kiln</command-args>\nand go on",
            "and go on",
        ),
        ("<command-message>clear</command-message>\n<command-name>/clear</command-name>", ""),
        (
            "<command-name>/clear</command-name>\n<command-name>/fix</command-name>"
            "<command-args>the login</command-args>",
            "the login",
        ),
    ],
    ("coding", 3): [
        (
            "<command-name>/review</command-name>\n<command-message>it is running</command-message>\nlook at main.py",
            "look at main.py",
        ),
        ("<command-contents>A long prompt.</command-contents>\ngo", "go"),
    ],
    ("coding", 4): [
        ("<user-prompt-submit-hook>\nbranch: main\n</user-prompt-submit-hook>\nmerge it", "merge it"),
        ("merge it\n<user-prompt-submit-hook>Success</user-prompt-submit-hook>", "merge it"),
    ],
    ("coding", 5): [
        ("<environment_context>\n  <cwd>/src</cwd>\n  <shell>bash</shell>\n</environment_context>\nrun it", "run it"),
        ("<session_context>\nToday is Monday.\n</session_context>\n\nrun it", "run it"),
        ("<ide_opened_file>The user opened a.py.</ide_opened_file>\nexplain it", "explain it"),
        ("<ide_selection>line 3 of a.py</ide_selection> explain it", "explain it"),
        ("<task-notification>\n<status>done</status>\n</task-notification>\nand now?", "and now?"),
    ],
    ("coding", 6): [
        ("[Image #1]\nwhat is wrong here?", "what is wrong here?"),
        ("what is wrong here?\n[Image: /home/me/shot.png]  \n[File 2: notes.txt]", "what is wrong here?"),
        ("[Attachment]\nread it", "read it"),
    ],
    ("coding", 7): [
        ("<command-name>/fix</command-name>\n<command-args>the login page</command-args>", "the login page")
    ],
    ("coding", 8): [("<user_query>\nrename this function\n</user_query>", "rename this function")],
    ("coding", 9): [
        ("<bash-input>make</bash-input>", ""),
        ("<bash-stdout>ok</bash-stdout><bash-stderr></bash-stderr>\ngo on", "go on"),
    ],
    ("coding", 10): [
        ("merge it\n<system-reminder>\nToday's date is", "merge it"),
        ("<SYSTEM-REMINDER>Today's date\n\nis ```\n", ""),
        ("merge it\n\n  <user-prompt-submit-hook>branch: main", "merge it"),
    ],
    ("chat", 0): [("[vc:prompt]\ntell me a story", "tell me a story")],
    ("chat", 1): [("[vc:user]tell me a story[/vc:user]", "tell me a story")],
    ("chat", 2): [
        ("System: [2031-02-03 10:00] Ada joined.\nhello Ada", "hello Ada"),
        ("System: [Mon 2031-02-03 10:00:17 GMT+8] Exec completed (kiln, code 0)\n\nso?", "so?"),
        ("System (untrusted): [2031-02-03 10:00:17 PST] Model switched.\nso?", "so?"),
    ],
    ("chat", 3): [
        (
            'Conversation info (untrusted metadata):\n```json\n{\n  "id": "4",\n  "sender": "Ada"\n}\n```\n\ngo',
            "go",
        )
    ],
    ("chat", 4): [('Sender (untrusted metadata):\n```json\n{"name": "Ada"}\n```\nfire it', "fire it")],
    ("chat", 5): [('Thread starter (untrusted, for context):\n```json\n{"body": "x"}\n```\nfire it', "fire it")],
    ("chat", 6): [('Replied message (untrusted, for context):\n```json\n{"body": "x"}\n```\nfire it', "fire it")],
    ("chat", 7): [("Forwarded message context (untrusted metadata):\n```json\n{}\n```\nfire it", "fire it")],
    ("chat", 8): [("Chat history since last reply (untrusted, for context):\n```json\n[]\n```\nfire it", "fire it")],
    ("chat", 9): [
        ("[Channel general id:12345 2031-02-03 10:00] hello all", "hello all"),
        ("[Telegram Alice id:-100123 +2m 2031-02-03 10:00 UTC] hello all", "hello all"),
    ],
    ("chat", 10): [
        ("hello all\n[message_id: 9876]", "hello all"),
        ("hello all\n[message_id: 3B055A63F491AAEC4994]", "hello all"),
        ("hello all\n[slack message id: 1770824441.451 channel: C0AELHDE84Q]", "hello all"),
    ],
    ("chat", 11): [
        (
            "[Chat messages since your last reply - for context]\nAda: is it hot?\n\n"
            "[Current message - respond to this]\nBob: well?",
            "Ada: is it hot?\n\nBob: well?",
        )
    ],
}


def test_every_pattern_is_tried() -> None:
    """A pattern that is added gets a text of its own here."""
    assert set(CASES) == {(name, n) for name, rules in PATTERNS.items() for n in range(len(rules))}


@pytest.mark.parametrize(
    ("text", "left"), [pytest.param(*case, id=f"{name}-{n}") for (name, n), cases in CASES.items() for case in cases]
)
def test_a_persons_words_are_what_is_left(text: str, left: str) -> None:
    """Without what their client wrapped around them."""
    assert words(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "how do I write <system-reminder> in a prompt?",
        "the <system-reminder> tag is never closed: why?\nAnd `<SYSTEM-REMINDER>`?",
        "> <system-reminder>\nis what you said",
        "look:\n```xml\n<system-reminder>\n```\nwhy is it there?",
        "look:\n```\na\n```\nand\n```py\n  <system-reminder>\n```\nwhy?",
        "the tag </command-name> alone",
        "what does `<user-prompt-submit-hook>` do?",
        "/compact is broken",
        "[Image processing] is what I need",
        "see [File: a.py] in the middle",
        "System: what is it?",
        "System: [OK] is all it says",
        "Sender (untrusted metadata):\nwhat does that mean?",
        "[message_id: 7] is not found",
        "[INFO 2031-02-03 10:00] started\n[ERROR worker id:7 2031-02-03 10:01] stopped",
        "[link](https://example.com) says so",
        "[Channel tunnel] opened",
        "a list:\n\n\n\nwith blank lines",
        "  indented  ",
        "<b>bold</b>",
    ],
)
def test_words_that_look_like_an_envelope_stay(text: str) -> None:
    """To the last blank: what is not stripped is not tidied either."""
    assert words(text) == text.strip()


def test_rules_are_applied_in_their_order() -> None:
    """What one leaves the next one sees."""
    for rules, left in (("{ drop = 'b' }, { drop = 'ac' }", "!"), ("{ drop = 'ac' }, { drop = 'b' }", "ac!")):
        stage = envelope(f'[stage.envelope]\nsets = ["user"]\n[stage.envelope.patterns]\nuser = [{rules}]')
        assert run_stage(stage, conversation(user("abc!"))).draft.prompt == left


def test_a_person_adds_patterns_of_their_own() -> None:
    """Beside the bundled sets, in a profile that extends one."""
    stage = envelope("[stage.envelope.patterns]\nuser = [{ drop = '(?m)^-- $(?s:.*)' }]")
    text = "<system-reminder>x</system-reminder>\nplease\n-- \nAda Lovelace, Analyst"
    assert run_stage(stage, conversation(user(text))).draft.prompt == "please"


def test_by_default_only_the_words_are_stripped() -> None:
    """What is sent stays as it is; the verdict says so."""
    body = conversation(user("<user_query>rename it</user_query>"))
    result = run_stage(envelope(), body)
    assert result.draft.prompt == "rename it"
    assert result.body == body
    assert (result.verdict.outcome, result.verdict.remark) == (StageOutcome.NOTHING, "prompt only")


SEND = '[stage.envelope]\napply = "send"\nsets = ["coding", "chat"]'


def test_what_is_sent_can_be_stripped_too() -> None:
    """`apply = "send"`: a person's texts, each on its own; never the model's, never a tool's."""
    wrapped = "<user_query>rename it</user_query>"
    body = conversation(
        user("[Image #1]\nlook", wrapped), assistant(wrapped, call("Bash", command=wrapped)), results(wrapped)
    )
    result = run_stage(envelope(SEND), body)
    assert [e.text for e in result.edits] == ["look", "rename it"]
    messages = json.loads(result.body)["messages"]
    assert messages[1:] == json.loads(body)["messages"][1:]


def test_a_text_that_is_nothing_but_envelope_stays() -> None:
    """No text block can be empty."""
    body = conversation(user("<system-reminder>x</system-reminder>", "hello"))
    result = run_stage(envelope(SEND), body)
    assert result.body == body
    assert (result.verdict.outcome, result.verdict.remark) == (StageOutcome.NOTHING, "no envelope")


def test_what_was_stripped_stays_stripped() -> None:
    """Replayed on every later request, whether the message is new or not."""
    profile = profile_of(SEND)
    said = [user("[vc:user]hello[/vc:user]")]
    with Session(plugins=Plugins.load(blocked=["all"]), profile=profile) as session:
        for n in range(3):
            left = json.loads(session.send(conversation(*said)))["messages"]
            assert [m["content"] for m in left][::2] == ["hello", *["again"] * n]
            said += [assistant("yes"), user("[vc:user]again[/vc:user]")]
        landed = [e.payload["state"] for e in session.events(EventKind.EDIT)]
    assert landed == ["landed"] * 3


@pytest.mark.parametrize(
    "base", ["default", "claude-code", "codex", "opencode", "gemini", "ollama", "openai", "observe"]
)
def test_the_default_sets_strip_chat_envelopes_too(base: str) -> None:
    """Chat gateways run on the same clients and models; nobody has to know of a profile for them."""
    said = (
        "System: [2031-02-03 10:00:00 UTC] Up.\n[Telegram Ada id:-100123 x] [vc:user]hello[/vc:user]\n[message_id: 2]"
    )
    assert run_stage(envelope(base=base), conversation(user(said))).draft.prompt == "hello"


def test_what_the_model_needs_is_sent() -> None:
    """Who wrote, and what others wrote, is no word of this person, but it is context: it stays in the request."""
    said = 'Sender (untrusted metadata):\n```json\n{"name": "Ada"}\n```\n\n[Discord Ada user id:7 +1m] hello'
    result = run_stage(envelope(base="openclaw"), conversation(user(said)))
    assert result.draft.prompt == "hello"
    sent = json.loads(result.body)["messages"][0]["content"]
    assert sent == 'Sender (untrusted metadata):\n```json\n{"name": "Ada"}\n```\n\nhello'


def test_the_openclaw_profile_strips_what_is_sent() -> None:
    """Chat gateways wrap every message; the model has no use for it."""
    stage = envelope(base="openclaw")
    result = run_stage(stage, conversation(user("[Channel general id:1 x] hello\n[message_id: 2]")))
    assert json.loads(result.body)["messages"][0]["content"] == "hello"


def test_claude_codes_reminders_are_not_its_users_words() -> None:
    """In the shape it sends them: beside the words, and inside them."""
    with Session(envelope(), headers=claude_code_headers()) as session:
        session.send(claude_code([user("<system-reminder>x</system-reminder>\nhello")]))
        assert session.events(EventKind.CLASSIFIED)[0].payload["words"] == "hello"


def test_a_very_long_text_is_stripped_at_its_beginning() -> None:
    """Patterns are not let loose on megabytes; the rest stays as it is."""
    tail = "x" * 200_000 + "<system-reminder>late</system-reminder>"
    assert words(f"<system-reminder>early</system-reminder>\n{tail}") == tail


MEGABYTE = 1_000_000
PIECES = [
    "<system-reminder>",
    "<local-command-stdout><local-command-stderr>",
    "<command-name>",
    "<command-name>/clear</command-name><command-args>",
    "<command-name>/clear</command-name> <command-args><a ",
    "<command-message></command-message> ",
    "<environment_context></environment_contex>",
    "[Image #1: ",
    "[Image #1]  \n",
    "```\n",
    "```x\n  <system-reminder\n",
    "  \t",
    "\n",
    "[vc:user]",
    "System: [2031-02-03 ",
    "System: [2031-02-03 10:00] ",
    "Sender (untrusted metadata):\n```json\n",
    "[Telegram Ada id:1 ",
    "\n[Telegram Ada id:1 ",
    "\n[Telegram id:1 id:1 id:1]x",
    "\n[slack message id: 1",
    "[",
    "\n[",
    "a",
]


@pytest.mark.parametrize("piece", PIECES)
def test_no_text_makes_a_rule_slow(piece: str) -> None:
    """Each bundled rule reads a megabyte of the worst that we know of in linear time. With a rule that reads the rest
    of the text again for each beginning, this test would take hours."""
    text = (piece * (MEGABYTE // len(piece)))[:MEGABYTE]
    for name, rules in PATTERNS.items():
        for n, rule in enumerate(rules):
            assert len(Rule(**rule)(text)) <= MEGABYTE, (name, n)  # type: ignore[arg-type]


TEXTS = [case for cases in CASES.values() for case, _ in cases]


@given(st.text(max_size=200), st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3))
def test_nothing_is_added_and_nothing_lost(text: str, around: list[str]) -> None:
    """Whatever stands between the envelopes: what is left are lines that were there, in their order."""
    strip = Stripper([Rule(**rule) for name in ("coding", "chat") for rule in PATTERNS[name]])  # type: ignore[arg-type]
    whole = "\n".join([text, *around])
    left = iter(whole)
    assert all(c in left for c in strip(whole).replace("\n", ""))


LETTERS = "abc ÄÖ\n.,;!?()0123-+"


@given(st.text(alphabet=LETTERS, max_size=300))
def test_words_without_brackets_and_tags_stay(text: str) -> None:
    """To the last blank: an envelope has marks, and what has none of them is a person's."""
    strip = Stripper([Rule(**rule) for name in ("coding", "chat") for rule in PATTERNS[name]])  # type: ignore[arg-type]
    assert strip(text) == text


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("apply = 'sned'", ["stage.envelope.apply = 'sned'", "'words' or 'send'"]),
        ("aply = 'send'", ["stage.envelope.aply", "'apply'"]),
        ("sets = ['codign']", ["there is no set of patterns 'codign'", "'coding'"]),
        ("[stage.envelope.patterns]\nuser = [{ drop = '(' }]", ["stage.envelope.patterns.user.0", "'('"]),
        (
            "[stage.envelope.patterns]\nuser = [{ drop = 'a', unwrap = '(b)' }]",
            ["user.0: a rule has exactly one of `drop`"],
        ),
        ("[stage.envelope.patterns]\nuser = [{}]", ["user.0: a rule has exactly one of `drop`"]),
        ("[stage.envelope.patterns]\nuser = [{ unwrap = 'b' }]", ["'b' has no group to keep"]),
        ("[stage.envelope.patterns]\nuser = [{ drop_tags = ['<b>'] }]", ["stage.envelope.patterns.user.0.drop_tags.0"]),
        (
            "[stage.envelope.patterns]\nuser = [{ drop_between = ['a'] }]",
            ["stage.envelope.patterns.user.0.drop_between"],
        ),
        ("[stage.envelope.patterns]\nuser = [{ drop_between = ['', 'a'] }]", ["user.0.drop_between.0"]),
        ("[stage.envelope.patterns]\nuser = [{ headers = 'Ops' }]", ["stage.envelope.patterns.user.0.headers = 'Ops'"]),
        ("[stage.envelope.patterns]\nuser = [{ keep = 'b' }]", ["stage.envelope.patterns.user.0.keep"]),
    ],
)
def test_a_wrong_setting_stops_the_start(toml: str, said: list[str]) -> None:
    """With the key, the value and what was expected."""
    with pytest.raises(ProfileError) as caught:
        envelope(toml if toml.startswith("[") else f"[stage.envelope]\n{toml}")
    for part in said:
        assert part in str(caught.value)
