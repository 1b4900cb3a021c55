"""Writes vectors/text_frames.json, which Python and TypeScript are both tested with.

usage: make_text_frames_vectors.py > vectors/text_frames.json
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any
from zlib import crc32

from ropewalk.text_frames import (
    Begin,
    Gone,
    Head,
    Item,
    Message,
    Offer,
    Part,
    Received,
    Resume,
    encode_frame,
)
from ropewalk.text_stream import TextStream

# Long messages stand in the file as "pattern:LENGTH": byte i is (i * 7 + i // 256) % 256.
LONG = 50_000
SOURCE = b"from version 3"


def pattern(length: int) -> bytes:
    return bytes((i * 7 + i // 256) % 256 for i in range(length))


def plain(value: Any) -> Any:
    """An item as JSON: bytes in hexadecimal, and its kind in front."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        kind = {"type": type(value).__name__.lower()} if not isinstance(value, Head) else {}
        return kind | {name: plain(field) for name, field in value._asdict().items()}
    return value


HEAD = Head.of(b"a long message", b"made from this")
NO_SOURCE = Head.of(b"", b"")
FRAMES: list[tuple[str, int, list[Item]]] = [
    ("one small message", 7, [Message(1, b"hello")]),
    ("an empty message", 0, [Message(1, b"")]),
    (
        "several share a frame",
        2**32,
        [Message(1, b"a"), Message(2, b"b"), Received(3, 0, None, False)],
    ),
    ("the greatest numbers", 2**53 - 1, [Message(2**53 - 1, b"\x00\xff")]),
    ("head and part", 9, [Begin(4, HEAD, 0), Part(4, 0, b"a lo")]),
    ("received in the middle", 9, [Received(4, 4, HEAD, False)]),
    ("again from the start", 9, [Received(4, 0, None, True)]),
    ("again from the middle", 9, [Received(4, 4, HEAD, True)]),
    ("resume, gone, offer", 10, [Resume(HEAD, 4), Gone(HEAD), Offer(NO_SOURCE)]),
    ("no items", 3, []),
]


def framed(body: bytes, version: int = 1) -> str:
    return b64encode(bytes((version,)) + crc32(body).to_bytes(4, "little") + body).decode()


def refused() -> list[dict[str, str]]:
    good = encode_frame(7, [Message(1, b"hello")])
    raw = b64decode(good)
    flipped = raw[:-1] + bytes((raw[-1] ^ 1,))
    return [
        {"name": name, "text": text, "code": code}
        for name, text, code in (
            ("nothing", "", "damaged"),
            ("JSON", '{"action": "JOIN_DOC"}', "damaged"),
            ("not padded", good.rstrip("="), "damaged"),
            ("a line break", good[:8] + "\n" + good[8:], "damaged"),
            ("the alphabet of URLs", b64encode(raw).decode()[:-4] + "_-8=", "damaged"),
            ("bits behind the end", "AR==", "damaged"),
            ("too short for a header", b64encode(raw[:5]).decode(), "damaged"),
            ("one bit flipped", b64encode(flipped).decode(), "damaged"),
            ("a byte lost", b64encode(raw[:-1]).decode(), "damaged"),
            ("another version", framed(b"\x07", version=2), "protocol"),
            ("an unknown item", framed(b"\x07\x09\x01"), "protocol"),
            ("an item cut short", framed(b"\x07\x01\x01\x05hell"), "protocol"),
            ("a number beyond 2^53", framed(b"\xff\xff\xff\xff\xff\xff\xff\x7f"), "protocol"),
            (
                "a source of 5,000 bytes",
                framed(b"\x07\x07\x88\x27" + bytes(5000) + bytes(5)),
                "protocol",
            ),
            (
                "a head without all of its checksum",
                framed(b"\x07\x07\x00\x05\x01\x02\x03"),
                "protocol",
            ),
            ("longer than a frame may be", "A" * 32_004, "too_big"),
        )
    ]


def resumed() -> dict[str, Any]:
    """A long message that is cut in the middle and resumed: every frame in both directions, and
    what each brings to whom it reaches."""
    content = pattern(LONG)
    lines: list[dict[str, Any]] = []

    def deliver(to: TextStream, texts: list[str], sender: str) -> None:
        for text in texts:
            arrived = to.receive(text)
            brings = [f"pattern:{LONG}" if m == content else m.hex() for m in arrived.messages]
            lines.append({"stream": to.stream, "from": sender, "text": text, "brings": brings})
            for wanted in arrived.wanted:
                to.resume(wanted, content)

    client, server = TextStream(11), TextStream(None)
    client.send(b"ask")
    deliver(server, client.frames(), "client")
    server.send(b"before")
    server.send(content, SOURCE)
    deliver(client, server.frames()[:2], "server")  # the rest is lost with the connection
    client, server = TextStream(12, kept=client.kept()), TextStream(None)
    deliver(server, client.frames(), "client")
    deliver(client, server.frames(), "server")
    deliver(server, client.frames(flush=True), "client")
    assert lines[-2]["brings"] == [f"pattern:{LONG}"] and not server.waits
    return {"length": LONG, "source": SOURCE.hex(), "lines": lines}


if __name__ == "__main__":
    vectors = {
        "frames": [
            {
                "name": name,
                "stream": stream,
                "items": [plain(item) for item in items],
                "text": encode_frame(stream, items),
            }
            for name, stream, items in FRAMES
        ],
        "refused": refused(),
        "resumed": resumed(),
    }
    print(json.dumps(vectors, indent=1))
