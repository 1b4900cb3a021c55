"""`ropewalk emulate`."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Any

from .failure import Failure


def add_to(commands: Any) -> None:
    made = commands.add_parser(
        "emulate",
        help="run the functions for AWS Lambda on this machine, with AWS's limits",
        description="API Gateway, Lambda, DynamoDB Streams, CloudFront and an issuer of tokens, on "
        "one port of this machine, with the limits that they have at AWS (docs/guides/aws.md).",
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on")
    made.add_argument("--port", type=int, default=8000, help="port to listen on; 0: a free one")
    made.add_argument("--stage", default="v1", help="of the WebSocket API")
    made.add_argument("--dynamodb", default="", metavar="HOST:PORT", help="DynamoDB Local that runs")
    made.add_argument(
        "--dynamodb-library", type=Path, metavar="FOLDER", help="its jars, to start one"
    )
    made.add_argument("--s3", default="moto", metavar="URL", help="of S3; moto: start one; none")
    made.add_argument("--table", default="ropewalk", help="the table of documents")
    made.add_argument(
        "--tables", default="shared", choices=("shared", "each"), help="one for each document"
    )
    made.add_argument("--editor", type=Path, metavar="FOLDER", help="a built page to serve at /")
    made.add_argument(
        "--concurrency", type=int, default=8, help="processes of a function at once"
    )
    made.add_argument("--quiet", action="store_true", help="do not show what functions log")
    made.set_defaults(run=emulate)


def emulate(options: argparse.Namespace) -> int:
    from ..emulator.settings import Quotas, Settings
    from ..http.page import EXAMPLE

    if not 0 <= options.port <= 65535:
        raise Failure("--port: from 0 to 65535")
    if options.concurrency < 1:
        raise Failure("--concurrency: 1 or more")
    page = options.editor
    if page is None and (EXAMPLE / "index.html").is_file():
        page = EXAMPLE
    if page is not None and not (page / "index.html").is_file():
        raise Failure(f"--editor: {page} has no index.html")
    library = options.dynamodb_library
    settings = Settings(
        host=options.host,
        port=options.port,
        stage=options.stage,
        dynamodb=options.dynamodb,
        dynamodb_library=None if library is None else library.resolve(),
        s3=options.s3,
        table=options.table,
        tables=options.tables,
        page=page,
        quotas=Quotas(concurrency=options.concurrency),
    )
    return asyncio.run(_run(settings, quiet=options.quiet))


async def _run(settings: Any, *, quiet: bool) -> int:
    from ..emulator.emulator import Emulator
    from ..emulator.functions import FunctionError

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, ended.set)
    emulator = Emulator(settings, log=None if quiet else lambda line: print(line, flush=True))
    print("starting DynamoDB Local, S3 and the functions …", flush=True)
    try:
        await emulator.start()
        print(f"Ropewalk on an emulated AWS: {emulator.address}/", flush=True)
        print(
            f"  WebSocket API  ws://{settings.host}:{emulator.port}/{settings.stage}?doc=NAME\n"
            f"  HTTP API       {emulator.address}/api/documents\n"
            f"  tokens         POST {emulator.address}/api/dev/token",
            flush=True,
        )
        await ended.wait()
        print("stopping", flush=True)
    except FunctionError as error:
        raise Failure(f"the functions do not start: {error}") from None
    except OSError as error:
        raise Failure(f"cannot listen at {settings.host}:{settings.port}: {error}") from None
    finally:
        await emulator.close()
    return 0
