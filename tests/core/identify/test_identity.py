"""Who is talking: told from what real clients send, never from the connection."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import Identity
from penstock.conversation.exchange import Request
from penstock.identify.identity import client_of, identify
from penstock.testing import assistant, conversation, dialect_of, path_of, user
from tests.shapes import SESSION, SHAPES, claude_code, claude_code_headers

KEY = b"k" * 32


def who(body: bytes, headers: Mapping[str, str], *, dialect: str = "anthropic", key: bytes = KEY) -> Identity:
    reader = dialect_of(dialect)
    path = path_of(dialect)
    request = Request("x", "POST", "localhost", path, headers, body)
    return identify(request, reader.read(body, path), reader.provider, key)


HELLO = conversation(user("hello"))

CLIENTS = {
    "claude-code": ("claude-code", SESSION),
    "opencode": ("opencode", "ses_3a91"),
    "codex": ("codex", "01a1-codex"),
    "openai-sdk": ("openai-python", ""),
    "ollama-sdk": ("ollama-python", ""),
    "ollama-prompt": ("curl", ""),
    "gemini-cli": ("gemini-cli", ""),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_clients_and_sessions_of_the_known_shapes(shape: str) -> None:
    """The program by its name, the session by what it sends."""
    sent = SHAPES[shape]([user("hello")])
    found = who(sent.body, sent.headers, dialect=sent.dialect)
    assert (found.client, found.session) == CLIENTS[shape]
    assert found.agent == "main"
    assert found.provider == dialect_of(sent.dialect).provider


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("claude-cli/2.1.329 (external, cli)", "claude-code"),
        ("claude-code/2.1.329", "claude-code"),
        ("codex_exec/0.169.0 (Debian 12.0.0; x86_64) dumb", "codex"),
        ("codex-tui/0.169.0", "codex"),
        ("opencode/1.18.33 ai-sdk/provider-utils/4.0.46 runtime/bun/1.3.14", "opencode"),
        ("GeminiCLI-tui/0.61.0/gemini-2.5-pro (linux; x64; terminal)", "gemini-cli"),
        ("litellm/1.81.10", "litellm"),
        ("ollama-python/0.6.3 (x86_64 linux) Python/3.11.7", "ollama-python"),
        ("Anthropic/Python 1.17.0", "anthropic-python"),
        ("Anthropic/JS 1.11.0", "anthropic-js"),
        ("OpenAI/Python 3.52.0", "openai-python"),
        ("AsyncOpenAI/Python 3.52.0", "openai-python"),
        ("OpenAI/JS 6.49.0", "openai-js"),
        ("curl/8.5.0", "curl"),
        ("MyAgent (by me)", "myagent"),
        ("", ""),
    ],
)
def test_the_program_is_told_by_its_user_agent(agent: str, name: str) -> None:
    """One nobody knows by its first word."""
    assert client_of({"user-agent": agent}) == name


def test_a_name_is_short() -> None:
    """Whatever somebody sends."""
    assert len(client_of({"user-agent": "x" * 5000})) <= 40


@pytest.mark.parametrize(
    "user_id",
    [
        json.dumps({"device_id": "d", "account_uuid": "", "session_id": SESSION}),
        f"user_{'0' * 64}_account__session_{SESSION}",
    ],
)
def test_claude_code_names_its_session_in_the_body_too(user_id: str) -> None:
    """As JSON in a string, as it does now, or at the end of one, as it did."""
    body = conversation(user("hello"), metadata={"user_id": user_id})
    assert who(body, {}).session == SESSION


@pytest.mark.parametrize("metadata", [{}, {"user_id": "me"}, {"user_id": 7}, {"user_id": "{}"}, "text", None, []])
def test_other_metadata_names_no_session(metadata: object) -> None:
    """It is anybody's."""
    assert who(conversation(user("hello"), metadata=metadata), {}).session == ""


def test_a_cache_key_stands_for_a_session() -> None:
    """Programs on OpenAI's API set one for each conversation."""
    body = conversation(user("hello"), dialect="openai-responses", prompt_cache_key="talk-1")
    assert who(body, {}, dialect="openai-responses").session == "talk-1"


def test_the_same_session_is_the_same_conversation() -> None:
    """However far it has come, whatever its token is today."""
    first = who(HELLO, {"x-session-id": SESSION, "authorization": "Bearer old"})
    later = conversation(user("other"), assistant("yes"), user("more"))
    assert who(later, {"x-session-id": SESSION, "authorization": "Bearer renewed"}) == first


