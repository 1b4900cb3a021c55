"""The server as a process: from settings to exit."""

from __future__ import annotations

import logging
import resource
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType

from ..config import Configured
from ..ops import logging as logs
from ..settings import Settings
from .app import Service, create_app
from .serving import Server, uvicorn_config

log = logging.getLogger(__name__)

# Beyond what the limits give rooms to settle, for responses that are on their way.
GRACE_SECONDS = 3


def raise_file_limit() -> int:
    """Each connection is an open file: as many as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] or soft


class Process(Server):
    """Says where it is once it is there. The first signal ends it in order, with 0; another at once."""

    service: Service
    configured: Configured

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            print(announcement(self.service, port), flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True
        log.info("going away: %s", signal.Signals(sig).name)


def run(configured: Configured) -> int:
    """Serves until a signal comes; the exit code. ConfigError: the settings cannot be followed."""
    settings = configured.settings
    logs.configure(settings.log.level, settings.log.format)
    for warning in configured.warnings:
        log.warning("%s", warning)
    app = create_app(settings)
    if app.state.service.auth.trusting and settings.server.force:
        log.warning(
            "whoever reaches %s may be anybody and change everything (--force)",
            settings.server.host,
        )
    raise_file_limit()
    server = settings.server
    config = uvicorn_config(
        app,
        settings.limits,
        host=server.host,
        port=server.port,
        backlog=server.backlog,
        loop="uvloop",
        lifespan="on",
        ws_ping_interval=server.ping_seconds or None,
        ws_ping_timeout=server.ping_seconds or None,
        proxy_headers=bool(server.proxies),
        forwarded_allow_ips=list(server.proxies),
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    process = Process(config, app.state.service.rooms)
    process.service, process.configured = app.state.service, configured
    process.run()
    return 0 if process.started else 1


def announcement(service: Service, port: int) -> str:
    """Where to look, for whoever has just started it."""
    settings = service.settings
    host = settings.server.host
    shown = (
        f"[{host}]" if ":" in host else {"0.0.0.0": "127.0.0.1", "": "127.0.0.1"}.get(host, host)
    )
    base = settings.server.public_url.rstrip("/") or f"http://{shown}:{port}"
    sockets = base.replace("http", "ws", 1)
    from ..ops.scrub import scrub

    lines = [
        ("page", base + "/"),
        ("documents", f"{sockets}/collab/{{name}}"),
        ("", f"{sockets}/hocuspocus"),
        ("store", scrub(settings.store.url)),
        ("identity", identity(settings, base)),
    ]
    color = sys.stdout.isatty()
    bold, dim, plain = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if color else ("", "", "")
    rows = "\n".join(f"  {dim}{name:10}{plain} {value}" for name, value in lines)
    return f"\n  {bold}Ropewalk{plain} is running; Ctrl+C ends it.\n\n{rows}\n"


def identity(settings: Settings, base: str) -> str:
    """Who is believed, loudly where that is everybody."""
    source = settings.auth.source
    if source == "dev":
        said = f"DEVELOPMENT: anybody may be anybody.  ropewalk token --user alice --server {base}"
    elif source == "none":
        said = "NONE: everybody who reaches this server may change everything"
    elif source == "secret":
        said = f"tokens of {settings.auth.issuer}, signed with a shared secret"
    else:
        said = f"tokens of {settings.auth.issuer or source}"
    return said
