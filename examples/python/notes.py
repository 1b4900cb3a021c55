"""A notebook in a file: each line is safe on the disk before the program goes on.

    python notes.py FILE [LINE...]     adds the lines, then shows the notebook
"""

from __future__ import annotations

import sys

import ropewalk
from ropewalk import Text


def main(path: str, *lines: str) -> None:
    with ropewalk.open(path) as file:
        for finding in file.report["findings"]:
            print(finding["message"], file=sys.stderr)
        notes = file.doc.get("notes", type=Text)
        for line in lines:
            notes += line + "\n"
        print(notes, end="")
        # A log longer than the snapshot is worth a new snapshot.
        if file.sizes["update_bytes"] > file.sizes["snapshot_bytes"]:
            file.compact()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: notes.py FILE [LINE...]")
    main(*sys.argv[1:])
