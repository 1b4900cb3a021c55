"""Takes secrets out of what is about to be logged or shown.

It goes by what tokens, tickets and keys look like and by the names they stand under, wherever they
are: in a URL, a header, a subprotocol, an exception. To hide too much is harmless, so in doubt it hides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"

# How deep a structure is looked into; what lies deeper is hidden as a whole.
_MAX_DEPTH = 8

_NAMES = (
    r"(?:access_|id_|refresh_|auth_|bearer_)?token|ticket|jwt|assertion|client_secret|secret|passwd"
    r"|password|pwd|api_?key|admin_?key|key|signature|sig|code|authorization|proxy-authorization"
    r"|cookie|set-cookie|sec-websocket-protocol|x-api-key|x-admin-key|x-amz-security-token"
)
_SECRET_NAME = re.compile(rf"(?i)^(?:{_NAMES})$")

# The text of a JSON object in base64url begins with one of these; its parts are joined by dots.
_JWT = r"e(?:y[JAI]|w[ok0])[A-Za-z0-9_-]{6,}(?:(?:\.|%2[Ee])[A-Za-z0-9_-]*)*"

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Before the names, since what follows such a name is `Bearer` and not yet the secret.
    (re.compile(r"(?i)\b(bearer|basic|digest|negotiate)(\s+|%20)[^\s\"'\\,;]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)(ropewalk\.(?:token|ticket)\.)[^\s\"'\\,;]+"), rf"\1{HIDDEN}"),
    (re.compile(_JWT), HIDDEN),
    (re.compile(r"rwt_[A-Za-z0-9_-]+"), HIDDEN),
    # ?token=… and &token=…, and the same inside another URL's query.
    (
        re.compile(
            rf"(?i)((?:[?&;#\s]|^|%3[Ff]|%26)(?:{_NAMES})(?:=|%3[Dd]))(?!\[hidden\])[^&;#\s\"'<>\\]+"
        ),
        rf"\1{HIDDEN}",
    ),
    # 'token': '…' and "token": "…", as JSON, Python and headers in a list of pairs write it.
    (
        re.compile(
            rf"(?is)(\\*[\"'](?:{_NAMES})\\*[\"']\s*[:,=]\s*b?)(\\*[\"'])(?:(?!\2)(?:\\.|.))*"
        ),
        rf"\1\2{HIDDEN}",
    ),
    # token: … and Cookie: …, to the end of the line.
    (
        re.compile(rf"(?im)((?:^|[\s\[{{(,\"'])(?:{_NAMES}):[ \t]*)(?!\[hidden\])[^\r\n\"']+"),
        rf"\1{HIDDEN}",
    ),
    # scheme://user:password@host
    (re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@\"']*):[^\s/@\"']+@"), rf"\1:{HIDDEN}@"),
)


def scrub(text: str) -> str:
    """The text without what looks like a secret."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def is_secret_name(name: object) -> bool:
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    return isinstance(name, str) and _SECRET_NAME.match(name) is not None


def scrub_value(value: Any, depth: int = 0) -> Any:
    """A value that JSON can hold, scrubbed everywhere; what JSON has no word for becomes its repr()."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return scrub(value)
    if depth == _MAX_DEPTH:
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            scrub(str(name)): HIDDEN if is_secret_name(name) else scrub_value(one, depth + 1)
            for name, one in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        items = list(value)
        # A pair of a header: its name says what it is.
        if len(items) == 2 and is_secret_name(items[0]):
            return [scrub_value(items[0], depth + 1), HIDDEN]
        return [scrub_value(one, depth + 1) for one in items]
    return scrub(repr(value))
