"""What may be done with which document: whether clients that know no epochs may have it, when it is
renumbered, and how long its old epochs are supported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .names import split_name

ADMIT, REFUSE = "admit", "refuse"


@dataclass(frozen=True, slots=True)
class DocumentPolicy:
    """`stock`: patterns of names without the tenant, and whether stock clients are admitted; the
    first that fits counts, and who fits none admits them."""

    stock: Sequence[tuple[str, bool]] = ()
    # A document of more bytes, of which so great a share is deleted, is renumbered when everybody
    # has left. 0: none is.
    renumber_share: float = 0.5
    renumber_bytes: int = 256 * 1024
    # Clients of so many epochs before, ended so many seconds ago, may still bring their changes.
    kept_epochs: int = 8
    kept_seconds: float = 90 * 86_400.0

    def admits_stock(self, stored: str) -> bool:
        """Whether clients that know no epochs may have this document, named as in the store."""
        name = split_name(stored)[1]
        return next((admits for pattern, admits in self.stock if fnmatchcase(name, pattern)), True)

    def may_be_renumbered(self, stored: str, size: int) -> bool:
        """Whether a document of so many bytes is worth looking at."""
        worth = self.renumber_share > 0 and size >= self.renumber_bytes
        return worth and not self.admits_stock(stored)


def stock_rules(rules: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """From settings: "letters/*=refuse". ValueError: one is not like that."""
    parsed = []
    for rule in rules:
        pattern, equals, what = rule.rpartition("=")
        if not equals or not pattern or what not in (ADMIT, REFUSE):
            raise ValueError(
                f"documents.stock: {rule!r} is no rule; pattern={ADMIT} and pattern={REFUSE} are"
            )
        parsed.append((pattern, what == ADMIT))
    return tuple(parsed)
