"""Kill points for stores on rows (stores/chain): the process ends by SIGKILL at a named moment of its
work with the table. install() is called by a test's own entry script; the store knows nothing of it.
ROPEWALK_KILL_AT=NAME[:N] names the moment, and which time it comes by."""

from __future__ import annotations

import os
from typing import Any

from killing import Countdown, die

from ropewalk_server.stores.chain import changing, loading
from ropewalk_server.stores.chain.blobs import TableBlobs
from ropewalk_server.stores.dynamodb.table import DynamoTable
from ropewalk_server.stores.s3.blobs import S3Blobs
from ropewalk_server.stores.s3.table import S3Table

# name -> (method of a table or of a place for blobs, what its key begins with, when)
POINTS = {
    "row-not-written": ("write", "u#", "before"),
    "row-written": ("write", "u#", "after"),
    "head-not-written": ("write", "h", "before"),
    "head-written": ("write", "h", "after"),
    "blob-not-written": ("put_blob", "", "before"),
    "snapshot-written": ("put_blob", "s-", "after"),
    "update-uploaded": ("put_blob", "u-", "after"),
    "before-burial": ("bury", "", "before"),
    "after-burial": ("bury", "", "after"),
    "old-snapshot-not-erased": ("delete_blobs", "", "before"),
    "epoch-ended": ("finish", "", "before"),
    "epoch-begun": ("clear", "", "before"),
    "epoch-cleared": ("clear", "", "after"),
}


def install() -> None:
    name, _, times = os.environ.get("ROPEWALK_KILL_AT", "").partition(":")
    if not name:
        return
    what, prefix, when = POINTS[name]
    countdown = Countdown(int(times or 1))
    if what in ("finish", "clear"):
        _replace(loading, what, 0, "", when, countdown)
        if what == "finish":
            _replace(changing, what, 0, "", when, countdown)
        return
    method = {"put_blob": "put", "delete_blobs": "delete"}.get(what, what)
    owners = (TableBlobs, S3Blobs) if method != what else (DynamoTable, S3Table)
    for owner in owners:
        _replace(owner, method, 2, prefix, when, countdown)


def _replace(owner: Any, name: str, place: int, prefix: str, when: str, countdown: Any) -> None:
    """`place`: of the argument that must begin with the prefix."""
    original = getattr(owner, name)

    async def killing(*arguments: Any, **options: Any) -> Any:
        named = not prefix or str(arguments[place]).startswith(prefix)
        now = named and countdown.is_now()
        if now and when == "before":
            die()
        result = await original(*arguments, **options)
        if now:
            die()
        return result

    setattr(owner, name, killing)
