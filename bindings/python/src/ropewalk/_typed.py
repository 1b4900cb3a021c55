"""Documents, maps and arrays whose members have types: classes with annotations, whose attributes
are the members of a shared type. Loaded when first used.
"""

from __future__ import annotations

from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from ._array import Array
from ._doc import Doc
from ._map import Map

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

# The name under which a class keeps its own annotations, evaluated once.
_HINTS = "__ropewalk_hints__"


class MissingMember(AttributeError, KeyError):
    """A member that is annotated and was never set. An AttributeError, so that hasattr() and
    getattr() with a default work; a KeyError, as it is with the Map below."""

    def __str__(self) -> str:
        return Exception.__str__(self)


def _hints_of(cls: type) -> dict[str, Any]:
    hints: dict[str, Any] | None = cls.__dict__.get(_HINTS)
    if hints is None:
        hints = {name: hint for name, hint in get_type_hints(cls).items() if name != "_"}
        setattr(cls, _HINTS, hints)
    return hints


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _class_of(hint: Any) -> Any:
    """list[int] is about lists, str about strings."""
    return get_origin(hint) or hint


def _is_typed(hint: Any) -> bool:
    cls = _class_of(hint)
    return isinstance(cls, type) and issubclass(cls, Typed)


def _fits(value: object, hint: Any) -> bool:
    if hint is Any or hint is object or isinstance(hint, TypeVar):
        return True
    if hint is None:
        return value is None
    if get_origin(hint) is Literal:
        return any(type(value) is type(one) and value == one for one in get_args(hint))
    cls = _class_of(hint)
    if not isinstance(cls, type):
        return False
    if isinstance(value, bool) and not issubclass(cls, bool):
        return False  # True is no number here, though it is one for isinstance()
    return isinstance(value, cls) or (cls is float and isinstance(value, int))


def _unwrap(value: Any) -> Any:
    return value._ if isinstance(value, Typed) else value


def _wrap(value: Any, hint: Any) -> Any:
    """A member as its annotation wants it: a shared type in its container, numbers converted where
    nothing is lost (others may have written 3.0 for 3)."""
    alternatives = _alternatives(hint)
    for one in alternatives:
        if _is_typed(one) and isinstance(value, _class_of(one)._shared_type):
            return one(value)
    return _as_number(value, alternatives)


def _as_number(value: Any, alternatives: tuple[Any, ...]) -> Any:
    if type(value) is int and float in alternatives and int not in alternatives:
        return float(value)
    if type(value) is float and int in alternatives and float not in alternatives:
        return int(value) if value.is_integer() else value
    return value


class Typed:
    """What typed containers have in common: attributes that are members of `_`."""

    _: Any
    _shared_type = object  # not annotated: annotations are members

    def __init__(self) -> None:
        _hints_of(type(self))

    if not TYPE_CHECKING:

        def __getattr__(self, key: str) -> Any:
            hint = self._hint(key)
            try:
                value = self._[key]
            except KeyError:
                raise MissingMember(f"{key!r} of {type(self).__name__} is not set") from None
            return _wrap(value, hint)

        def __setattr__(self, key: str, value: Any) -> None:
            if key == "_":
                self.__dict__["_"] = value
                return
            hint = self._hint(key)
            alternatives = _alternatives(hint)
            if not any(_fits(value, one) for one in alternatives):
                raise TypeError(
                    f"{key!r} of {type(self).__name__} is a {_name_of(hint)}, "
                    f"not a {type(value).__name__}"
                )
            self._[key] = _as_number(_unwrap(value), alternatives)

        def _hint(self, key: str) -> Any:
            cls = type(self)
            if key == "_" or key not in (hints := _hints_of(cls)):
                raise AttributeError(f"{cls.__name__} has no member {key!r}")
            return hints[key]


def _name_of(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)


class TypedDoc(Typed):
    """A document whose roots have names and types; `_` is the Doc.

    class Letter(TypedDoc):
        head: Map[str]
        body: Text

    letter = Letter()
    letter.head["to"] = "Ann"
    letter.body += "Dear Ann"
    update = letter._.get_update()
    """

    _: Doc[Any]
    _shared_type = Doc

    def __init__(self, doc: TypedDoc | Doc[Any] | None = None) -> None:
        """Adds the roots to the given document, or to a new one."""
        super().__init__()
        if doc is None:
            doc = Doc()
        elif isinstance(doc, TypedDoc):
            doc = doc._
        if not isinstance(doc, Doc):
            raise TypeError(f"a TypedDoc is of a Doc, not of a {type(doc).__name__}")
        self._ = doc
        for name, root_type in _hints_of(type(self)).items():
            doc[name] = _unwrap(root_type())


class TypedMap(Typed):
    """A map whose members have names and types; `_` is the Map.

    class Person(TypedMap):
        name: str
        age: int | None

    person = Person()
    letter.people.append(person)
    person.name = "Ann"
    """

    _: Map[Any]
    _shared_type = Map

    def __init__(self, map: TypedMap | Map[Any] | None = None) -> None:
        """Of the given map, or of a new one."""
        super().__init__()
        if map is None:
            map = Map()
        elif isinstance(map, TypedMap):
            map = map._
        if not isinstance(map, Map):
            raise TypeError(f"a TypedMap is of a Map, not of a {type(map).__name__}")
        self._ = map


class TypedArray(Typed, Generic[T]):
    """An array whose items have a type; `_` is the Array.

        class People(TypedArray[Person]):
            type: Person

    The annotation may be left out, and TypedArray[Person] be used as it is.
    """

    type: T
    _: Array[Any]
    _shared_type = Array

    def __init__(self, array: TypedArray[Any] | Array[Any] | None = None) -> None:
        """Of the given array, or of a new one."""
        super().__init__()
        if array is None:
            array = Array()
        elif isinstance(array, TypedArray):
            array = array._
        if not isinstance(array, Array):
            raise TypeError(f"a TypedArray is of an Array, not of a {array.__class__.__name__}")
        self._ = array
        self.__dict__["type"] = _item_type(self.__class__)

    if not TYPE_CHECKING:

        def __setattr__(self, key: str, value: Any) -> None:
            if key == "__orig_class__":  # set by typing, after TypedArray[...]() has made it
                self.__dict__["type"] = get_args(value)[0]
                return
            super().__setattr__(key, value)

    def __getitem__(self, key: int) -> T:
        item_type = self.__dict__["type"]
        found: Any = self._[key]
        if isinstance(key, slice):
            found = [_wrap(item, item_type) for item in found]
        else:
            found = _wrap(found, item_type)
        return found  # type: ignore[no-any-return]

    def __setitem__(self, key: int, value: T) -> None:
        new: Any = value
        self._[key] = [_unwrap(item) for item in new] if isinstance(key, slice) else _unwrap(new)

    def append(self, value: T) -> None:
        """Adds an item at the end."""
        self._.append(_unwrap(value))

    def extend(self, value: list[T]) -> None:
        """Adds items at the end."""
        self._.extend([_unwrap(item) for item in value])

    def __len__(self) -> int:
        return len(self._)

    def __iter__(self) -> Iterator[T]:
        item_type = self.__dict__["type"]
        return (_wrap(item, item_type) for item in self._)


def _item_type(cls: Any) -> Any:
    """The annotation `type` of the class, or the X of the TypedArray[X] that it is derived from."""
    hint = _hints_of(cls)["type"]
    if isinstance(hint, TypeVar):
        for one in cls.__mro__:
            for base in getattr(one, "__orig_bases__", ()):
                if _is_typed(base) and not isinstance((*get_args(base), hint)[0], TypeVar):
                    return get_args(base)[0]
    return hint
