"""The names of keys. What stands in braces decides where a cluster keeps a key: all of one document
lie together, so that one script may touch them."""

from __future__ import annotations

# Of everything there is.
NAMES = b"rw:names"  # sorted set: names of documents
DAMAGED = b"rw:damaged"  # set: names of those of which something was set aside
NEWS = b"rw:news"  # stream: what processes tell each other
SECRET = b"rw:secret:"


def tag(name: bytes) -> bytes:
    """The name, so that nothing in it ends the braces."""
    for byte in (b"%", b"{", b"}"):
        name = name.replace(byte, b"%%%02X" % byte[0])
    return b"{" + name + b"}"


def of_document(name: bytes) -> list[bytes]:
    """head: a record. log: a stream, whose ids are versions. rows: a hash of other records.
    snapshots: a set of versions; each is a string under that key, a colon and the version.
    aside: a list of what was set aside."""
    tagged = tag(name)
    return [
        b"rw:" + tagged + b":" + what for what in (b"head", b"log", b"rows", b"snapshots", b"aside")
    ]


# -- who is connected ------------------------------------------------------------------------------


def connection(id: str) -> bytes:
    """Hash: whose it is, and to which document."""
    return b"connection:" + id.encode()


def connections(name: bytes) -> bytes:
    """Set: the connections of a document."""
    return b"letter:" + tag(name) + b":connections"


def presence(name: bytes) -> bytes:
    """Hash: what people show of themselves."""
    return b"presence:" + tag(name)


def snapshot(name: bytes) -> bytes:
    """The newest snapshot of a document that is kept elsewhere."""
    return b"ydoc:" + tag(name)
