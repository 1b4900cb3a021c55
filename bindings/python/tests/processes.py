"""What tests of threads, forks and ends run: programs in processes of their own, and work in threads."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from typing import Any

SECONDS = 120  # a hang is what is looked for: a busy machine takes many times as long as a quiet one


def run(program: str) -> str:
    """What a program prints; it has to end by itself, and well."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", textwrap.dedent(program)],
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def together(count: int, work: Any) -> None:
    """Runs work(number) in so many threads; what one raises is raised."""
    raised: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(i,), daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive(), "a deadlock"
    if raised:
        raise raised[0]
