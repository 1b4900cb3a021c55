"""From signing up to the first change: a user pool of Cognito, as moto plays it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from moto.server import ThreadedMotoServer

from ropewalk_server.protocol.messages import Denied, Welcome

from .running import made, running

pytestmark = pytest.mark.anyio

REGION = "eu-central-1"
PASSWORD = "Correct-horse-1"


@dataclass
class Pool:
    """A user pool with an application."""

    cognito: Any
    place: str
    id: str
    app: str

    def sign_up(self, email: str) -> None:
        given = [{"Name": "email", "Value": email}]
        self.cognito.sign_up(
            ClientId=self.app, Username=email, Password=PASSWORD, UserAttributes=given
        )

    def confirm(self, email: str) -> None:
        self.cognito.confirm_sign_up(ClientId=self.app, Username=email, ConfirmationCode="123456")

    def join(self, email: str, group: str) -> None:
        with contextlib.suppress(self.cognito.exceptions.GroupExistsException):
            self.cognito.create_group(UserPoolId=self.id, GroupName=group)
        self.cognito.admin_add_user_to_group(UserPoolId=self.id, Username=email, GroupName=group)

    def sign_in(self, email: str, password: str = PASSWORD) -> dict[str, str]:
        who = {"USERNAME": email, "PASSWORD": password}
        answer = self.cognito.initiate_auth(
            ClientId=self.app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=who
        )
        tokens: dict[str, str] = answer["AuthenticationResult"]
        return tokens

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "source": f"{self.place}/{self.id}/.well-known/jwks.json",
            "issuer": f"https://cognito-idp.{REGION}.amazonaws.com/{self.id}",
            "audience": (self.app,),
            "token_uses": ("id",),
            "groups_claim": "cognito:groups",
            "groups": ("writers=editor", "visitors=reader"),
        }


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    place = "http://{}:{}".format(*server.get_host_and_port())
    cognito = boto3.client(
        "cognito-idp",
        endpoint_url=place,
        region_name=REGION,
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    id = cognito.create_user_pool(PoolName="letters")["UserPool"]["Id"]
    app = cognito.create_user_pool_client(
        UserPoolId=id, ClientName="web", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    yield Pool(cognito, place, id, app)
    server.stop()


async def test_from_signing_up_to_the_first_change(pool: Pool) -> None:
    email = "ann@example.org"
    await asyncio.to_thread(pool.sign_up, email)
    with pytest.raises(ClientError, match="not confirmed"):
        await asyncio.to_thread(pool.sign_in, email)
    await asyncio.to_thread(pool.confirm, email)
    with pytest.raises(ClientError, match="NotAuthorized"):
        await asyncio.to_thread(pool.sign_in, email, "a guess")
    await asyncio.to_thread(pool.join, email, "writers")
    tokens = await asyncio.to_thread(pool.sign_in, email)
    async with running(made(auth=pool.settings)) as server:
        async with server.client(token=tokens["IdToken"]) as client:
            welcome = await client.until(Welcome)
            assert welcome.fields["role"] == "editor"
            await client.sync()
            await client.write_durably("signed in")
        async with server.client(token=tokens["IdToken"]) as again:
            await again.sync()
            assert again.text == "signed in"


async def test_nothing_without_having_signed_in(pool: Pool) -> None:
    """No token, none of this pool, one for something else, or nobody has given a role."""
    for email, group in (("ben@example.org", "writers"), ("eve@example.org", None)):
        await asyncio.to_thread(pool.sign_up, email)
        await asyncio.to_thread(pool.confirm, email)
        if group:
            await asyncio.to_thread(pool.join, email, group)
    ben = await asyncio.to_thread(pool.sign_in, "ben@example.org")
    eve = await asyncio.to_thread(pool.sign_in, "eve@example.org")
    head, body, signature = ben["IdToken"].split(".")
    forged = f"{head}.{body}.{signature[:20]}{'A' if signature[20] != 'A' else 'B'}{signature[21:]}"
    async with running(made(auth=pool.settings)) as server:
        async with server.client(token=ben["IdToken"]) as client:
            await client.sync()
            await client.write_durably("a secret")
        for token, code in (
            (None, 4401),
            (forged, 4401),
            (ben["AccessToken"], 4401),
            (eve["IdToken"], 4403),
        ):
            closed, heard = await server.refusal(token=token)
            assert closed == code
            assert {type(message) for message in heard} <= {Denied}
    # The keys are right, and the pool is another one.
    other = {**pool.settings, "issuer": pool.settings["issuer"] + "x"}
    async with running(made(auth=other)) as server:
        assert (await server.refusal(token=ben["IdToken"]))[0] == 4401
    async with running(made(auth={**pool.settings, "audience": ("another",)})) as server:
        assert (await server.refusal(token=ben["IdToken"]))[0] == 4401


async def test_a_visitor_may_read(pool: Pool) -> None:
    email = "carl@example.org"
    await asyncio.to_thread(pool.sign_up, email)
    await asyncio.to_thread(pool.confirm, email)
    await asyncio.to_thread(pool.join, email, "visitors")
    tokens = await asyncio.to_thread(pool.sign_in, email)
    async with (
        running(made(auth=pool.settings)) as server,
        server.client(token=tokens["IdToken"]) as client,
    ):
        welcome = await client.until(Welcome)
        assert welcome.fields["role"] == "reader"
        await client.sync()
