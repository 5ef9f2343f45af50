"""`find_personal`: finds personal data in a text by its form (`Found`): mail addresses, phone, card and bank account
numbers, IP addresses and national identity numbers; `joined` merges overlapping places. The gateway replaces them with
placeholders.

Left alone is what looks alike but is not personal: addresses of example domains and of machines (`noreply@`, `git@`),
addresses of private networks and of public resolvers, and versions of software. The time is linear in the length of the
text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from penstock.redaction.check_digits import is_card, is_iban, is_national_id

__all__ = ["Found", "find_personal", "joined"]


class Found(NamedTuple):
    """A half-open range of a text, and the kind of data in it."""

    start: int
    end: int
    kind: str


_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}+@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?P<top>[^\W\d_]{2,24}|xn--[\w-]{2,59})(?![\w-])"
)
_FILES = frozenset(
    re.findall(
        r"\w+",
        "avif bak bmp cfg conf cpp css csv dart dll exe gif git go gz html ico ini java jpeg jpg js json jsx "
        "kt lock log map mjs pdf php png rb scss sql svg swift toml ts tsx txt vue webp xml yaml yml ",
    )
)
"""File extensions, which are no top-level domains: `icon@2x.png`."""
_NOBODY = re.compile(
    r"(?i)(?:git|root|noreply|no-reply|donotreply|do-not-reply|notifications|mailer-daemon|postmaster)@"
    r"|.*@(?:(?:.*[.])?example[.](?:com|org|net|edu)|.*[.](?:example|test|invalid|localhost|local|internal)"
    r"|users[.]noreply[.]github[.]com)$"
)
"""Addresses of no person: accounts of machines, and the domains that RFC 2606 and RFC 6761 reserve for examples."""
_NUMBERS = re.compile(r"[+(0-9][ (+]?(?:[0-9][ ./()-]{0,3}+){7}[0-9 ./()-]*+")
"""A run with enough digits for one of the next three patterns; other text is skipped quickly."""
_NEXT = re.compile(r"(?<![0-9])[+(0-9]")
_PHONE = re.compile(
    r"(?<![\w.+/%&=$#@:-])\+[1-9]\d{0,2}(?:[ .-]?\(0?\d{1,5}\))?(?:[ ./-]?\d){5,12}(?![\w-]|\.\d)"
    r"|(?<![\w.+/%-])(?:\(0?[2-9]\d{1,4}\) ?\d{3,4}(?:[ /-]\d{2,5}){1,3}"
    r"|(?:1[ .-])?[2-9]\d\d([ .-])[2-9]\d\d\1\d{4}"
    r"|00[1-9]\d{1,2}[ -]\d{1,5}(?:[ -]?\d){5,10}"
    r"|0[1-9]\d{1,4}[/ -]{1,3}\d{5,8}"
    r"|0[1-9]([ .-])\d\d(?:\2\d\d){3})(?![\w-]|\.\d)"
)
"""With a country's code; the area in brackets; as in North America; with 00; as dialled in Germany and in France."""
_CARD = re.compile(
    r"(?<![\w.+-])\d(?:\d{12,18}|\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|\d{3}([ -])\d{6}\2\d{4,5})(?![\w-]|\.\d)"
)
_ID = re.compile(
    r"(?<![\w.+-])(?:\d{3}-\d\d-\d{4}|\d{2} ?\d{3} ?\d{3} ?\d{3}|\d{3}\.\d{3}\.\d{3}-\d\d|\d{8}-?[A-Z]"
    r"|[12] ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d)(?![\w-]|\.\d)"
)
_LETTERED_ID = re.compile(
    r"[A-Z](?<![\w.+-].)(?:(?<=[XYZ])-?\d{7}-?[A-Z]|[A-Z]{5}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z])(?![\w-]|\.\d)"
)
_IBAN = re.compile(r"[A-Z](?<!\w.)[A-Z]\d\d(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?)(?!\w)")
_IP4 = re.compile(
    r"[0-9](?<![\w.-].)(?:(?<=2)5[0-5]|(?<=2)[0-4]\d|(?<=1)\d\d|\d)?\.(?:(?:25[0-5]|2[0-4]\d|1\d\d|\d?\d)\.){2}"
    r"(?:25[0-5]|2[0-4]\d|1\d\d|\d?\d)(?![\w-]|\.\w)"
)
_IP6 = re.compile(r"[23](?<![\w:.].)[0-9a-fA-F]{3}:(?:[0-9a-fA-F]{0,4}:){1,6}[0-9a-fA-F]{1,4}(?![\w:])")
_VERSION = re.compile(
    r"(?i)(?:\b(?:versions?|ver|v|release[ds]?|build|sdk|toolset)[\"']?[\s:=(\"'`]{0,4}|[=~<>^!]=\s?|[a-z)][/@]v?)$"
)
"""Texts before a version: `version: `, `==`, `Chrome/`."""
_RESOLVERS = frozenset(
    ("1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "149.112.112.112", "208.67.222.222", "208.67.220.220")
)
"""Public name servers, which are common in texts on networks."""
_SMALLEST = 20
"""An address whose four numbers are all smaller is taken for a version or a section number. 1 address in 27,000 is
so."""


def find_personal(text: str) -> list[Found]:
    """The places of personal data in `text`, in order, without overlaps."""
    found: list[Found] = []
    for finder in _FINDERS:
        found += finder(text)
    return joined(found)


def joined(found: Sequence[Found]) -> list[Found]:
    """Places in order, with overlapping ones merged, so that no part of either shows."""
    taken: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not taken or one.start >= taken[-1].end:
            taken.append(one)
        elif one.end > taken[-1].end:
            taken[-1] = taken[-1]._replace(end=one.end)
    return taken


def _emails(text: str) -> Iterator[Found]:
    if "@" not in text:
        return
    for match in _EMAIL.finditer(text):
        if match["top"].lower() not in _FILES and not _NOBODY.match(match[0]):
            start = match.start() + len(match[0]) - len(match[0].lstrip(".-+%"))
            yield Found(start, match.end(), "email")


def _checked(kind: str, pattern: re.Pattern[str], is_one: Callable[[str], bool]) -> Callable[[str], Iterator[Found]]:
    def finder(text: str) -> Iterator[Found]:
        return (Found(*match.span(), kind) for match in pattern.finditer(text) if is_one(match[0]))

    return finder


def _numbers(text: str) -> Iterator[Found]:
    for stretch in _NUMBERS.finditer(text):
        at, end = stretch.span()
        while at < end:
            for kind, pattern, is_one in _NUMERIC:
                match = pattern.match(text, at)
                if match is not None and is_one(match[0]):
                    yield Found(*match.span(), kind)
                    at = match.end() - 1
                    break
            following = _NEXT.search(text, at + 1, end)
            at = following.start() if following is not None else end


def _is_phone(text: str) -> bool:
    digits = sum(letter.isdigit() for letter in text)
    return 8 <= digits <= 15 and _DATE.match(text) is None


def _ips(text: str) -> Iterator[Found]:
    for match in _IP4.finditer(text):
        if _is_person_ip(match[0]) and not _VERSION.search(text, max(0, match.start() - 16), match.start()):
            yield Found(*match.span(), "ip")
    if "::" in text or text.count(":") > 3:
        for match in _IP6.finditer(text):
            if sum(bool(part) for part in match[0].split(":")) >= 3 and _is_global(match[0]):
                yield Found(*match.span(), "ip")


def _is_person_ip(text: str) -> bool:
    parts = [int(part) for part in text.split(".")]
    is_version = max(parts) < _SMALLEST or parts[2:] == [0, 0]
    return not is_version and text not in _RESOLVERS and _is_global(text)


def _is_global(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


_DATE = re.compile(r"\d\d[ ./-]\d\d[ ./-](?:19|20)\d\d")
_BARE = re.compile(r"[ -]")
_NUMERIC: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("card", _CARD, lambda text: is_card(_BARE.sub("", text))),
    ("id", _ID, is_national_id),
    ("phone", _PHONE, _is_phone),
)
_FINDERS: tuple[Callable[[str], Iterator[Found]], ...] = (
    _emails,
    _checked("iban", _IBAN, lambda text: is_iban(text.replace(" ", ""))),
    _checked("id", _LETTERED_ID, is_national_id),
    _numbers,
    _ips,
)
