"""`ropewalk store`: what has to be there before a store can be used."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any, Protocol, runtime_checkable

from ..stores import open_store
from .failure import Failure
from .settings import add_settings, settings_of


@runtime_checkable
class Creates(Protocol):
    """A store that does not make by itself what it needs, since that costs money, or takes rights
    that a server should not have."""

    async def create(self) -> list[str]:
        """What was made; what was there is left as it is."""
        ...


def add_to(commands: Any) -> None:
    store = commands.add_parser("store", help="create the tables and buckets of a store")
    subcommands = store.add_subparsers(required=True, metavar="COMMAND")
    text = "make the tables and buckets that a store needs and that are not there"
    create = subcommands.add_parser("create", help=text, description=text)
    add_settings(create, only=("store.url",))
    create.set_defaults(run=lambda options: asyncio.run(_create(options)))


async def _create(options: argparse.Namespace) -> int:
    url = settings_of(options).settings.store.url
    try:
        store = open_store(url)
    except ValueError as error:
        raise Failure(str(error)) from error
    made = await store.create() if isinstance(store, Creates) else []
    for what in made:
        print(f"made {what}")
    await store.open()
    await store.close()
    print(f"{url.partition('?')[0]} can be used")
    return 0
