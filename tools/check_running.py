"""Starts a server, checks that its page and its socket answer, and stops it again.

usage: check_running.py COMMAND...   (which prints the address of its page)
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from asyncio.subprocess import PIPE

import httpx
from ropewalk.text_stream import TextStream
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

PATIENCE_SECONDS = 60
HELLO, WELCOME = 120, 121
UNSUPPORTED = 1003


def hello(token: str) -> bytes:
    """A hello of docs/formats/sync-protocol.md."""
    text = json.dumps({"v": 1, "token": token}).encode()
    # Lengths are numbers of 7 bits at a time; a token is longer than 127 and shorter than 16,384.
    return bytes((HELLO, 0x80 | len(text) & 0x7F, len(text) >> 7)) + text


async def check(page: str) -> None:
    async with httpx.AsyncClient(base_url=page) as client:
        shown = await client.get("")
        if shown.status_code != 200 or "<title>Ropewalk</title>" not in shown.text:
            raise RuntimeError(f"the page answered {shown.status_code}, or is not the editor")
        script = re.search(r'src="\./(assets/[^"]+\.js)"', shown.text)
        if script is None or (await client.get(script[1])).status_code != 200:
            raise RuntimeError("the script of the page is not there")
        token = (await client.post("api/dev/token", json={"user": "check"})).json()["token"]
    address = page.replace("http", "ws", 1) + "collab/check"
    try:
        async with connect(address) as socket:
            await socket.send(hello(token))
            answer = await socket.recv()
    except ConnectionClosedError as closed:
        if closed.rcvd is None or closed.rcvd.code != UNSUPPORTED:
            raise
        answer = await in_text_frames(address, token)
    if not isinstance(answer, bytes) or answer[0] != WELCOME:
        raise RuntimeError(f"the socket answered {answer!r}, not a welcome")


async def in_text_frames(address: str, token: str) -> bytes:
    """The first answer where binary messages are refused."""
    stream = TextStream(1)
    stream.send(hello(token))
    async with connect(address) as socket:
        for text in stream.frames():
            await socket.send(text)
        while True:
            text = await socket.recv()
            messages = stream.receive(text).messages if isinstance(text, str) else []
            if messages:
                return messages[0]


async def main(command: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=None)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            page = None
            while page is None:
                line = (await process.stdout.readline()).decode()
                if not line:
                    raise RuntimeError("the server ended before it said where it is")
                print(line, end="", flush=True)
                page = re.search(r"http://[\w.:]+/", line)
            await check(page[0])
        process.send_signal(signal.SIGINT)
        status = await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    if status not in (0, 130):
        raise RuntimeError(f"the server ended with {status}")
    print("page and socket have answered; the server is stopped")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
