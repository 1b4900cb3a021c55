"""The page at /: a folder that a build made, or a few words; with a policy of what it may load.

The policy is the second lock: should somebody's text ever become markup, a browser runs no script
in it and sends nothing elsewhere.
"""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..config import ConfigError
from ..settings import ServerSettings

EXAMPLE = Path(__file__).resolve().parents[4] / "examples" / "web" / "editor" / "dist"

_WELCOME = """<!doctype html>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Ropewalk</title>
<style>body{font:1rem/1.6 system-ui;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#223}
code{background:#eef1f5;padding:.1em .35em;border-radius:.3em}</style>
<h1>Ropewalk is running</h1>
<p>Documents: <code>/collab/{name}</code> for y-websocket and Ropewalk's provider,
<code>/hocuspocus</code> for Hocuspocus's.</p>
<p>Health: <a href="healthz">/healthz</a>, <a href="readyz">/readyz</a>.
Interface: <a href="api/openapi.json">/api/openapi.json</a>.</p>
"""


def page_routes(settings: ServerSettings) -> list[BaseRoute]:
    """What answers at / and below; ConfigError: there is no page where one was promised."""
    folder = Path(settings.editor) if settings.editor else EXAMPLE
    if (folder / "index.html").is_file():
        return [Mount("/", _Headers(StaticFiles(directory=folder, html=True), settings.policy))]
    if settings.editor:
        raise ConfigError(f"server.editor: {folder} has no index.html")
    words = _Headers(HTMLResponse(_WELCOME), settings.policy)
    return [Route("/", words, methods=["GET"])]


class _Headers:
    """Adds to every answer what browsers hold a page to."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._headers = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
        if policy:
            self._headers["Content-Security-Policy"] = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, adding)
