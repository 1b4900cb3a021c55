"""Whom the server lets in, from where, and when it sends them away."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from ropewalk_server.auth.identity import Identity
from ropewalk_server.http.app import create_app
from ropewalk_server.protocol.messages import Denied, Hello, Renew, Welcome

from .running import ADMIN_KEY, Running, made, running, ticket

# -- who comes in (S0-10, S0-11) -------------------------------------------------------------------


async def test_who_is_refused_hears_why_and_nothing_else(server: Running) -> None:
    other = create_app(made()).state.service.auth.issuer.token("alice")
    good = server.token()
    for token in (None, "", "nonsense", other, good[:-2], good + "A", "a" * 9000):
        code, heard = await server.refusal(token=token)
        assert code == 4401, token
        assert all(isinstance(message, Denied) for message in heard), token
    assert not server.service.rooms.open_rooms


async def test_no_role_is_no_right(server: Running) -> None:
    code, heard = await server.refusal(token=server.token(role=None))
    assert code == 4403
    assert {type(message) for message in heard} <= {Denied, Welcome}


async def test_a_token_may_come_as_subprotocol(server: Running) -> None:
    protocols: Any = [f"ropewalk.token.{server.token()}"]
    async with server.client(subprotocols=protocols) as client:
        await client.sync()
    code, _ = await server.refusal(subprotocols=["ropewalk.token.nonsense"])
    assert code == 4401


async def test_a_token_in_the_url_counts_only_where_that_is_switched_on(server: Running) -> None:
    code, _ = await server.refusal(query=f"?token={server.token()}")
    assert code == 4401
    async with (
        running(made(auth={"token_in_url": True})) as open_,
        open_.client(query=f"?token={open_.token()}") as client,
    ):
        await client.sync()


async def test_a_ticket_opens_its_document_once(server: Running) -> None:
    given = await ticket(server)
    async with server.client(query=f"?ticket={given}") as client:
        await client.sync()
        code, _ = await server.refusal(query=f"?ticket={given}")
        assert code == 4401
    code, _ = await server.refusal(query=f"?ticket={await ticket(server)}", document="another")
    assert code == 4403


async def test_an_address_may_name_the_letter_in_its_query() -> None:
    async with running(made(auth={"token_in_url": True})) as server:
        url = f"ws://{server.place}/v1?letterId=letters/1"
        given = await ticket(server, "letters/1")
        for proof in (f"&token={server.token()}", f"&ticket={given}"):
            async with connect(url + proof, compression=None) as socket:
                hello: dict[str, Any] = {}
                await socket.send(json.dumps({"type": "sync", "step": "step1", "data": "AA=="}))
                while hello.get("type") != "sync":
                    hello = json.loads(await socket.recv())
        for proof in ("", "&token=nonsense", f"&ticket={given}"):
            async with connect(url + proof, compression=None) as socket:
                await socket.send(json.dumps({"type": "sync", "step": "step1", "data": "AA=="}))
                with pytest.raises(ConnectionClosed) as closed:
                    while True:
                        await socket.recv()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 4401
        assert server.service.rooms.open_rooms.keys() == {"main/letters/1"}


async def test_a_ticket_may_come_in_the_hello(server: Running) -> None:
    async with server.client() as client:
        await client.say(Hello(ticket=await ticket(server)))
        await client.sync()


@pytest.mark.parametrize(
    ("authorization", "body", "status"),
    [
        (None, {"document": "a"}, 401),
        ("Bearer x", {"document": "a"}, 401),
        ("Basic x", {"document": "a"}, 401),
        ("good", {"document": ""}, 422),
        ("good", {"document": "a\nb"}, 422),
        ("good", {}, 422),
        ("good", {"document": "x" * 1024}, 422),
        ("good", {"document": 5}, 422),
        ("nothing", {"document": "a"}, 403),
    ],
)
async def test_tickets_are_given_to_whom_has_a_right(
    server: Running, authorization: str | None, body: dict[str, Any], status: int
) -> None:
    tokens = {"good": server.token(), "nothing": server.token(role=None)}
    headers = {}
    if authorization is not None:
        given = tokens.get(authorization)
        headers["Authorization"] = authorization if given is None else f"Bearer {given}"
    answer = await server.http.post("/api/tickets", json=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["status"] == status


async def test_tenants_do_not_see_each_other(server: Running) -> None:
    acme, umbrella = server.token(tenant="acme"), server.token(tenant="umbrella")
    async with server.client(token=acme) as ours, server.client(token=umbrella) as theirs:
        await ours.sync()
        await theirs.sync()
        await ours.write_durably("ours")
        await theirs.write_durably("theirs")
        assert (ours.text, theirs.text) == ("ours", "theirs")
    # A name that spells the way into another tenant is a name.
    async with server.client("../acme/letter", token=umbrella) as client:
        await client.sync()
        assert client.text == ""


async def test_without_authentication_everybody_is_a_guest() -> None:
    async with running(made(auth={"source": "none"})) as server, server.client() as client:
        await client.say(Hello())
        await client.sync()
        await client.write_durably("x")
        # A token that nobody checks proves nothing, and is no reason to refuse either.
        answer = await server.http.post("/api/dev/token", json={"user": "a"})
        assert answer.status_code in (404, 405)  # with and without the page of the editor


# -- and when they are sent away -------------------------------------------------------------------


async def test_a_connection_ends_within_five_seconds_of_its_token(server: Running) -> None:
    async with server.client(token=server.token(seconds=2)) as client:
        await client.sync()
        started = time.monotonic()
        assert await client.closed(8) == 4401
        assert time.monotonic() - started < 7


async def test_a_token_is_renewed_in_place(server: Running) -> None:
    async with server.client(token=server.token(seconds=2)) as client:
        await client.sync()
        await client.say(Renew(server.token(seconds=600)))
        welcome = await client.until(Welcome)
        assert welcome.fields["expires"] > time.time() + 500
        await asyncio.sleep(2.5)
        await client.write_durably("still here")


@pytest.mark.parametrize("who", ["bob", "alice@umbrella", "revoked", "nonsense"])
async def test_a_renewal_with_what_proves_somebody_else_ends_it(server: Running, who: str) -> None:
    user, _, tenant = who.partition("@")
    token = (
        "nonsense"
        if who == "nonsense"
        else server.token(
            "alice" if who == "revoked" else user, tenant=tenant or "main", claims={"x": 1}
        )
    )
    async with server.client(token=server.token()) as client:
        await client.sync()
        if who == "revoked":
            server.service.auth.revocations.revoke_user("main", "alice")
        await client.say(Renew(token))
        assert await client.closed() == 4401


async def test_who_is_revoked_is_sent_away(server: Running) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    alice, bob = server.token("alice"), server.token("bob")
    async with server.client(token=alice) as revoked, server.client(token=bob) as other:
        await revoked.sync()
        await other.sync()
        answer = await server.http.post(
            "/api/admin/revocations", json={"user": "alice"}, headers=headers
        )
        assert answer.json() == {"closed": 1}
        assert await revoked.closed() == 4401
        assert (await server.refusal(token=alice))[0] == 4401
        await other.write_durably("still here")


async def test_one_token_is_revoked_by_its_number(server: Running) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    one, two = server.token(), server.token()
    assert server.service.auth.issuer is not None
    jti = (await server.service.auth.issuer.verify(one)).claims["jti"]
    async with server.client(token=one) as revoked, server.client(token=two) as other:
        await revoked.sync()
        await other.sync()
        await server.http.post("/api/admin/revocations", json={"token": jti}, headers=headers)
        assert await revoked.closed(5) == 4401
        await other.write_durably("still here")


async def test_what_an_application_revokes_ends_connections(server: Running) -> None:
    class Sessions:
        ended: set[str] = set()

        async def revoked(self, identity: Identity) -> bool:
            return identity.user in self.ended

    server.service.auth.door.revocation = Sessions()
    async with server.client(token=server.token()) as client:
        await client.sync()
        Sessions.ended.add("alice")
        assert await client.closed(5) == 4401


# -- from where ------------------------------------------------------------------------------------

EVIL = [
    "http://evil.example",
    "null",
    "http://127.0.0.1.evil.example",
    "https://app.example.evil.example",
    "http://app.example",
    "file://",
    "https://app.example:444",
]


async def test_pages_from_elsewhere_may_not_connect() -> None:
    async with running(made(server={"origins": ("https://app.example",)})) as server:
        token = server.token()
        for origin in EVIL:
            code, _ = await server.refusal(token=token, origin=origin)
            assert code == 403, origin
            answer = await server.http.get("/healthz", headers={"Origin": origin})
            assert (answer.status_code, answer.json()["code"]) == (403, "origin")
            assert "access-control-allow-origin" not in answer.headers
        for allowed in ("https://app.example", f"http://{server.place}", None):
            async with server.client(token=token, origin=allowed) as client:
                await client.sync()


async def test_a_cookie_opens_nothing(server: Running) -> None:
    headers = {"Cookie": f"token={server.token()}; Authorization={server.token()}"}
    code, _ = await server.refusal(additional_headers=headers)
    assert code == 4401
    assert (await server.http.get("/api/admin/documents", headers=headers)).status_code == 401


async def test_pages_on_the_list_may_ask_across_origins() -> None:
    async with running(made(server={"origins": ("https://app.example",)})) as server:
        asks = {
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        answer = await server.http.options("/api/tickets", headers=asks)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-credentials" not in answer.headers
        answer = await server.http.get("/healthz", headers={"Origin": "https://app.example"})
        assert answer.headers["access-control-allow-origin"] == "https://app.example"


async def test_any_origin_where_that_is_said() -> None:
    async with (
        running(made(server={"origins": ("*",)})) as server,
        server.client(token=server.token(), origin="https://anywhere.example") as client,
    ):
        await client.sync()


async def test_a_name_that_was_made_to_lead_here_opens_nothing(server: Running) -> None:
    """A page of evil.example whose name suddenly means 127.0.0.1 would be of the same origin."""
    port = server.place.split(":")[1]
    headers = {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"}
    answer = await server.http.post("/api/dev/token", json={"user": "alice"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "host")
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", "[::1]"):
        answer = await server.http.post(
            "/api/dev/token", json={"user": "alice"}, headers={"Host": host}
        )
        assert answer.status_code == 201
