"""Files of fixtures, read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = "ropewalk-yjs-fixtures/1"
# Beyond it integers are numbers that JavaScript has rounded.
SAFE = 2**53

Json = Any
Case = dict[str, Json]


class Family(NamedTuple):
    name: str
    cases: list[Case]


def list_fixtures(folder: Path) -> list[Path]:
    """Files of the folder, in the order of their names; what its manifest lists must be there."""
    files = [
        path
        for path in folder.iterdir()
        if path.name.endswith((".json", ".json.gz")) and path.name != "manifest.json"
    ]
    manifest = folder / "manifest.json"
    if manifest.exists():
        for file in json.loads(manifest.read_text())["files"]:
            if not (folder / file["file"]).exists():
                raise FileNotFoundError(f"{manifest} names {file['file']}, which is missing")
    return sorted(files)


def load(path: Path) -> Family:
    """A file, packed or not. Strings of code units become str with lone surrogates."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    content = json.loads(text, parse_int=_integer, object_hook=_joined)
    if content.get("format") != FORMAT:
        raise ValueError(f"{path}: its format is not {FORMAT}")
    return Family(content["family"], content["cases"])


def _integer(digits: str) -> int | float:
    number = int(digits)
    return number if -SAFE < number < SAFE else float(digits)


def _joined(value: dict[str, Json]) -> Json:
    units = value.get("$utf16")
    return value if units is None else from_units(units)


def from_units(units: list[int]) -> str:
    """UTF-16 as a str: pairs joined, lone surrogates kept."""
    data = b"".join(unit.to_bytes(2, "little") for unit in units)
    return data.decode("utf-16-le", "surrogatepass")
