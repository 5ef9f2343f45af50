"""`without_placed`: redacts secrets by their place: in URLs, headers, command lines and password files."""

from __future__ import annotations

import re

from penstock.redaction.values import is_placeholder, is_secret, looks_random

__all__ = ["without_placed"]

_URL_PASSWORD = re.compile(r"(://[^\s/:@\"'<>]{0,100}+:)([^\s/@\"'<>]{1,200}+)(?=@)")
_URL_TOKEN = re.compile(r"(://)([A-Za-z0-9_-]{16,200}+)(?=@)")
_QUERY = re.compile(
    r"(?i)([?&;#](?:amp;)?(?:x-amz-|x-goog-)?(?P<name>key|api[_-]?key|apikey|auth|auth[_-]?key|token|"
    r"[a-z]{2,12}[_-]token|sig|signature"
    r"|pass|password|passwd|pwd|secret|client[_-]secret|code|sas|private[_-]token|subscription[_-]key|session|sid"
    r"|credential|hapikey|app[_-]?key|access[_-]?key|otp|ticket|assertion)=)([^\s&\"'#<>`;)\]]{4,2000}+)"
)
_COOKIE = re.compile(r"(?i)\b((?:set-)?cookie\\{0,4}[\"']?:\s{0,3}\\{0,4}[\"']?)[^\n\"'\\]{6,4000}+")
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization\\{0,4}[\"']?\]?\s{0,3}[:=]\s{0,3}\\{0,4}[\"'`]?)"
    r"((?:basic|bearer|token|apikey|api-key|digest|negotiate|ntlm|splunk|snowflake token=|ssws|key|hmac"
    r"|signature)[ \t]{1,3}"
    r"|(?=[^\s\"'`,;<>\\]{8}))"
    r"([^\s\"'`<>\\]{4,2000}+)"
)
_OPTION = re.compile(
    r"(?i)((?<![\w-])--?(?:[a-z]{1,20}[_-]){0,4}_?(?:password|passwort|kennwort|passwd|passphrase|pass|token"
    r"|secret|pwd|psk|api[_-]?key|access[_-]?key|auth[_-]?(?:key|token)"
    r"|session[_-]?token|private[_-]?key|signing[_-]?key|account[_-]?key|secret[_-]?key|encryption[_-]?key"
    r"|client[_-]?secret|key-?pass|store-?pass"
    r"|passin|passout|bearer|pat)(?:[_-]?base)?"
    r"(?:[ \t]{1,3}|=)(?:pass:)?\\{0,4}[\"']?)([^\s\"'`\\;|&)]{4,500}+)"
)
_NETRC = re.compile(r"(?i)(\bmachine\s{1,4}\S{1,200}\s{1,4}login\s{1,4}\S{1,200}\s{1,4}password\s{1,4})(\S{1,200}+)")
_COMMANDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "sshpass",
        re.compile(r"(\bsshpass[ \t]{1,3}(?:-[vP][ \t]?\S{0,40}[ \t]{1,3})?-p[ \t]{0,3}[\"']?)([^\s\"']{1,200}+)"),
    ),
    (
        "curl",
        re.compile(
            r"(\bcurl\b[^\n|;]{0,200}?\s(?:-u|--user|-U|--proxy-user)[ =]{0,3}[\"']?[^\s:\"']{1,100}:)"
            r"([^\s\"']{2,200}+)"
        ),
    ),
    ("wget", re.compile(r"(\bwget\b[^\n|;]{0,200}?\s--user[ =]{1,3}[\"']?[^\s:\"']{1,60}:)([^\s\"']{2,200}+)")),
    (
        "my",
        re.compile(
            r"(\b(?:mysql|mysqldump|mysqladmin|mysqlimport)\b[^\n|;]{0,200}?\s-p[\"']?)([^\s\"'-][^\s\"']{3,200}+)"
        ),
    ),
    ("mariadb", re.compile(r"(\bmariadb(?:-dump|-admin)?\b[^\n|;]{0,200}?\s-p[\"']?)([^\s\"'-][^\s\"']{3,200}+)")),
    ("redis-cli", re.compile(r"(\bredis-cli\b[^\n|;]{0,200}?\s-a[ \t]{1,3}[\"']?)([^\s\"']{2,200}+)")),
    (
        "login",
        re.compile(
            r"(\b(?:docker|podman|helm|az|oc|npm|heroku|skopeo)\b[^\n|;]{0,60}?\blogin\b[^\n|;]{0,200}?\s-p"
            r"[ \t]{1,3}[\"']?)([^\s\"']{2,200}+)"
        ),
    ),
    (
        "ldap",
        re.compile(
            r"(\bldap(?:search|modify|add|whoami|delete)\b[^\n|;]{0,200}?\s-w[ \t]{1,3}[\"']?)([^\s\"']{2,200}+)"
        ),
    ),
    (
        "htpasswd",
        re.compile(
            r"(\bhtpasswd\b[^\n|;]{0,20}?\s-[a-zA-Z]{0,6}b[a-zA-Z]{0,6}[ \t]{1,3}\S{1,100}[ \t]{1,3}\S{1,60}"
            r"[ \t]{1,3}[\"']?)([^\s\"']{2,200}+)"
        ),
    ),
    (
        "chpasswd",
        re.compile(
            r"(\becho[ \t]{1,3}[\"']?[\w.-]{1,40}:)([^\s\"']{2,200}+)(?=[\"']?[ \t]{0,3}\|[ \t]{0,3}(?:sudo"
            r"[ \t]{1,3})?chpasswd)"
        ),
    ),
    (
        "sudo -s",
        re.compile(
            r"(\becho[ \t]{1,3}(?:-n[ \t]{1,3})?[\"']?)([^\s\"'|$]{2,200}+)(?=[\"']?[ \t]{0,3}\|[ \t]{0,3}sudo"
            r"[ \t]{1,3}-S)"
        ),
    ),
    (
        "--password-stdin",
        re.compile(
            r"(\becho[ \t]{1,3}(?:-n[ \t]{1,3})?[\"']?)([^\s\"'|$]{2,200}+)(?=[\"']?[ \t]{0,3}\|"
            r"[^\n|]{0,120}--password-stdin)"
        ),
    ),
    (
        "base64",
        re.compile(
            r"(\b(?:echo|printf)[ \t]{1,3}(?:-\w{1,3}[ \t]{1,3}|[\"']?%s[\"']?[ \t]{1,3})?[\"']?)"
            r"([A-Za-z0-9+/_-]{8,4000}+={0,2})"
            r"(?=[\"']?[ \t]{0,3}\|[ \t]{0,3}(?:base64|openssl[ \t]{1,3}(?:base64|enc)))"
        ),
    ),
    (
        "base64",
        re.compile(
            r"(\bbase64[ \t]{1,3}(?:-\w{1,3}|--decode)[ \t]{0,3}<<<[ \t]{0,3}[\"']?)([A-Za-z0-9+/_-]{8,4000}+={0,2})"
        ),
    ),
    (
        "identified",
        re.compile(
            r"(?i)(\bidentified\s{1,4}(?:with\s{1,4}\S{1,40}\s{1,4})?(?:by|as)\s{1,4}"
            r"(?:password\s{1,4})?\\{0,4}[\"'])([^\s\"';\\]{2,200}+)"
        ),
    ),
    ("net use", re.compile(r"(?i)(\bnet[ \t]{1,3}use\b[^\n]{0,120}?/user:\S{1,80}[ \t]{1,3})([^\s\"'/]{3,200}+)")),
    ("sqlplus", re.compile(r"(\bsqlplus\b[^\n|;]{0,40}?\s[\w.]{1,40}/)([^\s\"'@/]{2,200}+)(?=@)")),
)
"""Each with a word that the lower-cased text must contain, so that most texts are not searched."""
_PGPASS = re.compile(
    r"(?m)(?:(?<=^)|(?<=[\s\"'])|(?<=\\n))((?:\*|[a-z/][\w.-]{1,120}+|\d{1,3}(?:\.\d{1,3}){3}):(?:\*|5432|5433"
    r"|6432|6543|5439|26257)"
    r":[\w.*-]{1,80}+:[\w.@*-]{1,80}+:)([^\s\"'\\]{3,200}+)(?=$|[\s\"']|\\n)"
)
"""`host:port:database:user:password` (https://www.postgresql.org/docs/current/libpq-pgpass.html)."""
_CLOUD = re.compile(r"(?i)\b((?:sharedaccesssignature|blobendpoint)=[^\s\"']{0,300}?sig=)([^\s\"'&;]{8,200}+)")


