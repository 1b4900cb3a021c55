"""Every limit of the emulator: what AWS does not allow fails here, too."""

import asyncio
import json
import os
import socket as socketlib
from pathlib import Path

import httpx
import pytest
from aws.conftest import running
from aws.people import Person, equal_within
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ropewalk.text_stream import TextStream
from ropewalk_server.emulator.settings import Quotas
from ropewalk_server.protocol import frames
from ropewalk_server.protocol.messages import Hello

PATIENCE = 30


def socket(emulator, query="?doc=letter", path=None):
    path = f"/{emulator.settings.stage}" if path is None else path
    return connect(f"ws://127.0.0.1:{emulator.port}{path}{query}", compression=None, max_size=None)


async def closed_with(client):
    with pytest.raises(ConnectionClosed) as error:
        async with asyncio.timeout(PATIENCE):
            while True:
                await client.recv()
    return error.value.rcvd.code


async def test_binary_is_closed_with_1003(emulator):
    async with socket(emulator) as client:
        await client.send(b"\x00\x00\x01\x00")
        assert await closed_with(client) == 1003


async def test_a_frame_has_32_kb_and_a_message_128(emulator):
    async with socket(emulator) as client:
        await client.send("x" * (32 * 1024 + 1))
        assert await closed_with(client) == 1009
    async with socket(emulator) as client:
        await client.send("y" * 31_000 for _ in range(5))
        assert await closed_with(client) == 1009
    # What a browser cannot do, but others can: a message of 120 KB in frames of 30.
    async with socket(emulator) as client:
        text = json.dumps({"action": "ping", "filler": "y" * 119_000})
        await client.send([text[at : at + 30_000] for at in range(0, len(text), 30_000)])
        assert json.loads(await asyncio.wait_for(client.recv(), PATIENCE)) == {"type": "pong"}


async def test_there_are_no_paths_but_the_stage(emulator):
    for path in ("/v1/letter", "/v2", "/"):
        with pytest.raises(InvalidStatus) as error:
            await socket(emulator, "", path).__aenter__()
        assert error.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as error:
        await socket(emulator, "?doc=" + "x" * 4096).__aenter__()
    assert error.value.response.status_code == 414


async def test_ten_minutes_of_silence_are_the_end(driven):
    ann, ben = Person(driven, "ann"), Person(driven, "ben")
    await ann.connect()
    await ben.connect()
    await equal_within(driven, [ann, ben], 5)
    await driven.clock.skip(590)
    assert not ann.closes
    # Ann says something, and Ben's answer to it counts for him.
    ann.write("still here")
    await equal_within(driven, [ann, ben], 5)
    await driven.clock.skip(570)
    assert not ann.closes and not ben.closes
    await driven.clock.skip(60)
    # They come back, for they still want to be there.
    assert ann.closes == ben.closes == [1001] and ann.connects == 2
    for person in (ann, ben):
        await person.leave()


async def test_two_hours_are_the_end_whoever_speaks():
    async with running(driven=True, cleanup_seconds=1e9) as emulator:
        await two_hours(emulator)


async def two_hours(driven):
    gateway = driven.gateway
    closes = []
    connection, status, _ = await gateway.connect(
        {}, {}, "127.0.0.1", lambda _: None, lambda code, _: closes.append(code)
    )
    assert status == 101
    gateway.opened(connection)
    for _ in range(23):
        await driven.clock.skip(305, 61)
        gateway.received(connection, '{"action": "ping"}')
    assert not closes
    await driven.clock.skip(300)
    assert closes == [1001]


