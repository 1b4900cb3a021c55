"""Settings from flags, before the environment, before a TOML file, before the defaults.

Whatever is wrong is said with its source, its name and what would be right; where each value came
from is kept, and `ropewalk config --show` prints it.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from .settings import Settings

PREFIX = "ROPEWALK_"

# Names with the prefix that are no settings of the server: the command line's own.
OTHER_NAMES = frozenset({"ROPEWALK_CONFIG", "ROPEWALK_SERVER", "ROPEWALK_TOKEN", "ROPEWALK_SOAK"})


class ConfigError(ValueError):
    """A setting that cannot be; the message says which, where it came from, and what could be."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting."""

    path: str  # "server.port"
    kind: Any  # str, int, float, bool, tuple, or one of these or None
    optional: bool
    default: Any
    help: str = ""
    name: str | None = None
    secret: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    @property
    def flag(self) -> str | None:
        if self.secret:
            return None
        return "--" + (self.name or self.path.replace(".", "-").replace("_", "-"))

    @property
    def variable(self) -> str:
        return PREFIX + (self.name or self.path).replace(".", "_").replace("-", "_").upper()

    @property
    def allowed(self) -> str:
        """What a value may be, for people."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        words = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        said = words.get(self.kind, "a list of texts")
        if self.least is not None or self.most is not None:
            least = "" if self.least is None else f" from {self.least:g}"
            most = "" if self.most is None else f" to {self.most:.0f}"
            said += least + most
        return said


@cache
def leaves() -> Mapping[str, Leaf]:
    """All settings by their paths."""
    return {leaf.path: leaf for leaf in _walk(Settings, "")}


def _walk(kind: type, prefix: str) -> Iterable[Leaf]:
    hints = typing.get_type_hints(kind)
    for one in dataclasses.fields(kind):
        path, hint = f"{prefix}{one.name}", hints[one.name]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            yield from _walk(hint, f"{path}.")
            continue
        optional = isinstance(hint, types.UnionType) and type(None) in typing.get_args(hint)
        if optional:
            hint = next(a for a in typing.get_args(hint) if a is not type(None))
        default = one.default
        if default is dataclasses.MISSING and one.default_factory is not dataclasses.MISSING:
            default = one.default_factory()
        known = {f.name for f in dataclasses.fields(Leaf)}
        more = {k: v for k, v in one.metadata.items() if k in known}
        if prefix == "limits.":  # a bound is never negative
            more = {"least": 0, **more}
        yield Leaf(path, typing.get_origin(hint) or hint, optional, default, **more)


@dataclass(frozen=True, slots=True)
class Configured:
    """Settings, where each came from, and what should be said about them."""

    settings: Settings
    sources: Mapping[str, str] = field(default_factory=dict)  # path -> source, if not the default
    warnings: tuple[str, ...] = ()


def load(
    flags: Mapping[str, str | list[str]] | None = None,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Configured:
    """Settings from all sources. `flags` has paths and texts."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    warnings: list[str] = []
    if file is not None:
        for path, value in _read_file(file):
            values[path], sources[path] = value, str(file)
    for path, value in _read_environment(environ or {}, warnings):
        values[path], sources[path] = value, f"environment {leaves()[path].variable}"
    for path, text in (flags or {}).items():
        leaf = leaves()[path]
        values[path] = _from_text(leaf, text, f"flag {leaf.flag}")
        sources[path] = f"flag {leaf.flag}"
    return Configured(_build(Settings, "", values), sources, tuple(warnings))


def _build(kind: type, prefix: str, values: Mapping[str, Any]) -> Any:
    hints = typing.get_type_hints(kind)
    made = {}
    for one in dataclasses.fields(kind):
        path, hint = f"{prefix}{one.name}", hints[one.name]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            made[one.name] = _build(hint, f"{path}.", values)
        elif path in values:
            made[one.name] = values[path]
    return kind(**made)


