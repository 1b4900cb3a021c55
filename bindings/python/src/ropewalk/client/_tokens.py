"""What proves who this is."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Union

# Itself, or a function, async or not, that gets a fresh one.
Token = Union[str, Callable[[], "str | Awaitable[str]"], None]


async def resolved(token: Token) -> str | None:
    said = token() if callable(token) else token
    return await said if inspect.isawaitable(said) else said
