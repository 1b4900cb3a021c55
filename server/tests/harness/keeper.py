"""Keeps a service running as long as somebody uses it: keeper.py FOLDER COMMAND...

Users hold a shared lock on FOLDER/users. When none is left, however they ended, the service is
killed and the folder removed."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path


def main(folder: str, *command: str) -> None:
    place = Path(folder)
    with (place / "log").open("ab") as log, (place / "users").open("ab") as users:
        service = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            fcntl.flock(users, fcntl.LOCK_EX)
        finally:
            service.kill()
            service.wait()
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
