"""A body whose bytes somebody vouches for is known by its headers."""

from __future__ import annotations

import pytest

from penstock.dialects.signed_body import is_signed, signed_headers, signer_of

SCOPE = "AKIDEXAMPLE/20261122/us-east-1/bedrock/aws4_request"
AMAZON = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host;x-amz-date;x-penstock, Signature=0123abcd"
ORACLE = 'Signature version="1",keyId="t/u/f",algorithm="rsa-sha256",headers="date (request-target) host",signature="x"'


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": AMAZON},
        {"authorization": AMAZON.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")},
        {"authorization": AMAZON.replace("AWS4-HMAC-SHA256", "ACS3-HMAC-SHA256")},
        {"authorization": ORACLE},
        {"authorization": "Bearer token", "x-amz-content-sha256": "UNSIGNED-PAYLOAD"},
        {"authorization": "Bearer token", "content-digest": "sha-256=:x:"},
        {"digest": "SHA-256=x"},
        {"content-md5": "x"},
    ],
)
def test_a_signature_or_a_digest_covers_the_body(headers: dict[str, str]) -> None:
    """Whoever made it, and in whichever of the known headers it stands."""
    assert is_signed(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer bedrock-api-key-YXdzNC1obWFjLXNoYTI1Ng=="},
        {"authorization": "Bearer AWS4-HMAC-SHA256 Credential=x"},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"x-api-key": "AWS4-HMAC-SHA256 Credential=x"},
        {"x-amz-date": "20261122T000000Z", "authorization": "Bearer token"},
    ],
)
def test_a_token_covers_nothing(headers: dict[str, str]) -> None:
    """It says who sends the request, and that may be edited."""
    assert not is_signed(headers)
    assert not signed_headers(headers)
    assert signer_of(headers) == ""


def test_the_headers_that_a_signature_covers() -> None:
    """None of them may be taken out: the provider would refuse the request."""
    assert signed_headers({"authorization": AMAZON}) == {"host", "x-amz-date", "x-penstock"}
    assert signed_headers({"authorization": ORACLE}) == {"date", "(request-target)", "host"}
    assert signed_headers({"authorization": "AWS4-HMAC-SHA256 rubbish"}) == frozenset()


def test_the_signer_stays_while_the_signature_changes() -> None:
    """The key's id, without the day and the signature; none where the signature names none."""
    other = AMAZON.replace("20261122", "20261123").replace("0123abcd", "ffff")
    assert signer_of({"authorization": AMAZON}) == signer_of({"authorization": other}) == "AKIDEXAMPLE"
    assert signer_of({"authorization": ORACLE}) == ""
