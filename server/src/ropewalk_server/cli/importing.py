"""`ropewalk docs import`: updates in files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from urllib.parse import unquote

from ropewalk._cli import is_v2

from ..ops.documents import BadDocument
from .backends import Backend
from .failure import Failure


async def import_documents(backend: Backend, options: argparse.Namespace) -> int:
    if options.name is not None and len(options.source) > 1:
        raise Failure("--as names the document of one file")
    done = []
    for source in options.source:
        path = Path(source)
        try:
            update = path.read_bytes()
        except OSError as error:
            raise Failure(f"{source}: {error.strerror or error}") from None
        # `docs export` writes names that hold what files cannot be called.
        name = options.name or unquote(path.stem)
        try:
            version = await backend.put(name, update, v2=is_v2(update, None), new=options.new)
        except BadDocument as error:
            raise Failure(f"{source}: {error}") from None
        done.append({"name": name, "version": version})
        if not options.json:
            print(f"{name}: version {version['epoch']}.{version['seq']}")
    if options.json:
        print(json.dumps(done, indent=2))
    return 0
