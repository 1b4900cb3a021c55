"""Transactions: the native ones, and what of them is async."""

from __future__ import annotations

from ._core import ReadTransaction, Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeVar

    Self = TypeVar("Self", bound="NewTransaction")

__all__ = ["NewTransaction", "ReadTransaction", "Transaction"]


async def _enter(self: Transaction, _acquire_transaction: bool = True) -> Transaction:
    """Begins the transaction, or joins it; async observers are run when it is over."""
    from ._base import enter_async

    return await enter_async(self)


async def _exit(
    self: Transaction,
    exc_type: type[BaseException] | None,
    exc_val: BaseException | None,
    exc_tb: TracebackType | None,
) -> bool | None:
    """Ends the block; the outermost one commits, and waits for async observers."""
    from ._base import exit_async

    return await exit_async(self, exc_type, exc_val, exc_tb)


for _name, _method in (("__aenter__", _enter), ("__aexit__", _exit)):
    _method.__name__ = _name
    _method.__qualname__ = f"Transaction.{_name}"
    setattr(Transaction, _name, _method)


class NewTransaction(Transaction):
    """A transaction that joins no other: it waits until those of other threads, or with
    `async with` those of other tasks, are over.

        with doc.new_transaction(timeout=3):
            ...
        async with doc.new_transaction():
            ...
    """

    async def __aenter__(self: Self) -> Self:  # type: ignore[override]
        from ._base import enter_new_async

        return await enter_new_async(self)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool | None:
        from ._base import exit_new_async

        return await exit_new_async(self, exc_type, exc_val, exc_tb)
