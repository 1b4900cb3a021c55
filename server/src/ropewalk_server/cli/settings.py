"""Settings as options of a command."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

from ..config import Configured, Leaf, leaves, load

_DEST = "setting:"
DEFAULT_FILE = "ropewalk.toml"


def add_settings(parser: argparse.ArgumentParser, only: Iterable[str] | None = None) -> None:
    """Options for all settings, or for some. Those with short names are listed in the help."""
    chosen = [leaf for path, leaf in leaves().items() if only is None or path in set(only)]
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"a TOML file of settings ({DEFAULT_FILE}, if there is one)",
    )
    group = parser.add_argument_group("settings", "all of them: ropewalk config --show")
    for leaf in chosen:
        if leaf.flag is not None:
            _add(group, leaf, leaf.flag)


def _add(group: argparse._ArgumentGroup, leaf: Leaf, flag: str) -> None:
    text = leaf.help.replace("%", "%%") if leaf.name else argparse.SUPPRESS
    dest = _DEST + leaf.path
    if leaf.kind is bool:
        group.add_argument(
            flag, dest=dest, nargs="?", const="true", metavar="true|false", help=text
        )
    elif leaf.kind is tuple:
        group.add_argument(
            flag, dest=dest, action="append", metavar=leaf.path.split(".")[-1].upper(), help=text
        )
    else:
        group.add_argument(flag, dest=dest, metavar=leaf.path.split(".")[-1].upper(), help=text)


def settings_of(options: argparse.Namespace) -> Configured:
    """From the options, the environment and the file. ConfigError: one of them is wrong."""
    given = vars(options)
    flags = {
        name.removeprefix(_DEST): value
        for name, value in given.items()
        if name.startswith(_DEST) and value is not None
    }
    named = given.get("config") or os.environ.get("ROPEWALK_CONFIG")
    file = Path(named) if named else Path(DEFAULT_FILE)
    return load(flags, os.environ, file if named or file.is_file() else None)
