"""Checks whether digits are a card (`is_card`, `has_luhn`), bank account (`is_iban`) or national identity number
(`is_national_id`), by their check digits and lengths."""

from __future__ import annotations

import re

__all__ = ["has_luhn", "is_card", "is_iban", "is_national_id"]

_CARDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|(?:6011|65\d\d|64[4-9]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
)
"""How the numbers of issuers begin, and how long they are: Visa, Mastercard, American Express, Discover, Diners, JCB,
UnionPay."""
_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 "
    "FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 "
    "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 "
    "SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
_IBAN_LENGTHS = {word[:2]: int(word[2:]) for word in _LENGTHS.split()}
"""Characters of an IBAN by country; source: SWIFT, IBAN registry, release 99."""
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
"""What a letter at an odd place of a codice fiscale counts; a digit counts as the letter of its number."""


def has_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit by Luhn's formula (ISO/IEC 7812-1)."""
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    total = sum(map(int, digits[-1::-2])) + sum(one - 9 if one > 9 else one for one in doubled)
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Whether `digits` begin and end like the number of a payment card."""
    return _CARDS.fullmatch(digits) is not None and has_luhn(digits)


def is_iban(text: str, *, any_country: bool = False) -> bool:
    """Whether `text`, without blanks, is an international bank account number (ISO 13616)."""
    expected = len(text) if any_country else _IBAN_LENGTHS.get(text[:2])
    if len(text) != expected or not 15 <= len(text) <= 34:
        return False
    digits = "".join(str(int(letter, 36)) for letter in text[4:] + text[:4])
    return int(digits) % 97 == 1


def is_national_id(text: str) -> bool:
    """Whether `text` is a national identity, social security or tax number: of the US (with its dashes), Germany,
    France, Italy, Spain or Brazil. Blanks, dots and dashes elsewhere count for nothing."""
    if _SSN.fullmatch(text):
        return True
    bare = re.sub(r"[ .-]", "", text)
    if len(bare) == 11:
        return _is_cpf(bare) if "." in text else _is_german(bare)
    if len(bare) == 15:
        return _is_french(bare)
    if len(bare) == 16:
        return _is_italian(bare)
    return len(bare) == 9 and _is_spanish(bare)


_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}")
"""Social security numbers have no check digit: the Social Security Administration says which are never given out."""


def _is_german(digits: str) -> bool:
    """A tax identification number: ISO 7064 MOD 11,10, and of the first ten digits one stands there twice or thrice."""
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    if (
        not digits.isdecimal()
        or digits[0] == "0"
        or counts[-1] not in (2, 3)
        or counts[:-1].count(1) != len(counts) - 1
    ):
        return False
    product = 10
    for digit in digits[:10]:
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return (11 - product) % 10 == int(digits[10])


def _is_french(text: str) -> bool:
    """A numéro d'inscription au répertoire: sex, year, month, place; the key is 97 less the rest by 97."""
    body, key = text[:13], text[13:]
    if body[0] not in "12" or not (1 <= int(body[3:5]) <= 12 or 20 <= int(body[3:5]) <= 42):
        return False
    number = body.replace("2A", "19").replace("2B", "18") if body[5:7] in ("2A", "2B") else body
    return number.isdecimal() and key.isdecimal() and 97 - int(number) % 97 == int(key)


def _is_italian(text: str) -> bool:
    """A codice fiscale: its last letter follows from the others."""
    values = [int(letter, 36) - (0 if letter.isdigit() else 10) for letter in text[:15]]
    total = sum(_ODD[value] for value in values[0::2]) + sum(values[1::2])
    return chr(ord("A") + total % 26) == text[15]


def _is_spanish(text: str) -> bool:
    """A DNI, or a NIE, where X, Y or Z stands for the first digit."""
    number = str("XYZ".find(text[0])) + text[1:8] if text[0] in "XYZ" else text[:8]
    return number.isdecimal() and text[8] == _DNI[int(number) % 23]


def _is_cpf(digits: str) -> bool:
    """A Cadastro de Pessoas Físicas: two check digits by weights of 11."""
    if len(set(digits)) == 1:
        return False
    for at in (9, 10):
        rest = 10 * sum(int(digit) * (at + 1 - i) for i, digit in enumerate(digits[:at])) % 11 % 10
        if rest != int(digits[at]):
            return False
    return True
