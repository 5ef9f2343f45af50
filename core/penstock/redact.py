"""Take secrets out of a text before it is written to disk.

Patterns of well-known credentials, plus values that follow a name such as `password` or `api_key`. What is found is
replaced by its kind, so that a reader sees that something was there.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence

__all__ = ["Redactor", "redact"]

logger = logging.getLogger(__name__)

_KINDS: tuple[tuple[str, str], ...] = (
    ("private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
    ("api key", r"\b(?:sk|pk|rk)-[A-Za-z0-9][A-Za-z0-9_-]{15,}|\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}"),
    ("google key", r"\bAIza[0-9A-Za-z_-]{30,}"),
    ("google token", r"\bya29\.[0-9A-Za-z_-]{20,}"),
    ("github token", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})"),
    ("gitlab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("slack token", r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    ("npm token", r"\bnpm_[A-Za-z0-9]{30,}"),
    ("hugging face token", r"\bhf_[A-Za-z0-9]{30,}"),
    ("aws key id", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("token", r"\beyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){0,2}|\b[Bb]earer\s+[A-Za-z0-9._~+/=-]{16,}"),
    ("credentials", r"(?<=[Aa]uthorization: )[Bb]asic\s+[A-Za-z0-9+/]{6,}={0,2}"),
    ("slack hook", r"\bhooks\.slack\.com/services/[A-Za-z0-9/_-]{10,}"),
    ("discord hook", r"\bdiscord(?:app)?\.com/api/webhooks/[A-Za-z0-9/_-]{10,}"),
    ("pypi token", r"\bpypi-[A-Za-z0-9_-]{16,}"),
    ("sendgrid key", r"\bSG\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]{10,})?"),
    ("bot token", r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}"),
    ("twilio key", r"\b(?:SK|AC)[0-9a-f]{32}\b"),
    ("age key", r"\bAGE-SECRET-KEY-1[0-9A-Z]{20,}"),
    ("groq key", r"\bgsk_[A-Za-z0-9]{20,}"),
    ("digitalocean token", r"\bdo[opr]_v1_[a-f0-9]{20,}"),
    ("vault token", r"\bhv[sb]\.[A-Za-z0-9_-]{20,}"),
    ("attestation", r"\bcch=[0-9a-zA-Z]+"),
)
_SECRET = re.compile(
    r"(?:\b(?=\w)|(?=-----B))(?:" + "|".join(f"(?P<k{i}>{pattern})" for i, (_, pattern) in enumerate(_KINDS)) + ")"
)
"""All of them begin where a word does, but for the dashes of a key: what is within a word need not be tried, which is
three times as fast."""
_OVERHANG = 64
"""Characters past the cut that are looked at: enough to know a secret of each kind by its beginning."""
_URL_PASSWORD = re.compile(r"\b([a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,100}:)[^\s/@]{1,200}(@)")
_NAMED = re.compile(
    r"(?i)\b([a-z0-9_.-]{0,40}(?:password|passwd|secret|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key"
    r"|auth[_-]?token|access[_-]?token|api[_-]?token|refresh[_-]?token|client[_-]?secret|db[_-]?pass)"
    r"[a-z0-9_]{0,20}[\"']?\]?\s{0,3}[:=]\s{0,3})([\"']?)([^\s\"',;]{6,})"
)
_COOKIE = re.compile(r"(?i)\b((?:set-)?cookie:\s{0,3})[^\n\"']{6,}")
_SIGNED = re.compile(r"([?&;](?:sig|signature|x-amz-signature)=)[A-Za-z0-9%+/=_-]{8,}", re.IGNORECASE)
_OPTION = re.compile(
    r"(\s--(?:password|passwd|token|secret|api-key)[ \t]+|\bmachine\s+\S{1,200}\s+login\s+\S{1,200}\s+password\s+"
    r"|\b(?:curl|wget)\b[^\n|;]{0,200}?\s(?:-u|--user)[ \t]+[^\s:]{1,60}:"
    r"|\b(?:mysql|mysqldump|mariadb)\b[^\n|;]{0,200}?\s-p)"
    r"[\"']?[^\s\"']{4,}",
    re.IGNORECASE,
)
"""In command lines, and in a .netrc."""


def redact(text: str) -> str:
    """`text` with every secret of a known shape replaced by `[redacted KIND]`."""
    text = _SECRET.sub(lambda found: f"[redacted {_KINDS[int((found.lastgroup or 'k0')[1:])][0]}]", text)
    text = _URL_PASSWORD.sub(r"\1[redacted password]\2", text)
    text = _COOKIE.sub(r"\1[redacted cookie]", text)
    text = _SIGNED.sub(r"\1[redacted signature]", text)
    text = _OPTION.sub(r"\1[redacted value]", text)
    return _NAMED.sub(r"\1\2[redacted value]", text)


class Redactor:
    """The bundled redactor, then those of plugins, then a cut to length."""

    def __init__(self, limit: int, more: Sequence[Callable[[str], str]] = ()) -> None:
        self._limit = limit
        self._more = tuple(more)

    def __call__(self, text: str) -> str:
        """`text` without secrets, cut to the limit. Empty when a redactor failed: better nothing than a secret."""
        if not self._limit or not text:
            return ""
        text = redact(text[: self._limit + _OVERHANG])
        for more in self._more:
            try:
                text = more(text)
            except Exception:  # a stranger's redactor
                logger.exception("a redactor failed; the text is left out of the log")
                return ""
        return text if len(text) <= self._limit else text[: self._limit] + "…"
