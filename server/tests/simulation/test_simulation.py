"""T3: seeds that all must pass. 200 of them, or as many as ROPEWALK_SIMULATION_SEEDS says; `make soak
AREA=server` runs 10,000 through __main__.py."""

from __future__ import annotations

import os

import pytest

from simulation.world import Violation, simulate

SEEDS = int(os.environ.get("ROPEWALK_SIMULATION_SEEDS", "200"))
GROUP = 10


@pytest.mark.parametrize("first", range(0, SEEDS, GROUP))
def test_what_is_promised_holds(first: int) -> None:
    """Every other seed in safety mode: harsher, and what holds at any moment is all that is
    asked."""
    for seed in range(first, min(first + GROUP, SEEDS)):
        simulate(seed, safety=seed % 2 == 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_seed_is_the_same_run_each_time(seed: int) -> None:
    runs = {simulate(seed, safety=False).faults.trace for _ in range(3)}
    assert len(runs) == 1 and runs != {0}


def test_a_violation_names_the_command_that_repeats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.world.CALM_SECONDS", 0.0)
    with pytest.raises(Violation, match=r"python -m simulation --seed 6 .*\n.*P15: after 0 s"):
        simulate(6, safety=False)
