"""What a client finds in its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock_addons.cli import environment

CA, BUNDLE = Path("/ca.pem"), Path("/bundle.pem")
PROXY = "http://127.0.0.1:8080"


def _environ(before: dict[str, str] | None = None, **more: bool) -> dict[str, str]:
    return environment.for_client(before or {}, proxy=PROXY, ca=CA, bundle=BUNDLE, **more)


def test_every_client_finds_the_proxy() -> None:
    """In the spellings that different programs read."""
    found = _environ({"HTTPS_PROXY": "http://old:1"})
    assert found["HTTPS_PROXY"] == found["https_proxy"] == PROXY
    assert found["NODE_USE_ENV_PROXY"] == "1"


def test_plain_http_stays_as_it_is() -> None:
    """A person's own servers on this machine are none of ours, until Ollama is asked for."""
    assert not {"HTTP_PROXY", "http_proxy"} & _environ().keys()
    assert _environ({"HTTP_PROXY": "http://old:1"})["HTTP_PROXY"] == "http://old:1"
    assert _environ(plain_http=True)["HTTP_PROXY"] == PROXY


def test_every_client_trusts_the_certificate() -> None:
    """Where a variable replaces a client's roots it names all of them; where it adds to them, ours is enough."""
    found = _environ()
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CODEX_CA_CERTIFICATE", "AWS_CA_BUNDLE"):
        assert found[name] == str(BUNDLE)
    assert found["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] == str(BUNDLE)
    assert found["NODE_EXTRA_CA_CERTS"] == str(CA)


def test_roots_of_a_company_stay_trusted() -> None:
    """The bundle holds them, so a variable that named them names the bundle."""
    assert _environ({"NODE_EXTRA_CA_CERTS": "/company.pem"})["NODE_EXTRA_CA_CERTS"] == str(BUNDLE)


def test_all_else_is_as_it_was() -> None:
    """Nothing is taken away, `NO_PROXY` included."""
    before = {"PATH": "/bin", "NO_PROXY": "localhost", "ANTHROPIC_API_KEY": "dummy"}
    assert before.items() <= _environ(before).items()


@pytest.mark.parametrize(
    ("no_proxy", "left_out"),
    [
        ("", []),
        ("localhost,127.0.0.1,::1", []),
        ("other.example", []),
        ("anthropic.com", ["api.anthropic.com"]),
        (".anthropic.com", ["api.anthropic.com"]),
        ("*.anthropic.com", ["api.anthropic.com"]),
        ("localhost, API.OpenAI.com", ["api.openai.com"]),
        ("thropic.com", []),
        (".test.example", ["run.*.test.example"]),
        ("*", ["api.anthropic.com", "api.openai.com", "run.*.test.example"]),
    ],
)
def test_knows_the_hosts_that_go_past_us(no_proxy: str, left_out: list[str]) -> None:
    """As the programs that read `NO_PROXY` understand it."""
    hosts = ("api.anthropic.com", "api.openai.com", "run.*.test.example", "*.openai.azure.com", "*:11434")
    assert environment.left_out({"NO_PROXY": no_proxy}, hosts) == left_out
    assert environment.left_out({"no_proxy": no_proxy, "NO_PROXY": "other"}, hosts) == (left_out if no_proxy else [])


def test_knows_the_proxy_before_us() -> None:
    """The lower-case name wins, as it does for curl."""
    assert environment.proxy_before({}) == ""
    assert environment.proxy_before({"HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:1"}) == "http://b:1"
    assert environment.proxy_before({"HTTP_PROXY": "http://a:1"}) == ""
