#!/usr/bin/env python3
"""Compares the public API of the installed pycrdt with ropewalk's, name by name.

    python api_of_pycrdt.py [--module NAME] [--list]

Prints what is missing, what differs, which deviations are meant, and last `python.api_missing N`,
N being the missing and the differing together; exits 1 unless it is 0.

Compared are the names of the module; of each class its constructor, methods, properties, attributes
and the special methods behind operators; of each callable the names, kinds and defaults of its
parameters. Not compared: names that start with an underscore, annotations, and parameters that
ropewalk adds, if they are keyword-only and have a default: no call that was written for pycrdt can
notice these.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What is meant to differ: name -> reason. An entry that no difference needs is reported as stale.
DEVIATIONS: dict[str, str] = {
    f"{event}()": "events are made by the engine alone; pycrdt's constructor takes its native event"
    for event in ("ArrayEvent", "MapEvent", "TextEvent", "XmlEvent")
}

# Special methods that a user calls through syntax or a builtin. Those of ordering and the reflected
# ones of native types are left out: such a type has them all as soon as it has one, and they answer
# NotImplemented.
_SPECIAL = """add iadd radd and iand or ior sub isub contains len getitem setitem delitem iter next
    bool eq hash str repr call enter exit aenter aexit aiter anext class_getitem"""
SPECIAL = frozenset(f"__{name}__" for name in _SPECIAL.split())

# Classes that have no public name but are handed out: how to get at one of their objects.
REACHABLE: dict[str, Callable[[Any], object]] = {
    "XmlElement.children": lambda crdt: _element(crdt).children,
    "XmlElement.attributes": lambda crdt: _element(crdt).attributes,
    "Array.__iter__": lambda crdt: iter(crdt.Doc().get("array", type=crdt.Array)),
}


def _element(crdt: Any) -> Any:
    fragment = crdt.Doc().get("xml", type=crdt.XmlFragment)
    return fragment.children.append(crdt.XmlElement("p", {"class": "note"}))


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: inspect._ParameterKind
    default: str  # empty: there is none

    def __str__(self) -> str:
        kinds = inspect.Parameter
        stars = {kinds.VAR_POSITIONAL.value: "*", kinds.VAR_KEYWORD.value: "**"}
        default = f"={self.default}" if self.default else ""
        return f"{stars.get(self.kind.value, '')}{self.name}{default}"


Parameters = tuple[Parameter, ...]


@dataclass
class Member:
    """What a name stands for. Without parameters: an attribute, a property or a constant."""

    parameters: Parameters | None = None
    is_coroutine: bool = False
    value: str = ""  # of a member of an enumeration


@dataclass
class Comparison:
    missing: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    extended: list[str] = field(default_factory=list)
    deviating: list[str] = field(default_factory=list)
    compared: int = 0

    @property
    def stale(self) -> list[str]:
        """Deviations that are listed and do not occur."""
        occurring = {line.split(":")[0] for line in self.deviating}
        return sorted(set(DEVIATIONS) - occurring)


def render_default(value: object) -> str:
    """Equal text for equal meanings: an enumerator is its number, a function its name."""
    if value is inspect.Parameter.empty:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return repr(int(value))
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
        return f"<function {value.__name__}>"
    return repr(value)


def visible(parameters: list[Parameter]) -> Parameters:
    """Without the private ones, as nobody outside of pycrdt passes these."""
    return tuple(p for p in parameters if not p.name.startswith("_"))


def from_signature(signature: inspect.Signature, *, drop_self: bool) -> Parameters:
    found = [
        Parameter(p.name, p.kind, render_default(p.default)) for p in signature.parameters.values()
    ]
    return visible(found[1:] if drop_self else found)


class Stubs:
    """The signatures in the *.pyi files of a package, for native code that tells none itself."""

    def __init__(self, package: types.ModuleType) -> None:
        self._functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self._attributes: dict[str, set[str]] = {}
        for folder in package.__path__:
            for path in sorted(Path(folder).glob("*.pyi")):
                self._read(ast.parse(path.read_text(encoding="utf-8")))

    def _read(self, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self._functions.setdefault(node.name, node)
            elif isinstance(node, ast.ClassDef):
                attributes = self._attributes.setdefault(node.name, set())
                for part in node.body:
                    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                        self._functions.setdefault(f"{node.name}.{part.name}", part)
                    elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        attributes.add(part.target.id)

    def attributes(self, class_name: str) -> set[str]:
        return self._attributes.get(class_name, set())

    def parameters(self, name: str) -> Parameters | None:
        node = self._functions.get(name)
        if node is None:
            return None
        decorators = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
        spec = node.args
        positional = spec.posonlyargs + spec.args
        defaults = [None] * (len(positional) - len(spec.defaults)) + list(spec.defaults)
        kinds = inspect.Parameter
        found = [
            Parameter(
                arg.arg,
                kinds.POSITIONAL_ONLY if i < len(spec.posonlyargs) else kinds.POSITIONAL_OR_KEYWORD,
                self._default(default),
            )
            for i, (arg, default) in enumerate(zip(positional, defaults, strict=True))
        ]
        if "." in name and "staticmethod" not in decorators:
            found = found[1:]
        if spec.vararg is not None:
            found.append(Parameter(spec.vararg.arg, kinds.VAR_POSITIONAL, ""))
        found += [
            Parameter(arg.arg, kinds.KEYWORD_ONLY, self._default(default))
            for arg, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
        ]
        if spec.kwarg is not None:
            found.append(Parameter(spec.kwarg.arg, kinds.VAR_KEYWORD, ""))
        return visible(found)

    @staticmethod
    def _default(node: ast.expr | None) -> str:
        if node is None:
            return ""
        try:
            return render_default(ast.literal_eval(node))
        except ValueError:
            return ast.unparse(node)


class Package:
    """One of the two, read."""

    def __init__(self, name: str) -> None:
        self.module = importlib.import_module(name)
        self._name = name
        self._stubs = Stubs(self.module)

    def owns(self, thing: object) -> bool:
        """pycrdt's native classes say that they belong to builtins."""
        home = getattr(thing, "__module__", None) or ""
        return home.split(".")[0] == self._name or (
            home == "builtins" and inspect.isclass(thing) and not hasattr(_BUILTINS, thing.__name__)
        )

    def names(self) -> Iterator[str]:
        for name in sorted(vars(self.module)):
            thing = getattr(self.module, name)
            if name == "__version__" or (
                not name.startswith("_") and not inspect.ismodule(thing) and self.owns(thing)
            ):
                yield name

    def function(self, name: str) -> Member:
        thing = getattr(self.module, name)
        if not callable(thing) or inspect.isclass(thing):
            return Member()
        return Member(self._parameters(thing, name, drop_self=False))

    def _parameters(self, thing: Any, name: str, *, drop_self: bool) -> Parameters | None:
        try:
            return from_signature(inspect.signature(thing), drop_self=drop_self)
        except (ValueError, TypeError):
            return self._stubs.parameters(name)

    def constructor(self, cls: type) -> Member | None:
        """None: nobody but the library makes such objects, or the base class from outside does."""
        if issubclass(cls, int) or getattr(cls, "_is_protocol", False):
            return None
        if not any(
            self.owns(c) and {"__init__", "__new__"} & set(vars(c)) for c in cls.__mro__[:-1]
        ):
            return None
        try:
            return Member(from_signature(inspect.signature(cls), drop_self=False))
        except (ValueError, TypeError):
            return Member(self._stubs.parameters(f"{cls.__name__}.__init__"))

    def members(self, cls: type) -> dict[str, Member]:
        """Own ones and those inherited inside the package."""
        found: dict[str, Member] = {}
        for base in cls.__mro__:
            if not self.owns(base):
                continue
            for name, raw in vars(base).items():
                if not name.startswith("_"):
                    found.setdefault(name, self._member(cls, base, name, raw))
            for name in self._attributes(base):
                if not name.startswith("_"):
                    found.setdefault(name, Member())
        # The one public attribute of typed containers that is spelled like a private one.
        if "Typed" in cls.__name__:
            found["_"] = Member()
        for name in SPECIAL:
            # Not by getattr, which would find those of the metaclass as well.
            own = next((vars(base)[name] for base in cls.__mro__[:-1] if name in vars(base)), None)
            if own is not None:
                found[name] = Member()
        return found

    def _member(self, cls: type, base: type, name: str, raw: object) -> Member:
        if issubclass(cls, int) and isinstance(raw, cls):
            return Member(value=repr(int(raw)))
        unbound = isinstance(
            raw,
            staticmethod
            | classmethod
            | types.ClassMethodDescriptorType
            | types.BuiltinFunctionType,
        )
        thing = getattr(cls, name) if unbound else raw
        if not callable(thing) or inspect.isclass(thing):
            return Member()
        parameters = self._parameters(thing, f"{base.__name__}.{name}", drop_self=not unbound)
        return Member(parameters, inspect.iscoroutinefunction(thing))

    def _attributes(self, cls: type) -> set[str]:
        """Those only objects have: annotated, in slots, declared by a stub or set by __init__."""
        found = set(vars(cls).get("__annotations__", {}))
        slots = vars(cls).get("__slots__", ())
        found |= {slots} if isinstance(slots, str) else set(slots)
        found |= self._stubs.attributes(cls.__name__)
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
        except (OSError, TypeError):
            return found
        for method in ast.walk(tree):
            if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                found |= {
                    node.attr
                    for node in ast.walk(method)
                    if isinstance(node, ast.Attribute)
                    and isinstance(node.ctx, ast.Store)
                    and isinstance(node.value, ast.Name)
                    and node.value.id == "self"
                }
        return found


