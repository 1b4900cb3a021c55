"""Which room of the package may know which: the order of server/README.md."""

import ast
from pathlib import Path

import ropewalk_server

ROOT = Path(ropewalk_server.__file__).parent
ORDER = [
    *("stores", "auth", "protocol", "rooms", "sessions", "ops"),
    *("lambdas", "emulator", "http", "cli"),
]


def rooms_that(path: Path) -> set[str]:
    """The rooms from which a file imports, also those that only type checkers see."""
    depth = len(path.relative_to(ROOT).parts)
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".")
            if node.level == depth:
                found.add(module[0])
            elif node.level == 0 and module[0] == ROOT.name:
                found.update(module[1:2])
    return found


def test_no_room_knows_one_that_is_built_on_it() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} knows {other}"
        for number, room in enumerate(ORDER)
        for path in sorted((ROOT / room).rglob("*.py"))
        for other in sorted(rooms_that(path) & set(ORDER[number + 1 :]))
    ]
    assert not wrong


def test_every_room_has_its_place() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert rooms == set(ORDER)
