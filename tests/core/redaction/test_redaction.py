"""Secrets are taken out of a text before it is written."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.redaction.redaction import Redactor, redact

# Made up, and put together here so that no scanner takes this file for a leak.
SECRETS = {
    "an Anthropic key": "sk-ant-" + "api03-" + "Ab1_" * 12,
    "an Anthropic token": "sk-ant-" + "oat01-" + "Ab1-" * 12,
    "an OpenAI key": "sk-" + "proj-" + "aB3" * 14,
    "a Stripe key": "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "a Google key": "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "a Google token": "ya29." + "a0AfH6SMBx_1234567890abcdef",
    "a GitHub token": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "a fine-grained GitHub token": "github_pat_" + "11ABCDEFG0123456789_abcdefghijklmnop",
    "a GitLab token": "glpat-" + "abcdefghij0123456789",
    "a Slack token": "xoxb-" + "123456789012-abcdefGHIJKL",
    "an npm token": "npm_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "a Hugging Face token": "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "an AWS key id": "AKIA" + "IOSFODNN7EXAMPLE",
    "a Slack hook": "hooks.slack.com/services/" + "T00000000/B00000000/abcdefghijkl",
    "a PyPI token": "pypi-" + "AgEIcHlwaS5vcmcCJDExMTE",
    "a SendGrid key": "SG." + "abcdefghijklmnop.qrstuvwxyz0123",
    "a bot's token": "123456789:" + "AAabcdefghijklmnopqrstuvwxyz0123456",
    "a Twilio key": "SK" + "0123456789abcdef" * 2,
    "an age key": "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "a Groq key": "gsk_" + "abcdefghijklmnopqrstuvwxyz",
    "a DigitalOcean token": "dop_v1_" + "0123456789abcdef" * 2,
    "a Vault token": "hvs." + "abcdefghijklmnopqrstuvwx",
    "a JSON web token": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "a bearer": "Bearer " + "abcdef0123456789abcdef",
    "an attestation": "cch=" + "5e2d1",
}


@pytest.mark.parametrize("what", SECRETS)
def test_known_secrets_are_taken_out(what: str) -> None:
    """Their kind stands in their place; the rest of the text stays."""
    secret = SECRETS[what]
    for around in ("{}", "the key is {}, keep it", '{{"key":"{}"}}', "export KEY={}\n", "({})", "a\n{}\nb"):
        said = redact(around.format(secret))
        assert secret.split(" ")[-1] not in said
        assert "[redacted " in said, around


def test_a_private_key_is_taken_out_whole() -> None:
    """Also when its end is missing."""
    begin, end = "-----BEGIN RSA PRIVATE " + "KEY-----", "-----END RSA PRIVATE " + "KEY-----"
    lines = "MIIEpAIBAAKCAQEA\n" * 10
    assert redact(f"before\n{begin}\n{lines}{end}\nafter") == "before\n[redacted private key]\nafter"
    assert redact(f"before\n{begin}\n{lines}") == "before\n[redacted private key]"


def test_a_secret_is_known_right_behind_other_signs() -> None:
    """A key's dashes may follow a word; what begins with a letter may follow anything but one."""
    begin = "-----BEGIN PRIVATE " + "KEY-----"
    assert redact(f"key{begin}\nMIIE") == "key[redacted private key]"
    assert redact("(é,'" + SECRETS["a GitHub token"]) == "(é,'[redacted github token]"
    assert redact("x=" + SECRETS["an attestation"] + ";") == "x=[redacted attestation];"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("password = hunter2hunter2", "password = [redacted value]"),
        ("PASSWORD: 'hunter2 hunter'", "PASSWORD: '[redacted value]'"),
        ('{"api_key": "abcdef123"}', '{"api_key": "[redacted value]"}'),
        ("-H 'Authorization: Basic YWRhOnlqUG44'", "-H 'Authorization: [redacted credentials]'"),
        ("curl -s -u ada:hunter2hunter http://x", "curl -s -u ada:[redacted value] http://x"),
        ("mysql -u root -phunter2hunter shop", "mysql -u root -p[redacted value] shop"),
        ("tool --password hunter2hunter --x", "tool --password [redacted value] --x"),
        ("machine x login ada password hunter2", "machine x login ada password [redacted value]"),
        ("environ['API_TOKEN'] = 'hunter2hunter2'", "environ['API_TOKEN'] = '[redacted value]'"),
        ("DB_PASS=hunter2hunter2", "DB_PASS=[redacted value]"),
        ("PRIVATE_KEY=0x6b3ea3fa00", "PRIVATE_KEY=[redacted value]"),
        ("-H 'Cookie: sid=hunter2hunter2; a=b' x", "-H 'Cookie: [redacted cookie]' x"),
        ("session_id = 8c1f77aa", "session_id = 8c1f77aa"),
        ("https://x/y?sv=20&sig=hunter2hunter2", "https://x/y?sv=20&sig=[redacted signature]"),
        ("git push -u origin:feature; cp -pr /a/long/path x", "git push -u origin:feature; cp -pr /a/long/path x"),
        ("a basic understanding", "a basic understanding"),
        ("DB_PASSWORD=hunter2hunter2 make", "DB_PASSWORD=[redacted value] make"),
        ("client-secret: abcdefgh", "client-secret: [redacted value]"),
        ("refresh_token=abcdefgh;", "refresh_token=[redacted value];"),
        ("postgres://me:hunter2@db/x", "postgres://me:[redacted password]@db/x"),
        ("https://user:p%40ss@host", "https://user:[redacted password]@host"),
    ],
)
def test_values_behind_telling_names_are_taken_out(text: str, said: str) -> None:
    """Name, quotes and what follows stay."""
    assert redact(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the password is a secret, and the token counts",
        "tokens: 1200",
        "password: str",
        "https://example.org:8080/path@2",
        "sk-learn is a library; task-based, risk-free",
        "def secret(x): return x",
        "The basket of eggs weighs 20 kg.",
        "see commit 4eC39HqLyjWDarjtT1zdp7dc",
    ],
)
def test_words_stay(text: str) -> None:
    """What merely speaks of secrets is none."""
    assert redact(text) == text


