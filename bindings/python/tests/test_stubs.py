"""The stubs say what the native module is, and a program that uses the package is type-checked."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import twin

if twin.ours().__name__ != "ropewalk":
    pytest.skip("these are ropewalk's own", allow_module_level=True)

from ropewalk import _core

HERE = Path(__file__).parent
SOURCES = HERE.parent / "src" / "ropewalk"
Kind = inspect._ParameterKind
POSITIONAL = Kind.POSITIONAL_ONLY

Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Parameter:
    name: str  # empty where it can only be given by its place
    kind: Kind
    default: str

    def __str__(self) -> str:
        return f"{self.kind.description} {self.name}{'=' + self.default if self.default else ''}"


def make(name: str, kind: Kind, default: str) -> Parameter:
    unnamed = kind in (POSITIONAL, Kind.VAR_POSITIONAL, Kind.VAR_KEYWORD)
    return Parameter("" if unnamed else name, kind, default)


def of_stub(node: Definition, *, method: bool) -> list[Parameter]:
    spec = node.args
    places = [*spec.posonlyargs, *spec.args]
    defaults = [None] * (len(places) - len(spec.defaults)) + list(spec.defaults)
    found = []
    for i, (place, default) in enumerate(zip(places, defaults, strict=True)):
        kind = POSITIONAL if i < len(spec.posonlyargs) else Kind.POSITIONAL_OR_KEYWORD
        found.append(make(place.arg, kind, "" if default is None else ast.unparse(default)))
    if method:
        del found[0]
    if spec.vararg is not None:
        found.append(make("", Kind.VAR_POSITIONAL, ""))
    for place, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        text = "" if default is None else ast.unparse(default)
        found.append(make(place.arg, Kind.KEYWORD_ONLY, text))
    return found


def of_python(thing: Any, *, method: bool) -> list[Parameter] | None:
    """As CPython tells it."""
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (ValueError, TypeError):
        return None
    return [
        make(p.name, p.kind, "" if p.default is p.empty else repr(p.default))
        for p in parameters[1 if method else 0 :]
    ]


def of_pybind(thing: Any, *, method: bool) -> list[Parameter] | None:
    """As pybind11 writes it into the docstring: `name(self: T, arg0: int, text: str = 'a') -> R`.
    Parameters without a name of their own are given by their place."""
    match = re.match(r"\w*\((.*)\) -> ", (thing.__doc__ or "").split("\n")[0])
    if match is None:
        return None
    parts = re.split(r", (?![^\[]*\])", match[1]) if match[1] else []
    found = []
    for part in parts[1 if method else 0 :]:
        name, _, rest = part.partition(":")
        if part in ("/", "*"):
            continue
        if part.startswith("*"):
            found.append(make("", Kind.VAR_POSITIONAL, ""))
            continue
        kind = POSITIONAL if re.fullmatch(r"arg\d+", name) else Kind.POSITIONAL_OR_KEYWORD
        found.append(make(name, kind, rest.partition(" = ")[2]))
    return found


def of_module(thing: Any, *, method: bool) -> list[Parameter] | None:
    """None: it does not tell, as private methods of CPython's own kind do not."""
    return of_pybind(thing, method=method) or of_python(thing, method=method)