@pytest.mark.parametrize(
    "body", [HELLO, conversation(user("hello"), dialect="openai-responses", prompt_cache_key="app")]
)
def test_what_many_may_send_keeps_accounts_apart(body: bytes) -> None:
    """A short session id or a program's cache key is no secret: two accounts never share a conversation by it."""
    dialect = "anthropic" if body is HELLO else "openai-responses"
    headers = {"x-session-id": "app"} if body is HELLO else {}
    alice = who(body, {**headers, "authorization": "Bearer alice"}, dialect=dialect)
    bob = who(body, {**headers, "authorization": "Bearer bob"}, dialect=dialect)
    assert alice.conversation != bob.conversation


def test_cookies_do_not_make_another_conversation() -> None:
    """They change from answer to answer."""
    one = who(HELLO, {"x-api-key": "k", "cookie": "__cf_bm=1"})
    assert who(HELLO, {"x-api-key": "k", "cookie": "__cf_bm=2"}) == one


def test_without_a_session_the_first_words_and_the_account_count() -> None:
    """The history grows, its head stays; another account or another head is another conversation."""
    first = who(HELLO, {"x-api-key": "a"})
    assert who(conversation(user("hello"), assistant("yes"), user("more")), {"x-api-key": "a"}) == first
    assert who(HELLO, {"x-api-key": "b"}).conversation != first.conversation
    assert who(conversation(user("good day")), {"x-api-key": "a"}).conversation != first.conversation


def test_the_system_prompt_does_not_count() -> None:
    """It changes by the day; so do breakpoints and the billing line."""
    ids = {
        who(conversation(user("hello"), system=system, cache=cache), {"x-api-key": "a"}).conversation
        for system in ("It is Monday.", "It is Tuesday.")
        for cache in ("", "1h")
    }
    ids.add(who(conversation(user("hello")), {"x-api-key": "a"}).conversation)
    assert len(ids) == 1


def test_agents_of_one_session_are_apart() -> None:
    """Each has a history of its own."""
    main = who(claude_code([user("hello")]), claude_code_headers())
    sub = who(claude_code([user("hello")]), claude_code_headers("subagent", agent="a1"))
    other = who(claude_code([user("hello")]), claude_code_headers("subagent", agent="a2"))
    assert (main.agent, sub.agent, other.agent) == ("main", "a1", "a2")
    assert len({main.conversation, sub.conversation, other.conversation}) == 3
    assert main.session == sub.session


def test_codex_names_its_main_thread_after_the_session() -> None:
    """Another thread is another agent."""
    body = conversation(user("hello"), dialect="openai-responses")
    assert who(body, {"session-id": "s", "thread-id": "s"}, dialect="openai-responses").agent == "main"
    assert who(body, {"session-id": "s", "thread-id": "t"}, dialect="openai-responses").agent == "t"


def test_providers_are_apart() -> None:
    """The same session id at two of them is two conversations."""
    one = who(HELLO, {"x-session-id": "s"})
    other = who(conversation(user("hello"), dialect="openai-chat"), {"x-session-id": "s"}, dialect="openai-chat")
    assert one.conversation != other.conversation


def test_an_id_cannot_be_made_without_the_key() -> None:
    """24 hexadecimal digits that say nothing."""
    found = who(HELLO, {"x-session-id": "s"})
    assert len(found.conversation) == 24
    assert set(found.conversation) <= set("0123456789abcdef")
    assert who(HELLO, {"x-session-id": "s"}, key=b"o" * 32).conversation != found.conversation


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_header_is_taken(session: str, agent: str) -> None:
    """Cut to a length that can be kept; two that differ are two."""
    found = who(HELLO, {"x-session-id": session, "x-claude-code-agent-id": agent})
    assert len(found.session) <= 200
    assert len(found.agent) <= 200
    assert found == who(HELLO, {"x-session-id": session, "x-claude-code-agent-id": agent})


def signed(key: str, day: str, signature: str) -> dict[str, str]:
    scope = f"{key}/{day}/us-east-1/bedrock/aws4_request"
    fields = f"Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}"
    return {"authorization": f"AWS4-HMAC-SHA256 {fields}", "x-amz-security-token": "t" * 40}


