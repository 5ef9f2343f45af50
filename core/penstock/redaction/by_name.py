"""`without_named`: redacts values that follow a telling name: `password=…`, `"api_key": "…"`, `<secret>…</secret>`,
"the password is …". Of a quoted value 4,000 characters are read.

A name is found first and its value examined then, so that the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from string import ascii_letters, digits

from penstock.redaction.values import is_placeholder, is_secret, looks_random

__all__ = ["without_named"]

_NAME = re.compile(
    r"pass(?:word|wd|phrase|code|wort)?|pwd|kennwort|losungswort|geheimnis|mot de passe|contrase(?:ñ|n)a|secret|psk"
    r"|mnemonic|key|schl(?:ü|ue|\\u00fc)ssel|token|credential|zugangscode|auth|pat|account[_-]?sid|connection"
    r"[_-]?string"
)
"""In lower case, searched in the lower-cased text, which is three times as fast as ignoring case."""
_WEAK = frozenset({"pass", "key", "schlüssel", "schluessel", "schl\\u00fcssel", "token", "credential", "auth", "pat"})
"""Names that also mean other things: only a value that is not a word is taken for a secret."""
_KEY = re.compile(
    r"(?:storage|account|shared|private|access|api|app|application|auth|encryption|signing|master|license|hmac|service"
    r"|admin|deploy|webhook|bot|subscription|functions|consumer|session|crypt|cipher|root|server|client|secret|zugangs"
    r"|zugriffs|private[rnms]?|geheime[rnms]?)[ _-]?\Z"
)
_TOKEN = re.compile(
    r"(?:auth|access|api|app|refresh|session|bearer|bot|user|csrf|xsrf|personal|deploy|service|security|id|login|oauth"
    r"|gitlab|github|slack|npm|zugangs|zugriffs|sas)[ _-]?\Z"
)
"""Words before `key` and `token` that make them clearly the name of a secret."""
_TAIL = re.compile(r"[\w.-]{0,40}+")
_OF_WEAK = re.compile(r"[_-]?\d{1,3}|_(?:value|prod|dev|test|live|main|new|old)")
_NO_SECRET = re.compile(
    r"(?i)s\Z|.*(?:name|path|file|field|policy|length|len|count|type|kind|arn|ref|env|url|uri|version|manager|expiry"
    r"|expires|ttl|header|prefix|suffix|format|label|min|max|size|limit|strategy|hint|reset|form|input|error|errors"
    r"|id|ids|index|rotation|required|provider|store|dir|folder|regex|pattern|length)\Z"
)
"""Endings of names that are *about* a secret: `password_field`, `key_id`, `secretName`."""
_JOIN = re.compile(
    r"(?P<close>\\{0,4}[\"'`])?(?P<bracket>\]?\)?)(?P<blank>\s{0,3})(?P<sign>:\s{0,2}(?:str|String|string|&str|"
    r"(?:const )?char ?\*)\s{0,2}=|:=|=>|==?|:)(?P<after>[ \t]{0,8}(?:\n[ \t]{1,8})?)"
    r"(?P<open>[bBrRuUfF]{0,2}\\{0,4}[\"'`]|)"
)
_KEYED = re.compile(
    r"\\{0,4}[\"']?(?:\s{0,3},\s{0,3}|[ \t]{0,3}(?:\n|\\{1,2}n)[ \t]{0,16})\\{0,4}[\"']?value\\{0,4}"
    r"[\"']?\s{0,3}[:=]\s{0,3}(?P<open>\\{0,4}[\"']|)"
)
"""`"name": "DB_PASSWORD", "value": "…"`, in JSON and in YAML."""
_XML = re.compile(r"(?P<attributes>(?:\s[^<>]{0,200})?)>(?P<value>[^<>]{1,500})</")
_ATTRIBUTE = re.compile(r"\\{0,4}\"\s{1,4}value=(?P<open>\\{0,4}\")")
_ARGUMENT = re.compile(r"\\{0,4}[\"']\s{0,3},\s{0,3}(?P<open>\\{0,4}[\"'])")
_SPOKEN = re.compile(
    r"(?P<between>(?: for| of| to| on| from| f(?:ü|ue|\\u00fc)r| von| zum| zur| vom| im)?(?: "
    r"[\w@./'-]{1,40}){0,4}?) {1,2}"
    r"(?:is now|is|was|will be|=|are|lautet|ist jetzt|ist|war|hei(?:ß|ss|\\u00df)t|est|es):? {1,2}(?P<open>[\"'`“„«]?)"
)
_QUOTED_BY = re.compile(r" (?:by|with|as|to)? ?(?P<open>['\"])", re.IGNORECASE)
"""`IDENTIFIED BY 'x'` is below; `PASSWORD 'x'` of SQL."""
_ENDS = {"“": "”“", "„": "“”", "«": "»"}
_VALUE = re.compile(r"[^\s\"'`,;<>]{1,512}+")
_REST = re.compile(r"[^\s\"'`,;<>]*+")
_ONE_WORD = re.compile(r"(?:[a-z]{3,8}[ \t]{1,2}){11,23}[a-z]{3,8}")
"""Twelve to twenty-four words that encode a key (BIP 39)."""
_NEAR = 4_000
"""The most characters of a quoted value that are read."""
_NAME_LETTERS = f"{ascii_letters}{digits}_.-"
HIDDEN = "[redacted value]"


def without_named(text: str) -> str:
    """`text` with each value behind a telling name replaced by `[redacted value]`. Name, quotes and what follows
    stay."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters become two
        lower = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    out: list[str] = []
    written = at = 0
    while found := _NAME.search(lower, at):
        span = _value_of(text, lower, found)
        if span is None:
            at = found.end()
            continue
        out += [text[written : span[0]], HIDDEN]
        written = at = span[1]
    return "".join([*out, text[written:]]) if out else text