def definitions(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """What a stub declares, type variables and aliases apart; overloads under one name."""
    found: dict[str, list[ast.stmt]] = {}
    for node in body:
        if isinstance(node, Definition | ast.ClassDef):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if "TypeAlias" not in ast.unparse(node.annotation):
                found.setdefault(node.target.id, []).append(node)
    return found


STUB = definitions(ast.parse((SOURCES / "_core.pyi").read_text(encoding="utf-8")).body)
CLASSES = sorted(name for name, thing in vars(_core).items() if isinstance(thing, type))
# What every class has, or pybind11 adds to its own.
GIVEN = {*vars(object), "__module__", "__dict__", "__weakref__", "_pybind11_conduit_v1_"}


def names_of_module() -> set[str]:
    return {n for n in vars(_core) if not n.startswith("__") or n == "__version__"}


def declared(name: str) -> ast.ClassDef:
    node = STUB[name][0]
    assert isinstance(node, ast.ClassDef)
    return node


def test_the_stub_has_the_names_of_the_module() -> None:
    assert set(STUB) == names_of_module()
    assert {name for name, nodes in STUB.items() if isinstance(nodes[0], ast.ClassDef)} == set(
        CLASSES
    )


@pytest.mark.parametrize("name", CLASSES)
def test_the_stub_has_the_members_of_a_class(name: str) -> None:
    cls, node = getattr(_core, name), declared(name)
    bases = {re.sub(r"\[.*", "", ast.unparse(base)) for base in node.bases} - {"Generic"}
    outer = {b.__name__ for b in cls.__bases__} - {"object", "pybind11_object"}
    assert bases == outer
    stub, own = definitions(node.body), vars(cls)
    assert set(own) - GIVEN <= set(stub), "not in the stub"
    assert set(stub) - GIVEN <= set(own), "not in the module"
    for member, nodes in stub.items():
        if isinstance(nodes[0], Definition):
            decorators = {ast.unparse(d) for d in nodes[0].decorator_list}
            raw = own.get(member, getattr(cls, member, None))
            is_property = isinstance(raw, property) or inspect.isgetsetdescriptor(raw)
            assert ("property" in decorators) == is_property, member
            assert ("staticmethod" in decorators) == isinstance(raw, staticmethod), member


def check(where: str, nodes: list[ast.stmt], thing: Any, *, method: bool) -> None:
    told = of_module(thing, method=method)
    for node in nodes:
        assert isinstance(node, Definition)
        stub = of_stub(node, method=method)
        if told is None:
            assert all(p.kind is POSITIONAL for p in stub), f"{where}: not told, so by place"
        elif len(nodes) > 1 and [p.kind for p in told] == [Kind.VAR_POSITIONAL]:
            assert all(p.kind is POSITIONAL for p in stub), where
        else:
            assert list(map(str, stub)) == list(map(str, told)), where


def test_functions_take_what_the_stub_says() -> None:
    for name, nodes in STUB.items():
        if isinstance(nodes[0], Definition):
            check(name, nodes, getattr(_core, name), method=False)


@pytest.mark.parametrize("name", CLASSES)
def test_methods_take_what_the_stub_says(name: str) -> None:
    cls = getattr(_core, name)
    for member, nodes in definitions(declared(name).body).items():
        raw = vars(cls).get(member)
        special = member.startswith("__") and inspect.ismethoddescriptor(raw)
        if not isinstance(nodes[0], Definition) or special and member != "__init__":
            continue
        if isinstance(raw, property) or inspect.isgetsetdescriptor(raw):
            continue
        if member == "__init__" and cls.__text_signature__ is not None:
            told = of_python(cls, method=False)
            assert list(map(str, of_stub(nodes[0], method=True))) == list(map(str, told or [])), (
                name
            )
            continue
        method = not isinstance(raw, staticmethod)
        check(f"{name}.{member}", nodes, getattr(cls, member), method=method)


def mypy(*arguments: str | Path, cache: Path) -> str:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    command += [f"--cache-dir={cache}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cache, check=False)
    return done.stdout + done.stderr


def test_the_package_is_typed_throughout(tmp_path: Path) -> None:
    assert mypy(SOURCES, cache=tmp_path) == ""


def test_a_typed_program_is_checked(tmp_path: Path) -> None:
    """The installed package tells types: right uses pass, wrong ones do not."""
    program = HERE / "typed_program.py"
    assert mypy(program, cache=tmp_path) == ""
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from ropewalk import Array, Doc, Text\n"
        "doc: Doc[Text] = Doc()\n"
        "doc.get('letter', type=Text).insert('0', 'a')\n"
        "numbers = Array([1, 2])\n"
        "numbers.append('three')\n"
        "doc.apply_update('not bytes')\n",
        encoding="utf-8",
    )
    found = mypy(wrong, cache=tmp_path)
    assert [int(line) for line in re.findall(r"wrong\.py:(\d+): error", found)] == [3, 5, 6]


def test_the_typed_program_runs() -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    subprocess.run([sys.executable, HERE / "typed_program.py"], check=True, env=environment)