def test_a_signature_does_not_make_another_conversation() -> None:
    """Each request has its own; the key that signs is the account."""
    first = who(HELLO, signed("AKIDEXAMPLE", "20261122", "0123"))
    assert who(HELLO, signed("AKIDEXAMPLE", "20261123", "4567")) == first
    assert who(HELLO, signed("AKIDEXAMPLE", "20261123", "4567")).account == first.account
    assert who(HELLO, signed("AKIDOTHER", "20261122", "0123")).conversation != first.conversation


@pytest.mark.parametrize(("host", "port"), [("api.anthropic.com", 443), ("127.0.0.1", 11434), ("openrouter.ai", 443)])
def test_the_host_tells_the_provider_and_not_the_conversation(host: str, port: int) -> None:
    """Prices are the host's; a client that changes its base address in the middle goes on with its conversation."""
    reader = dialect_of("anthropic")
    request = Request("x", "POST", host, "/v1/messages", {"x-session-id": SESSION}, HELLO, port=port)
    found = identify(request, reader.read(HELLO, "/v1/messages"), reader.provider, KEY)
    assert found.conversation == who(HELLO, {"x-session-id": SESSION}).conversation
    assert found.provider == ("ollama" if port == 11434 else host.split(".")[-2])


def token(n: int, kind: str = "sk-ant-oat01-") -> dict[str, str]:
    return {"authorization": f"Bearer {kind}{n}abcdefghijkl"}


def of_account(account: str) -> bytes:
    """A request of Claude Code, logged in with an account."""
    body = json.loads(claude_code([user("hello")]))
    body["metadata"]["user_id"] = json.dumps({"device_id": "d", "account_uuid": account, "session_id": SESSION})
    return json.dumps(body).encode()


ACCOUNT = "5b0f8f0e-55a8-4a4f-8a4e-0f6d5a3b2c1d"


def test_an_account_stays_the_same_while_its_access_tokens_are_renewed() -> None:
    """Claude Code's are opaque and live for hours; its account's id is in the request."""
    body = of_account(ACCOUNT)
    assert who(body, token(1)).owner == who(body, token(2)).owner
    assert who(body, token(1)).account == who(body, token(2)).account
    assert who(of_account(ACCOUNT.replace("5", "6")), token(1)).owner != who(body, token(1)).owner


def test_an_api_key_can_not_name_another_account() -> None:
    """What a request says of its account counts with a token of a login alone: a key is an account of its own."""
    ours, theirs = {"x-api-key": "sk-ant-api03-ours"}, {"x-api-key": "sk-ant-api03-theirs"}
    assert who(of_account(ACCOUNT), ours).owner != who(of_account(ACCOUNT), theirs).owner
    assert who(of_account(ACCOUNT), theirs).owner != who(of_account(ACCOUNT), token(1)).owner


def test_an_account_counts_at_its_own_provider_alone() -> None:
    """A made-up token says whatever it likes: the provider refuses it, and another one must not be asked instead."""
    body = of_account(ACCOUNT)
    at = [Request("x", "POST", host, "/v1/messages", token(1), body) for host in ("api.anthropic.com", "openrouter.ai")]
    owners = {identify(one, dialect_of("anthropic").read(body, one.path), "anthropic", KEY).owner for one in at}
    assert len(owners) == 2


@pytest.mark.parametrize("kind", ["ya29.", "ghu_", "sk-ant-oat01-"])
def test_a_renewed_token_that_tells_no_account_is_this_machines_user(kind: str) -> None:
    """One person at one machine keeps their memory. From elsewhere nobody knows who it is: the token counts."""

    def owner(n: int, *, is_local: bool) -> str:
        request = Request("x", "POST", "localhost", path_of("anthropic"), token(n, kind), HELLO, is_local=is_local)
        return identify(request, dialect_of("anthropic").read(HELLO, request.path), "anthropic", KEY).owner

    assert owner(1, is_local=True) == owner(2, is_local=True)
    assert owner(1, is_local=False) != owner(2, is_local=False)
    assert who(HELLO, {"x-api-key": "k1"}).owner != who(HELLO, {"x-api-key": "k2"}).owner


def test_no_credential_can_be_read_from_an_owner() -> None:
    """It is made with the key of this installation."""
    assert who(HELLO, token(1)).owner != who(HELLO, token(1), key=b"x" * 32).owner
    assert "abcdefghijkl" not in who(HELLO, token(1)).owner