_BUILTINS = importlib.import_module("builtins")


def spell(parameters: Parameters | None) -> str:
    if parameters is None:
        return "(not told)"
    text: list[str] = []
    kinds = inspect.Parameter
    for i, p in enumerate(parameters):
        starred = any(q.kind in (kinds.VAR_POSITIONAL, kinds.KEYWORD_ONLY) for q in parameters[:i])
        if p.kind == kinds.KEYWORD_ONLY and not starred:
            text.append("*")
        text.append(str(p))
        following = parameters[i + 1].kind if i + 1 < len(parameters) else None
        if p.kind == kinds.POSITIONAL_ONLY and following != kinds.POSITIONAL_ONLY:
            text.append("/")
    return f"({', '.join(text)})"


def split_extension(theirs: Parameters, ours: Parameters) -> tuple[Parameters, Parameters]:
    """Ours without, and only, the optional keywords that pycrdt does not have."""
    known = {p.name for p in theirs}
    added = tuple(
        p
        for p in ours
        if p.name not in known and p.kind == inspect.Parameter.KEYWORD_ONLY and p.default
    )
    return tuple(p for p in ours if p not in added), added


def compare_members(name: str, theirs: Member, ours: Member | None, into: Comparison) -> None:
    into.compared += 1
    problem = ""
    if ours is None:
        if name in DEVIATIONS:
            into.deviating.append(f"{name}: {DEVIATIONS[name]}")
        else:
            into.missing.append(name)
        return
    if (theirs.parameters is None) != (ours.parameters is None):
        problem = f"pycrdt {spell(theirs.parameters)}, ropewalk {spell(ours.parameters)}"
    elif theirs.parameters is not None and ours.parameters is not None:
        same, added = split_extension(theirs.parameters, ours.parameters)
        if added:
            into.extended.append(f"{name}: {', '.join(map(str, added))}")
        if same != theirs.parameters:
            problem = f"pycrdt {spell(theirs.parameters)}, ropewalk {spell(ours.parameters)}"
    if not problem and theirs.is_coroutine != ours.is_coroutine:
        problem = f"pycrdt's is {'a' if theirs.is_coroutine else 'no'} coroutine function"
    if not problem and theirs.value != ours.value:
        problem = f"pycrdt {theirs.value}, ropewalk {ours.value or 'nothing'}"
    if not problem:
        return
    if name in DEVIATIONS:
        into.deviating.append(f"{name}: {DEVIATIONS[name]}")
    else:
        into.differing.append(f"{name}: {problem}")


