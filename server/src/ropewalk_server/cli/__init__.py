"""The command `ropewalk`.

Exit codes: 0; 1 where what was looked at is not in order; 2 where the arguments, the settings, a
file or a server were not what they should be.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ..config import ConfigError
from ..stores.contract import StoreError
from . import docs, emulate, serve, store, tokens
from .failure import Failure

# Commands of the engine's own command line, about updates in files.
ENGINE = ("inspect", "merge", "diff", "convert")


def main(arguments: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in ENGINE:
        from ropewalk._cli import main as engine

        return engine(given)
    options = parser().parse_args(given)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except (Failure, ConfigError, StoreError) as error:
        print(f"ropewalk: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="ropewalk", description="A collaboration server for every Yjs client."
    )
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    serve.add_to(commands)
    emulate.add_to(commands)
    docs.add_to(commands)
    store.add_to(commands)
    tokens.add_to(commands)
    for name in ENGINE:
        commands.add_parser(
            name, help=f"{name} updates in files: ropewalk {name} --help", add_help=False
        )
    return made
