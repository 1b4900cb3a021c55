"""What can be set, and what cannot be at AWS either."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

KIB = 1024


@dataclass(frozen=True, slots=True)
class Quotas:
    """Of API Gateway's WebSocket APIs and of Lambda. Seconds and bytes."""

    message_bytes: int = 128 * KIB
    frame_bytes: int = 32 * KIB
    idle: float = 600.0
    life: float = 7200.0
    integration: float = 29.0
    connections_per_second: float = 500.0
    # Not documented by AWS; 0: none.
    posts_per_second: float = 0.0
    url_characters: int = 4096
    payload_bytes: int = 6 * 1024 * KIB
    concurrency: int = 8
    edge: float = 5.0


@dataclass(frozen=True, slots=True)
class Reading:
    """How the stream is read: an event source mapping."""

    polls_per_second: float = 4.0
    batch: int = 100
    attempts: int = 5


@dataclass(frozen=True, slots=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 0
    stage: str = "v1"
    dynamodb: str = ""  # HOST:PORT of one that runs; empty: it is started
    dynamodb_library: Path | None = None
    s3: str = "moto"  # its address, `moto` to start one, `none`
    table: str = "ropewalk"
    tables: str = "shared"  # or "each"
    page: Path | None = None
    protect: bool = False  # the page asks for a cookie with a token
    token_in_url: bool = True
    cleanup_seconds: float = 60.0
    quotas: Quotas = field(default_factory=Quotas)
    reading: Reading = field(default_factory=Reading)
    environ: tuple[tuple[str, str], ...] = ()  # of functions, beside what they need