async def test_29_seconds_are_the_end_of_an_event(monkeypatch):
    tests = str(Path(__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", f"{tests}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    async with running(driven=True) as emulator:
        emulator.functions.deploy("slow", {"slow": "aws.slow.sleep"}, {})
        asked = asyncio.ensure_future(emulator.functions.invoke("slow", 3600))
        while not any(p.group == "slow" for p in emulator.functions.processes):
            await asyncio.sleep(0.01)
        for _ in range(5):  # until its time has begun to run
            await asyncio.sleep(0)
        assert not asked.done()
        emulator.clock.settle = None
        await emulator.clock.advance(28.9)
        assert not asked.done()
        await emulator.clock.advance(0.2)
        with pytest.raises(Exception, match="more than 29 s"):
            await asyncio.wait_for(asked, PATIENCE)


async def test_who_comes_too_often_is_throttled():
    quotas = Quotas(connections_per_second=3, posts_per_second=2)
    async with running(driven=True, quotas=quotas) as emulator:
        gateway = emulator.gateway

        async def one():
            return await gateway.connect({}, {}, "::1", lambda _: None, lambda *_: None)

        found = [await one() for _ in range(4)]
        assert [status for _, status, _ in found] == [101, 101, 101, 429]
        await emulator.clock.advance(1)
        assert (await one())[1] == 101
        id = found[0][0].id
        statuses = [gateway.manage("POST", id, b"x")[0] for _ in range(4)]
        assert statuses == [200, 200, 429, 429]


async def test_connections_are_managed(emulator):
    stage = f"{emulator.address}/{emulator.settings.stage}/@connections/"
    signed = {"authorization": "AWS4-HMAC-SHA256 ..."}
    async with socket(emulator) as client, httpx.AsyncClient() as http:
        id = list(emulator.gateway.connections)[-1]
        assert (await http.get(stage + id)).status_code == 403  # unsigned
        shown = await http.get(stage + id, headers=signed)
        assert shown.status_code == 200 and "connectedAt" in shown.json()
        too_long = await http.post(stage + id, content="x" * (128 * 1024 + 1), headers=signed)
        assert too_long.status_code == 413
        # More than 32 KB comes in several frames, as one message.
        assert (await http.post(stage + id, content="x" * 100_000, headers=signed)).status_code == 200
        assert await asyncio.wait_for(client.recv(), PATIENCE) == "x" * 100_000
        assert (await http.delete(stage + id, headers=signed)).status_code == 204
        assert await closed_with(client) == 1000
        assert (await http.post(stage + id, content="x", headers=signed)).status_code == 410
        assert (await http.delete(stage + id, headers=signed)).status_code == 410


async def test_a_token_is_checked_before_the_handshake(emulator):
    """With the URL, or by a subprotocol; who shows none says hello."""
    good = emulator.issuer.token("ann")
    async with socket(emulator, f"?doc=letter&token={good}"):
        pass
    protocol = f"ropewalk.token.{good}"
    url = f"ws://127.0.0.1:{emulator.port}/{emulator.settings.stage}?doc=letter"
    async with connect(url, subprotocols=[protocol]) as client:
        assert client.subprotocol == protocol
    bad = [
        "nonsense",
        good[:-6] + "AAAAAA",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.",
    ]
    for token in bad:
        with pytest.raises(InvalidStatus) as error:
            await socket(emulator, f"?doc=letter&token={token}").__aenter__()
        assert error.value.response.status_code == 401, token
    with pytest.raises(InvalidStatus) as error:
        await socket(emulator, "?doc=letter&ticket=rwt_unknown").__aenter__()
    assert error.value.response.status_code == 401
    log = "\n".join(emulator.log_lines)
    assert good not in log and bad[0] not in log


async def test_clients_may_wait_for_it_to_start():
    """They come while functions are still being imported: refused until all is there."""
    with socketlib.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    heard = []

    async def come_back():
        while True:
            try:
                async with connect(f"ws://127.0.0.1:{port}/v1?doc=letter") as client:
                    heard.append(client)
                    return
            except (OSError, InvalidStatus, EOFError):
                await asyncio.sleep(0.01)

    waiting = [asyncio.ensure_future(come_back()) for _ in range(8)]
    async with asyncio.timeout(60), running(port=port):
        await asyncio.gather(*waiting)
    assert len(heard) == 8


async def test_a_process_stands_still_between_two_events(emulator):
    """And what was begun in it does not go on."""
    async with socket(emulator) as client:
        await client.send('{"action": "ping"}')
        assert json.loads(await asyncio.wait_for(client.recv(), PATIENCE)) == {"type": "pong"}
        async with asyncio.timeout(PATIENCE):
            while emulator.functions.active:
                await asyncio.sleep(0.01)
        for process in emulator.functions.processes:
            state = ""
            async with asyncio.timeout(PATIENCE):
                while state != "T":
                    with open(f"/proc/{process.pid}/stat") as stat:
                        state = stat.read().rpartition(") ")[2][0]
                    await asyncio.sleep(0.01)


async def test_an_event_has_6_mb(emulator):
    with pytest.raises(Exception, match="RequestTooLarge"):
        await emulator.functions.invoke("http", {"body": "x" * (6 << 20)})


async def test_messages_that_are_none_are_answered_or_counted(emulator):
    """JSON without sense, texts that are no frames, and frames that are not ours."""
    async with socket(emulator) as client:
        for text in ('{"action": 7}', "{", '{"type": "hello"}'):
            await client.send(text)
            answer = json.loads(await asyncio.wait_for(client.recv(), PATIENCE))
            assert answer["type"] == "error"
        await client.send('{"action": "ping"}')
        assert json.loads(await asyncio.wait_for(client.recv(), PATIENCE)) == {"type": "pong"}
        await client.send("not base64 at all")
        assert await closed_with(client) in (1000, 1001)


async def test_who_is_refused_hears_why(emulator):
    async with socket(emulator) as client:
        stream = TextStream(7)
        stream.send(frames.encode(None, Hello(token="nonsense")))
        for text in stream.frames():
            await client.send(text)
        said = []
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(PATIENCE):
                while True:
                    said += stream.receive(await client.recv()).messages
        kinds = [type(frames.decode(message)[1]).__name__ for message in said]
        assert kinds == ["Denied", "Closing"]
        assert frames.decode(said[1])[1].code == 4401