def compare_classes(
    name: str, theirs: type, ours: type, a: Package, b: Package, c: Comparison
) -> None:
    constructor = a.constructor(theirs)
    if constructor is not None and name in vars(a.module):
        compare_members(f"{name}()", constructor, b.constructor(ours), c)
    found = b.members(ours)
    for member, described in sorted(a.members(theirs).items()):
        own = found.get(member)
        if own is None and not member.startswith("_") and hasattr(ours, member):
            own = Member()  # inherited from outside of the package
        compare_members(f"{name}.{member}", described, own, c)


def compare(module: str = "ropewalk") -> Comparison:
    a, b = Package("pycrdt"), Package(module)
    result = Comparison()
    for name in a.names():
        theirs, ours = getattr(a.module, name), getattr(b.module, name, None)
        if ours is None:
            result.compared += 1
            result.missing.append(name)
        elif inspect.isclass(theirs):
            result.compared += 1
            if inspect.isclass(ours):
                compare_classes(name, theirs, ours, a, b, result)
            else:
                result.differing.append(f"{name}: is no class")
        else:
            compare_members(name, a.function(name), b.function(name), result)
    for name, reach in REACHABLE.items():
        try:
            ours = type(reach(b.module))
        except Exception as error:  # whatever it is, it is reported
            result.missing.append(f"{name} ({error!r})")
        else:
            compare_classes(f"{name}[]", type(reach(a.module)), ours, a, b, result)
    return result


def list_api(package: Package) -> None:
    for name in package.names():
        thing = getattr(package.module, name)
        if not inspect.isclass(thing):
            print(f"{name}{spell(package.function(name).parameters)}")
            continue
        constructor = package.constructor(thing)
        print(f"{name}{spell(constructor.parameters) if constructor else ''}")
        for member, described in sorted(package.members(thing).items()):
            parameters = "" if described.parameters is None else spell(described.parameters)
            print(f"    {member}{parameters}{described.value and ' = ' + described.value}")


def main() -> int:
    parser = argparse.ArgumentParser(description="pycrdt's public API and ropewalk's, compared")
    parser.add_argument("--module", default="ropewalk", help="what is compared with pycrdt")
    parser.add_argument("--list", action="store_true", help="only list what pycrdt has")
    options = parser.parse_args()
    if options.list:
        list_api(Package("pycrdt"))
        return 0
    result = compare(options.module)
    for title in ("missing", "differing", "deviating", "extended", "stale"):
        for line in getattr(result, title):
            print(f"{title}  {line}")
    print(f"{result.compared} names compared")
    count = len(result.missing) + len(result.differing)
    print(f"python.api_missing {count}")
    return 1 if count or result.stale else 0


if __name__ == "__main__":
    sys.exit(main())
