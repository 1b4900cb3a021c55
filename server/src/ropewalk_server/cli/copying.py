"""`ropewalk docs copy`: all documents of one store into another."""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import asdict

from ..ops.copying import copy_documents
from ..stores import open_store
from ..stores.contract import StoreError
from .failure import Failure


def add_copy(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "copy documents from one store to another, and compare"
    made = subcommands.add_parser("copy", help=text, description=text)
    made.add_argument("--from", dest="source", metavar="URL", required=True, help="this store")
    made.add_argument("--to", dest="target", metavar="URL", required=True, help="into this one")
    made.add_argument("--prefix", default="", help="only names that begin so, the tenant first")
    made.add_argument("--json", action="store_true", help="answer in JSON, a line a document")
    made.set_defaults(run=lambda options: asyncio.run(_copy(options)))


async def _copy(options: argparse.Namespace) -> int:
    """1 if some could not be copied; those that could are there."""
    if options.source == options.target:
        raise Failure("--from and --to are the same store")
    try:
        source, target = open_store(options.source), open_store(options.target)
    except ValueError as error:
        raise Failure(str(error)) from None
    failed = False
    async with AsyncExitStack() as stack:
        for store in (source, target):
            try:
                await store.open()
            except StoreError as error:
                raise Failure(str(error)) from None
            stack.push_async_callback(store.close)
        async for one in copy_documents(source, target, options.prefix):
            failed = failed or one.outcome == "failed"
            said = f"{one.doc}: {one.outcome}" + (f": {one.reason}" if one.reason else "")
            print(json.dumps(asdict(one)) if options.json else said)
    return int(failed)
