"""Names of documents in stores: the tenant, percent-escaped, a slash, and the name.

The tenant has no slash of its own, so that the documents of a tenant are those whose names begin
with it, and no name of one can be a name of another's.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

# What the store contract promises to keep.
MAX_NAME_BYTES = 1024


class BadName(ValueError):
    """A name that no document can have."""


def stored_name(tenant: str, name: str) -> str:
    """What the document of a tenant is called in a store."""
    if not name:
        raise BadName("a document has a name of at least one character")
    if any(character < " " or character == "\x7f" for character in name):
        raise BadName("a name of a document has no control characters")
    try:
        stored = f"{quote(tenant, safe='')}/{name}"
        size = len(stored.encode())
    except UnicodeEncodeError:
        raise BadName("a name of a document is text that UTF-8 can hold") from None
    if size > MAX_NAME_BYTES:
        raise BadName(f"tenant and name are {size} bytes long, more than {MAX_NAME_BYTES}")
    return stored


def tenant_prefix(tenant: str) -> str:
    """How the names of all documents of a tenant begin."""
    return f"{quote(tenant, safe='')}/"


def split_name(stored: str) -> tuple[str, str]:
    """The tenant, and the name in it."""
    tenant, _, name = stored.partition("/")
    return unquote(tenant), name
