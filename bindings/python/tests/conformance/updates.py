"""Level 3: our update bytes against those of Yjs.

Yjs writes its items where it happened to cut them; we write no cuts. So bytes are compared after
both have been read by fresh documents and written again, which forgets cuts and nothing else: ids,
origins, keys, contents, deletions and what waits all show in the second writing. An update that
builds on earlier ones is read on top of the state before it. That alone would not notice an update
that repeats what the document has, or leaves out what follows from the rest; so the ids that the
two updates carry and delete must be the same, too. Ours is never the longer one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import ropewalk

from .compare import Difference, compare, show
from .fixtures import Json
from .replica import READER
from .values import base64

Found = list[Difference]


class Update(NamedTuple):
    data: bytes
    v2: bool = False


class Normal(NamedTuple):
    """An update as a document has read and written it, in V2, which can say all that V1 can."""

    state: bytes
    canonical: bytes


def normal_of(updates: list[Update], collect: bool) -> Normal:
    doc: ropewalk.Doc[Any] = ropewalk.Doc(client_id=READER, skip_gc=not collect)
    for update in updates:
        if update.data:
            doc.apply_update(update.data, v2=update.v2)
    return Normal(doc.get_update(v2=True), doc.get_canonical())


def compare_updates(
    where: str, before: bytes, collect: bool, expected: Update, got: Update, found: Found
) -> None:
    """Two updates that should do the same to a document whose state is `before`, in V2."""
    if expected.data == got.data:
        return
    compare_sizes(where, expected, got, found)
    base = Update(before, v2=True)
    try:
        theirs, ours = (normal_of([base, update], collect) for update in (expected, got))
    except ropewalk.DecodeError as error:
        found.append(Difference(where, "readable updates", str(error)))
        return
    compare_normals(where, theirs, ours, found)
    for what, a, b in zip(
        (", ids carried", ", ids deleted"), reach_of(expected), reach_of(got), strict=True
    ):
        if difference := compare(a, b, where + what):
            found.append(difference)


def compare_states(
    where: str, collect: bool, expected: Update, got: Update, canonical: bytes, found: Found
) -> None:
    """A whole document: `got` is what it encodes as its state, `canonical` its canonical form."""
    compare_sizes(where, expected, got, found)
    if expected.data == got.data:
        theirs = normal_of([expected], collect)
    else:
        theirs, ours = (normal_of([update], collect) for update in (expected, got))
        compare_normals(where, theirs, ours, found)
    # The living document's own form: without the detour over its bytes.
    if theirs.canonical != canonical:
        found.append(
            Difference(
                f"{where} in canonical form, from the document",
                show(base64(theirs.canonical)),
                show(base64(canonical)),
            )
        )


def compare_normals(where: str, expected: Normal, got: Normal, found: Found) -> None:
    for what, a, b in zip(("as read and written again", "in canonical form"), expected, got,
                          strict=True):  # fmt: skip
        if a != b and (difference := compare(base64(a), base64(b), f"{where} {what}")):
            found.append(difference)


def compare_sizes(where: str, expected: Update, got: Update, found: Found) -> None:
    most = len(expected.data)
    if expected.v2:
        most += most // 20 + 16
    if len(got.data) > most:
        found.append(Difference(f"{where}, size", f"at most {most} bytes", str(len(got.data))))


def reach_of(update: Update) -> tuple[Json, Json]:
    """The ids that an update carries and those that it deletes."""
    decoded = ropewalk.decode_update(update.data, v2=update.v2)
    carried = [
        (*struct["id"], struct["id"][1] + struct["length"])
        for struct in decoded["structs"]
        if struct["kind"] != "skip"
    ]
    return united(carried), united(decoded["deletes"])


def united(ranges: list[tuple[int, int, int]]) -> Json:
    """[client, start, end] of ranges that neither overlap nor touch."""
    joined: list[list[int]] = []
    for client, start, end in sorted(ranges):
        if joined and joined[-1][0] == client and start <= joined[-1][2]:
            joined[-1][2] = max(end, joined[-1][2])
        else:
            joined.append([client, start, end])
    return joined
