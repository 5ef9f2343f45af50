"""`redactors`: the functions that redact personal data (mail addresses, phone, card and bank account numbers) in texts
for the event log and the memory, as a profile's `[redact]` asks for (`PersonalData`), followed by those of plugins.
`without_personal` does it. What the gateway replaces in requests, `find_personal.py` finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from penstock.redaction.check_digits import has_luhn, is_iban

__all__ = ["KINDS", "PersonalData", "redactors", "without_personal"]

PersonalData = Literal["mail", "phone", "card", "iban"]
KINDS: tuple[PersonalData, ...] = ("mail", "phone", "card", "iban")
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}+@[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}")
_PHONE = re.compile(
    r"(?<![\w.+/-])(?:\+|00)[1-9](?:[ ()./-]{0,2}\d){6,14}(?![\w-])|(?<![\w.+/-])\(?0\d{2,5}\)?[ /-]{1,3}\d(?:"
    r"[ -]?\d){4,9}(?![\w.-])"
)
"""With a country's code, or as it is dialled within a country: with a blank, a dash or a slash behind the area's."""
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d\d(?: ?[A-Z0-9]){11,30}(?!\w)")
_BLANKS = re.compile(r"[ -]")


def redactors(
    kinds: Sequence[PersonalData], more: Sequence[Callable[[str], str]] = ()
) -> tuple[Callable[[str], str], ...]:
    """The redactors of a profile for personal data of these `kinds`, followed by those of plugins."""
    return (partial(without_personal, kinds=kinds), *more) if kinds else tuple(more)


def without_personal(text: str, kinds: Sequence[PersonalData] = KINDS) -> str:
    """`text` with personal data of these `kinds` replaced by `[redacted KIND]`. Cards count when their last digit is
    right by Luhn's formula (ISO/IEC 7812-1), accounts when their check digits are (ISO 13616)."""
    for kind in ("mail", "iban", "card", "phone"):  # a card's number is no phone's
        if kind in kinds:
            text = _RULES[kind](text)
    return text


def _mail(text: str) -> str:
    return _MAIL.sub("[redacted mail]", text) if "@" in text else text


def _phone(text: str) -> str:
    return _PHONE.sub("[redacted phone]", text)


def _card(text: str) -> str:
    return _CARD.sub(lambda found: "[redacted card]" if _has_luhn(_BLANKS.sub("", found[0])) else found[0], text)


def _iban(text: str) -> str:
    return _IBAN.sub(lambda found: _without_account(found[0]), text)


def _without_account(text: str) -> str:
    """The longest beginning of `text` that is an account's number goes: capitals may follow it."""
    ends = [i for i in range(len(text), 14, -1) if text[i - 1] != " "]
    for end in ends:
        if is_iban(text[:end].replace(" ", ""), any_country=True) and (end == len(text) or text[end] == " "):
            return "[redacted iban]" + text[end:]
    return text


def _has_luhn(digits: str) -> bool:
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and has_luhn(digits)


_RULES: dict[str, Callable[[str], str]] = {"mail": _mail, "phone": _phone, "card": _card, "iban": _iban}
