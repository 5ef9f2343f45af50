"""`is_secret`: decides whether the value after a telling name is a secret, or code, a type, a placeholder
(`is_placeholder`) or a plain word; a value with more than five spaces is a sentence. `looks_random`: whether letters
and digits are mixed in a value, or it is long with 3.5 bits of `entropy` a character."""

from __future__ import annotations

import math
import re
from collections import Counter

__all__ = ["entropy", "is_placeholder", "is_secret", "looks_random"]

_WORDS = """
none null nil true false undefined str string int integer bool boolean bytes byte float number char text any object
optional required missing invalid incorrect wrong empty not is are was were be been being has have had the a an or and
to in on at for of if with from by as it its that this these those which who what when where how why can cannot could
should must may might will would does do did field fields input output hidden visible unknown unset set default
defaults inherit auto expired revoked valid never always stored saved needed encrypted hashed plain plaintext
configured provided given changed reset rotated updated created deleted protected safe secure strong weak short long
too very also only just still already now here there ok okay yes no same different correct self env environ os process
config settings options args kwargs props params request response req res secretstr file path name value type key id
ist sind war nicht falsch richtig leer fehlt abgelaufen geheim ein eine der die das den dem und oder zu im in von
"""
_PLAIN = frozenset(_WORDS.split())
_CALL = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)*+[(\[]")
"""A call or an index: `next(tokens)`, `os.environ["X"]`."""
_ATTRIBUTE = re.compile(r"[A-Za-z_$][A-Za-z_$]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][A-Za-z_$]*)+\Z")
"""`self.password`, `process.env.TOKEN`."""
_HOLE = re.compile(
    r"(?:\$[({A-Za-z_]|\$\$|%[A-Za-z_({]|\{\{|\{[A-Za-z_]\w{0,40}\}|<[A-Za-z/!?_]|\[redacted|\[[A-Za-z_]|\[withheld|\*{3}"
    r"|x{4,}\Z|X{4,}\Z|\.{3}|…|@\w+\Z|#\{|&\w|secrets?\.|vault:|op://|keyring:|env:|file:|arn:|/\w|\./|~/|https?:|//)"
)
"""A reference to a value that is elsewhere: a variable, a template, a path."""
_NAMES = re.compile(r"(?i)(?:passw|pwd|secret|token|api_?key|credential|auth|phrase|_key\Z|_pass\Z)")
_PATH = re.compile(r"(?:[A-Za-z]+[/_-])+[A-Za-z]*\Z")
"""Words between slashes, dashes or underscores."""
_IDENTIFIER = re.compile(r"[A-Za-z_]+\Z")
_BLANKS = 5
"""The most spaces in a passphrase; with more it is a sentence."""
LEAST = 3.5
"""Bits of entropy for each character from which on a long word is taken for random. English words of 16 letters and
more have 2.5 to 3.2, random hexadecimal digits 3.3 to 4, random letters and digits 3.6 and more."""


def entropy(text: str) -> float:
    """Shannon's entropy of the characters of `text`, in bits for each of them."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


def is_placeholder(value: str) -> bool:
    """Whether `value` refers to a secret that is elsewhere (a variable, a template), or is redacted already."""
    return not value or _HOLE.match(value) is not None


def looks_random(value: str) -> bool:
    """Whether `value` looks random: letters and digits mixed, or long with much entropy."""
    letters, digits = sum(c.isalpha() for c in value), sum(c.isdigit() for c in value)
    if len(value) >= 8 and letters and digits:
        return True
    is_mixed = any(letter in "+/=_-~" for letter in value) and not (value.islower() or value.isupper())
    return len(value) >= 24 and is_mixed and entropy(value) >= LEAST and _PATH.match(value) is None


def is_secret(value: str, *, quoted: bool, strong: bool, assigned: bool = False) -> bool:
    """Whether `value`, which stands behind a telling name, is a secret.

    `strong`: the name is used for nothing else (`password`, `api_key`), so that a plain word is one too. `assigned`: it
    is written as in a file of settings, `NAME=value`.
    """
    if is_placeholder(value) or value.count(" ") > _BLANKS or value.strip("\"'`.,;:!?)]}").lower() in _PLAIN:
        return False
    if not quoted and (_CALL.match(value) or _ATTRIBUTE.match(value)):
        return False
    if not strong and not assigned:
        return looks_random(value) and "/" not in value[:1]
    if not quoted and _IDENTIFIER.match(value) and _NAMES.search(value):
        return False  # `connect(password=db_password)`
    return len(value) >= (4 if quoted or not value.isalpha() else 6)