def _value_of(text: str, lower: str, found: re.Match[str]) -> tuple[int, int] | None:
    """The place of the secret after the name `found`. None: there is none."""
    start, end = found.span()
    follows = text[end : end + 1]
    if follows.isalpha() and (follows.islower() or text[start:end].isupper()) and follows not in "sS":
        return None  # `secretary`, `keyboard`, `AUTHOR`: the tail of a longer word
    strong = found[0] not in _WEAK or _is_strong(lower, found)
    if not strong and text[start - 1 : start].isalpha() and not (text[start].isupper() and text[start - 1].islower()):
        return None  # `bypass`, `monkey`
    tail = _TAIL.match(text, end)
    name_end = tail.end() if tail else end
    said = text[end:name_end].rstrip(".-")
    name_end = end + len(said)
    if said and _NO_SECRET.match(said):
        return None
    if not strong and said and not _OF_WEAK.fullmatch(said):
        return None
    name = text[start:end]
    join = _JOIN.match(text, name_end)
    if join is not None and not (join["bracket"] and not join["close"] and join["bracket"] != ")"):
        return _joined(text, found, join, strong, name)
    for rule in (_KEYED, _ATTRIBUTE) if text[name_end : name_end + 1] in "\"'\\\n" else ():
        keyed = rule.match(text, name_end)
        if keyed is not None:
            return _taken(text, keyed.end(), keyed["open"], strong=strong, assigned=True)
    argument = _ARGUMENT.match(text, name_end)
    if argument is not None:  # `define('DB_PASSWORD', '…')`; and no list of names
        return _taken(text, argument.end(), argument["open"], strong=False)
    tagged = _XML.match(text, name_end) if text[name_end : name_end + 1] in "> " else None
    if tagged is not None and _in_tag(text, found.start()):
        value = tagged["value"]
        good = is_secret(value.strip(), quoted=True, strong=strong)
        return tagged.span("value") if good else None
    return _spoken(text, found, name_end, strong)


def _is_strong(lower: str, found: re.Match[str]) -> bool:
    before = lower[max(0, found.start() - 16) : found.start()]
    if found[0] == "token":
        return _TOKEN.search(before) is not None
    if found[0] in ("pass", "pat"):
        return before.endswith(("_", "-", "."))
    return found[0] not in ("credential", "auth") and _KEY.search(before) is not None