@given(st.text(max_size=500))
def test_any_text_can_be_redacted(text: str) -> None:
    """Twice is once."""
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "piece", ["password", "a", "eyJ", "-----BEGIN ", "http://a:", "sk-", "_", ".-", "api_key=", "secret "]
)
def test_no_text_takes_for_ever(piece: str) -> None:
    """Patterns meet what they nearly match, over and over: if one of them were to try every way, this would not end."""
    text = (piece * 200_000)[:200_000]
    assert len(redact(text)) <= len(text) * 2


def test_a_text_is_cut_to_length() -> None:
    """With a mark that it was; one that fits stays whole."""
    redactor = Redactor(10)
    assert redactor("0123456789") == "0123456789"
    assert redactor("0123456789a") == "0123456789…"


def test_nothing_is_kept_at_a_limit_of_nothing() -> None:
    """`preview = 0`."""
    assert Redactor(0)("words") == ""
    assert Redactor(10)("") == ""


def test_a_secret_across_the_cut_is_seen_whole() -> None:
    """It does not slip through because its end was cut off."""
    said = Redactor(20)("here it comes: " + SECRETS["an OpenAI key"])
    assert said == "here it comes: [reda…"


def test_redactors_of_plugins_come_after_the_bundled_one() -> None:
    """In their order, each on what the last one left."""
    seen: list[str] = []

    def first(text: str) -> str:
        seen.append(text)
        return text.replace("Ada", "[name]")

    redactor = Redactor(100, [first, str.upper])
    assert redactor("Ada has password=hunter2hunter2") == "[NAME] HAS PASSWORD=[REDACTED VALUE]"
    assert "hunter2" not in seen[0]


def test_a_redactor_that_fails_costs_the_text(caplog: pytest.LogCaptureFixture) -> None:
    """Better nothing than a secret."""
    caplog.set_level(logging.CRITICAL)

    def fails(text: str) -> str:
        raise ValueError(text)

    assert Redactor(100, [fails])("words") == ""