def without_placed(text: str) -> str:
    """`text` with each secret in such a place replaced by `[redacted KIND]`."""
    lower = text.lower()
    if "://" in text:
        text = _URL_PASSWORD.sub(_password, text)
        text = _URL_TOKEN.sub(lambda m: f"{m[1]}[redacted token]" if looks_random(m[2]) else m[0], text)
    if "=" in text:
        text = _QUERY.sub(_query, text)
    if "cookie" in lower:
        text = _COOKIE.sub(r"\1[redacted cookie]", text)
    if "authorization" in lower:
        text = _HEADER.sub(_header, text)
    if "-p" in lower or "--" in text or " -" in text:
        text = _OPTION.sub(_option, text)
    if "machine" in lower:
        text = _NETRC.sub(_option, text)
    for word, pattern in _COMMANDS:
        if word in lower:
            text = pattern.sub(_option, text)
    if ":" in text:
        text = _PGPASS.sub(_password, text)
    return _CLOUD.sub(r"\1[redacted signature]", text) if "sig=" in lower else text


def _password(found: re.Match[str]) -> str:
    return found[0] if is_placeholder(found[2]) and not found[2].startswith("/") else f"{found[1]}[redacted password]"


def _query(found: re.Match[str]) -> str:
    name, value = found["name"].lower(), found[3]
    if is_placeholder(value):
        return found[0]
    if name in ("sig", "signature", "sas"):
        return f"{found[1]}[redacted signature]" if len(value) >= 8 else found[0]
    is_strong = any(word in name for word in ("pass", "secret", "pwd", "token", "api", "private", "access"))
    good = is_secret(value, quoted=True, strong=True) if is_strong else looks_random(value)
    return f"{found[1]}[redacted value]" if good else found[0]


def _header(found: re.Match[str]) -> str:
    if is_placeholder(found[3]) or found[3].lower() in ("bearer", "basic", "token", "header", "headers", "required"):
        return found[0]
    if not found[2] and not looks_random(found[3]):
        return found[0]
    kind = "[redacted credentials]"
    return f"{found[1]}{kind}"


def _option(found: re.Match[str]) -> str:
    return found[0] if is_placeholder(found[2]) or found[2].startswith("-") else f"{found[1]}[redacted value]"
