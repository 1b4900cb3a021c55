#!/usr/bin/env python3
"""Reads the #include lines of include/crdt and says which break a rule of ARCHITECTURE.md.

  1  a room includes only rooms to its left
  2  headers of other projects are included where THIRD_PARTY says, those of the system in
     storage/files/, and crdt.hpp reaches neither
  3  each header has #pragma once, and each path exists
  4  the files of src/ reach each file of impl/: the compiled library would lack its bodies

usage: check_layers.py [include/crdt]; prints "file:line: what" for each finding.
"""

import re
import sys
from pathlib import Path

# room -> the rooms it may include, besides itself
ROOMS = {
    "base": set(),
    "codec": {"base"},
    "store": {"base", "codec"},
    "types": {"base", "codec", "store"},
    "update": {"base", "codec", "store"},
    "doc": {"base", "codec", "store", "types", "update"},
    "sync": {"base", "codec", "store", "types", "update", "doc"},
    "storage": {"base", "codec", "store", "update"},  # never a live document
}
# Whoever includes these headers needs more than -I.
THIRD_PARTY = {("base/hash.hpp", "xxhash.h"), ("storage/zstd.hpp", "zstd.h")}
OF_THE_SYSTEM = Path("storage/files")  # POSIX is known here and nowhere else
ENTRANCES = {"crdt.hpp", "storage.hpp"}  # what users include
EVERYWHERE = {"config.hpp", "fwd.hpp", "version.hpp"}  # files of the top folder that rooms may use

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^">]+)[>"]')


def room_of(path: Path) -> str | None:
    """The room of a path below include/crdt; None in the top folder."""
    parts = path.parts[1:] if path.parts[0] == "impl" else path.parts
    return parts[0] if len(parts) > 1 else None


def of_the_system(path: Path) -> bool:
    parts = path.parts[1:] if path.parts[0] == "impl" else path.parts
    return Path(*parts).is_relative_to(OF_THE_SYSTEM)


def arrow_is_wrong(source: Path, target: Path) -> str | None:
    start, end = room_of(source), room_of(target)
    if start is None:  # what users include looks everywhere, the other top files nowhere
        if source.name in ENTRANCES or end is None:
            return None
        return f"{source.name} stands below all rooms and includes {end}/"
    if end is None:
        if target.name in EVERYWHERE:
            return None
        return f"{start}/ includes {target.name}, which is for users"
    if end == start or end in ROOMS[start]:
        return None
    return f"{start}/ includes {end}/, which is not to its left"


def check(root: Path) -> list[str]:
    findings: list[str] = []
    includes: dict[Path, list[Path]] = {}
    files = sorted(p.relative_to(root) for p in root.rglob("*") if p.suffix in {".hpp", ".ipp"})
    for file in files:
        lines = (root / file).read_text(encoding="utf-8").splitlines()
        targets = includes.setdefault(file, [])

        def found(line: int, what: str, file: Path = file) -> None:
            findings.append(f"{root / file}:{line}: {what}")

        room = room_of(file)
        if room is not None and room not in ROOMS:
            found(1, f"{room}/ is no room: add it to ROOMS of tools/check_layers.py")
            continue
        if file.suffix == ".hpp" and "#pragma once" not in lines:
            found(1, "#pragma once is missing")
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match is None:
                continue
            bracket, name = match.groups()
            if bracket == "<":
                standard = re.fullmatch(r"[a-z0-9_]+", name)
                known = standard or of_the_system(file) or (file.as_posix(), name) in THIRD_PARTY
                if not known:
                    found(number, f"<{name}> is neither ours nor the standard library's")
                continue
            target = (root / file.parent / name).resolve()
            if not target.is_relative_to(root) or not target.is_file():
                found(number, f'"{name}" names no file of the engine')
                continue
            target = target.relative_to(root)
            targets.append(target)
            wrong = arrow_is_wrong(file, target)
            if wrong:
                found(number, wrong)

    def reached_from(*start: Path) -> set[Path]:
        reached: set[Path] = set()
        waiting = list(start)
        while waiting:
            file = waiting.pop()
            if file not in reached:
                reached.add(file)
                waiting += includes.get(file, [])
        return reached

    for_users = reached_from(Path("crdt.hpp"))
    for name, foreign in sorted(THIRD_PARTY):
        if Path(name) in for_users:
            findings.append(f"{root / name}:1: crdt.hpp reaches it and so needs <{foreign}>")
    for file in sorted(for_users):
        if of_the_system(file):
            findings.append(f"{root / file}:1: crdt.hpp reaches it and so needs this system")
    sources = sorted((root.parent.parent / "src").glob("*.cpp"))
    libraries = "".join(source.read_text(encoding="utf-8") for source in sources)
    compiled = reached_from(*map(Path, re.findall(r"#include <crdt/([^>]+)>", libraries)))
    for file in files:
        if file.suffix == ".ipp" and file not in compiled:
            findings.append(f"{root / file}:1: no file of src/ reaches it")
    return findings


def main() -> int:
    here = Path(__file__).resolve().parent.parent
    root = Path(sys.argv[1] if len(sys.argv) > 1 else here / "include" / "crdt").resolve()
    findings = check(root)
    for finding in findings:
        print(finding, file=sys.stderr)
    if findings:
        print(f"{len(findings)} arrows or files against the rules", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
