"""What a redis: URL may say beside what the driver knows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_NUMBERS = {"pool": int, "timeout": float, "connect_timeout": float, "replicas": int}
_DURABLE = ("always", "unchecked", "none")


@dataclass(frozen=True, slots=True)
class Settings:
    url: str
    where: str  # for messages, without secrets
    pool: int = 20
    timeout: float = 10.0
    connect_timeout: float = 5.0
    # What Redis does when it is the only copy: `always` is checked when it is opened, `unchecked`
    # is for those who may not ask it, `none` for those who do not mind.
    durable: str = "always"
    # So many replicas have a write in their memory before it is acknowledged (WAIT).
    replicas: int = 0


def settings_of(url: str) -> Settings:
    """redis://user:password@host:port/0?durable=always&replicas=0&pool=20&timeout=10"""
    parts = urlsplit(url)
    ours: dict[str, float | str] = {}
    theirs = []
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if key in _NUMBERS:
            try:
                number = _NUMBERS[key](value)
            except ValueError:
                number = -1
            if number < 0 or (number == 0 and key != "replicas"):
                raise ValueError(f"redis: {key} is a number above 0, not {value!r}")
            ours[key] = number
        elif key == "durable":
            if value not in _DURABLE:
                raise ValueError(f"redis: durable is one of {', '.join(_DURABLE)}, not {value!r}")
            ours[key] = value
        else:
            theirs.append((key, value))
    bare = urlunsplit(parts._replace(query=urlencode(theirs)))
    where = f"Redis at {parts.hostname or 'localhost'}:{parts.port or 6379}"
    return Settings(bare, where, **ours)  # type: ignore[arg-type]