def _wrong(leaf: Leaf, source: str, value: object) -> ConfigError:
    shown = "the value (hidden)" if leaf.secret else repr(value)
    return ConfigError(f"{source}: {leaf.path} is {leaf.allowed}, not {shown}")


def _checked(leaf: Leaf, value: Any, source: str) -> Any:
    if leaf.choices and value not in leaf.choices:
        raise _wrong(leaf, source, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        below = leaf.least is not None and value < leaf.least
        if not math.isfinite(value) or below or (leaf.most is not None and value > leaf.most):
            raise _wrong(leaf, source, value)
    return value


_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True}
_BOOLEANS |= {"0": False, "false": False, "no": False, "off": False}


def _from_text(leaf: Leaf, text: str | list[str], source: str) -> Any:
    if isinstance(text, list):
        text = ",".join(text)
    parse: Mapping[Any, Callable[[str], Any]] = {
        str: str,
        int: lambda t: int(t.replace("_", "")),
        float: float,
        bool: lambda t: _BOOLEANS[t.strip().lower()],
        tuple: lambda t: tuple(part.strip() for part in t.split(",") if part.strip()),
    }
    if leaf.optional and text.strip().lower() in ("", "none"):
        return None
    try:
        value = parse[leaf.kind](text)
    except (ValueError, KeyError):
        raise _wrong(leaf, source, text) from None
    return _checked(leaf, value, source)


def _read_environment(environ: Mapping[str, str], warnings: list[str]) -> Iterable[tuple[str, Any]]:
    by_variable = {leaf.variable: leaf for leaf in leaves().values()}
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or name in OTHER_NAMES:
            continue
        leaf = by_variable.get(name)
        if leaf is None:
            near = difflib.get_close_matches(name, by_variable, 1)
            meant = f"; {near[0]} is one" if near else ""
            warnings.append(f"environment: {name} is no setting{meant}")
            continue
        yield leaf.path, _from_text(leaf, text, f"environment {name}")


def _read_file(file: Path) -> Iterable[tuple[str, Any]]:
    try:
        page = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not TOML: {error}") from error
    yield from _read_table(file, page, "")


def _read_table(file: Path, table: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    places = {path[len(prefix) :].split(".")[0] for path in leaves() if path.startswith(prefix)}
    for name, value in table.items():
        path = prefix + name
        if name not in places:
            near = difflib.get_close_matches(name, places, 1)
            meant = (
                f"; {near[0]!r} is" if near else f"; those that are: {', '.join(sorted(places))}"
            )
            raise ConfigError(f"{file}: {path} is no setting{meant}")
        leaf = leaves().get(path)
        if leaf is not None:
            yield path, _from_toml(leaf, value, str(file))
        elif isinstance(value, dict):
            yield from _read_table(file, value, path + ".")
        else:
            raise ConfigError(f"{file}: {path} is a table: write [{path}] and settings below it")


def _from_toml(leaf: Leaf, value: Any, source: str) -> Any:
    if leaf.kind is tuple:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise _wrong(leaf, source, value)
        return tuple(value)
    if leaf.kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, leaf.kind) or (leaf.kind is int and isinstance(value, bool)):
        raise _wrong(leaf, source, value)
    return _checked(leaf, value, source)


def value_of(settings: Settings, path: str) -> Any:
    value: Any = settings
    for name in path.split("."):
        value = getattr(value, name)
    return value


def show(configured: Configured) -> str:
    """Each setting, its value and its source. Secrets are hidden, and passwords in URLs."""
    from .ops.scrub import scrub

    rows = []
    for path, leaf in leaves().items():
        value = value_of(configured.settings, path)
        shown = "(hidden)" if leaf.secret and value else _as_text(value)
        rows.append((path, scrub(shown), configured.sources.get(path, "default")))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    widths[1] = min(widths[1], 48)
    return "\n".join(f"{p:{widths[0]}}  {v:{widths[1]}}  {s}".rstrip() for p, v, s in rows)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value in ("", None) else str(value)