def _joined(text: str, found: re.Match[str], join: re.Match[str], strong: bool, name: str) -> tuple[int, int] | None:
    quoted = bool(join["open"])
    if not quoted and "\n" in join["after"]:
        return None
    before = text[max(0, found.start() - 42) : found.start()]
    prefix = before[len(before.rstrip(_NAME_LETTERS)) :]
    flagged = prefix.startswith("--") or before.endswith("--")
    if name.lower() == "pass" and not strong and not quoted and join["sign"] == ":":
        return None  # "PASS: TestLogin2"
    in_capitals = name.isupper() and join["sign"] == "=" and not join["blank"] and not join["after"]
    if not strong and name.lower() in ("key", "credential") and not (prefix.endswith("_") and in_capitals):
        return _random(text, join)
    if name.lower() == "auth" and join["close"] and quoted:  # Docker's `"auth": "base64"`
        value = _taken(text, join.end(), join["open"], strong=True)
        return value if value and re.fullmatch(r"[A-Za-z0-9+/]{8,}={0,2}", text[value[0] : value[1]]) else None
    if name.lower() == "mnemonic" and (words := _ONE_WORD.match(text, join.end())):
        return words.span()
    return _taken(text, join.end(), join["open"], strong=strong or flagged, assigned=in_capitals or flagged)


def _random(text: str, join: re.Match[str]) -> tuple[int, int] | None:
    """The place of a value after a weak name, if it is no word, number or commit hash."""
    span = _taken(text, join.end(), join["open"], strong=False)
    if span is None:
        return None
    value = text[span[0] : span[1]]
    is_hash = re.fullmatch(r"[0-9a-f-]+|[0-9A-F-]+|[\d.:-]+", value) is not None
    return (
        span if len(value) >= 20 and not is_hash and looks_random(value) and re.fullmatch(r"[\w+/=]+", value) else None
    )


def _taken(text: str, at: int, opening: str, *, strong: bool, assigned: bool = False) -> tuple[int, int] | None:
    """The value that begins at `at`, if it is a secret."""
    quote = opening[-1:]
    if quote:
        escape = opening.lstrip("bBrRuUfF")[:-1]
        end = _closing(text, at, escape + quote)
        if end < 0:
            quote = ""
        else:
            value = text[at:end]
            return (at, end) if is_secret(value.strip(), quoted=True, strong=strong, assigned=assigned) else None
    found = _VALUE.match(text, at)
    if found is None:
        return None
    value = found[0].rstrip(".)]}&\\")
    if not is_secret(value, quoted=bool(opening), strong=strong, assigned=assigned):
        return None
    rest = _REST.match(text, found.end())
    return at, rest.end() if rest and rest.end() > found.end() else at + len(value)


def _closing(text: str, at: int, quote: str) -> int:
    """Where a quoted value ends; -1: not on its line."""
    line = text.find("\n", at, at + _NEAR)
    last = line if line >= 0 else min(len(text), at + _NEAR)
    end = text.find(quote, at, last)
    while end > at and len(quote) == 1 and text[end - 1] == "\\" and text[at:end][-2:] != "\\\\":
        end = text.find(quote, end + 1, last)
    return end


def _in_tag(text: str, at: int) -> bool:
    return "<" in text[max(0, at - 40) : at] and ">" not in text[max(0, at - 40) : at].rpartition("<")[2]


def _spoken(text: str, found: re.Match[str], at: int, strong: bool) -> tuple[int, int] | None:
    """ "my password is x", „das Passwort lautet x“, `PASSWORD 'x'`."""
    said = _SPOKEN.match(text, at) or (_QUOTED_BY.match(text, at) if strong else None)
    if said is None:
        return None
    opening = said["open"]
    start = said.end()
    if opening:
        ends = [end for close in _ENDS.get(opening, opening) if (end := text.find(close, start, start + 200)) > start]
        if ends and " " not in (value := text[start : min(ends)]) and not is_placeholder(value):
            return (start, min(ends)) if strong or looks_random(value) else None
    value_at = _VALUE.match(text, start)
    if value_at is None:
        return None
    value = value_at[0].rstrip(".!?:)]}”“»")
    if strong and found[0].lower() == "secret":
        strong = False  # "the secret is patience"
    good = looks_random(value) or (strong and any(c.isdigit() or c in "!@#$%^&*+~" for c in value) and len(value) >= 4)
    if not good and strong:
        good = (
            _is_last_word(text, start + len(value))
            and is_secret(value, quoted=False, strong=True)
            and not (value.lower().endswith(("ed", "ing", "ly", "able", "ible", "ig", "lich", "bar", "ert")))
        )
    return (start, start + len(value)) if good and is_secret(value, quoted=True, strong=True) else None


def _is_last_word(text: str, at: int) -> bool:
    return text[at : at + 1] in ("", ".", ",", "!", ";", "\n", ")", '"', "'")
