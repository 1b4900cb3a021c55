"""The two modules that the tests of this folder hold side by side.

`ours()` is ropewalk, `theirs()` the published pycrdt. ROPEWALK_MODULE=pycrdt puts pycrdt on both
sides, which tests the tests: what differs then is not determined by the API and has no place in a
comparison.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import Any


def theirs() -> ModuleType:
    return importlib.import_module("pycrdt")


def ours() -> ModuleType:
    return importlib.import_module(os.environ.get("ROPEWALK_MODULE", "ropewalk"))


def plain(value: Any) -> Any:
    """A value that compares and prints the same from either module.

    pycrdt hands out 5.0 where 5 was put in, and the keys of maps in a random order.
    """
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return int(value) if float(value).is_integer() else float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, list | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "to_py"):  # a shared type; XML has no Python value
        try:
            return plain(value.to_py())
        except ValueError:
            return str(value)
    return str(value)
