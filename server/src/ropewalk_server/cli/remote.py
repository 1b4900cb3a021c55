"""A server that is running, as the command line talks to it."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from .failure import Failure

if TYPE_CHECKING:
    import httpx

DEFAULT_SERVER = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 60.0


def add_server(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--server", metavar="URL", help=text)


def add_token(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--token", metavar="TOKEN", help="else ROPEWALK_TOKEN, else ROPEWALK_ADMIN_KEY"
    )


def token_of(options: argparse.Namespace) -> str | None:
    environ = os.environ
    return options.token or environ.get("ROPEWALK_TOKEN") or environ.get("ROPEWALK_ADMIN_KEY")


class Remote:
    """Requests, whose failures are sentences."""

    def __init__(self, url: str, token: str | None) -> None:
        import httpx  # takes longer than all else that a command imports

        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS)

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        import httpx

        try:
            response = await self.client.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise Failure(f"the server at {self.client.base_url} does not answer: {why}") from None
        if response.is_error:
            raise Failure(_said(response))
        return response

    async def close(self) -> None:
        await self.client.aclose()


def _said(response: httpx.Response) -> str:
    try:
        page = response.json()
        return f"{page['detail']} ({page['status']} {page['code']})"
    except (ValueError, KeyError, TypeError):
        return f"the server answers {response.status_code} {response.reason_phrase}"
