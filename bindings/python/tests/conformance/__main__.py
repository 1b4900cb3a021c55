"""Replays a folder of fixtures through the Python package.

    python -m conformance FOLDER [FAMILY...] [--case NAME]

Ends with 0 if no case failed, 1 if one did, 2 if nothing could be replayed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # called by the path of this file
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from conformance.fixtures import list_fixtures
from conformance.suite import print_account, run_file


def main() -> int:
    parser = argparse.ArgumentParser(prog="conformance", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="*.json or *.json.gz, ropewalk-yjs-fixtures/1")
    parser.add_argument("families", nargs="*", metavar="family", help="only these")
    parser.add_argument("--case", metavar="NAME", help="only this one")
    options = parser.parse_args()
    try:
        families = [
            run_file(path, options.families, options.case) for path in list_fixtures(options.folder)
        ]
    except (OSError, ValueError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    if not any(family.cases for family in families):
        print(f"conformance: no such case in {options.folder}", file=sys.stderr)
        return 2
    print_account(families)
    return 1 if any(family.failed for family in families) else 0


if __name__ == "__main__":
    sys.exit(main())
