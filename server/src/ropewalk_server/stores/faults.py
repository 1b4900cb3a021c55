"""Faults for a store in memory: the n-th call fails, is late, loses its answer or conflicts; news
of a document come late or twice. With seeds, so that a run can be repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

# fail: nothing is done. lose: it is done, but the caller gets an error. conflict: a Conflict that
# tells the newest version. delay: it is done late.
What = Literal["fail", "lose", "conflict", "delay"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the n-th call (from 1) of that name."""

    call: str  # "append", "read", ... or "*": any call
    nth: int
    what: What
    seconds: float = 0.0  # of a delay


class FaultPlan:
    """The scripted faults, and on top of them random ones: `rates` maps a kind to a probability."""

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        random: Random | None = None,
        rates: Mapping[What, float] | None = None,
        longest_delay: float = 0.0,
        news_twice: float = 0.0,
        news_late: float = 0.0,
    ) -> None:
        """`longest_delay` is of calls that are delayed and of news that come late, in seconds;
        `news_twice` and `news_late` are probabilities."""
        self._faults = {(fault.call, fault.nth): fault for fault in faults}
        self._random = random or Random(0)
        self._rates = dict(rates or {})
        self._longest_delay = longest_delay
        self._news_twice = news_twice
        self._news_late = news_late
        self._calls: Counter[str] = Counter()

    def stop(self) -> None:
        """From now on nothing fails: for the check that all becomes well when faults stop."""
        self._faults.clear()
        self._rates.clear()
        self._news_twice = self._news_late = 0.0

    def next_call(self, call: str) -> Fault | None:
        """Counts the call; what is to happen to it."""
        for name in (call, "*"):
            self._calls[name] += 1
            fault = self._faults.get((name, self._calls[name]))
            if fault is not None:
                return fault
        for what, rate in self._rates.items():
            if self._random.random() < rate:
                return Fault(call, self._calls[call], what, self._delay())
        return None

    def next_news(self) -> list[float]:
        """After how many seconds a listener hears of a change; one number for each time."""
        times = 2 if self._random.random() < self._news_twice else 1
        return [
            self._delay() if self._random.random() < self._news_late else 0.0 for _ in range(times)
        ]

    def _delay(self) -> float:
        return self._random.random() * self._longest_delay
