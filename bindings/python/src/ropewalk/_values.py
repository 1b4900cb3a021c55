"""Values that JavaScript has and Python has not, for who writes what a program in a browser reads.

Reading gives None and int: a program in Python need not tell them apart.
"""

from __future__ import annotations

from . import _core


class UndefinedType:
    """JavaScript's undefined, which is not its null (None): Undefined is the only one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Undefined"

    def __bool__(self) -> bool:
        return False

    def __copy__(self) -> UndefinedType:
        return self

    def __deepcopy__(self, memo: object) -> UndefinedType:
        return self

    def __reduce__(self) -> str:
        return "Undefined"


Undefined = UndefinedType()


class BigInt(int):
    """An int that is written as JavaScript's BigInt whatever its size; 64 bits at most.

    Any other int is a number as far as JavaScript's numbers are exact, which is up to 2^53, and a
    BigInt from there on.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"BigInt({int(self)})"


_core._set_values(Undefined, BigInt)
