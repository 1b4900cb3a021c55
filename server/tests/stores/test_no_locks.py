"""There is no lock (S0-20, S0-R1): nothing in the stores of several processes asks for one, but for the
moment in which PostgreSQL's tables are made. What writes of one document in one process take turns
by is a queue (keyed/lines.py, chain/writing.py), which dies with the process."""

import re
from pathlib import Path

import ropewalk_server.stores

STORES = Path(ropewalk_server.stores.__file__).parent
# What would be one, in the words of each service, and between processes of one machine.
LOCKS = re.compile(
    r"pg_(try_)?advisory|\bFOR (UPDATE|SHARE)\b|LOCK TABLE|\bSETNX\b|\bnx=True|\bredlock\b|\.lock\("
    r"|flock|lockf|\bfcntl\b|\b[Ll]ease\b",
)
ALLOWED = {("postgres/link.py", "pg_advisory")}


def test_no_store_of_several_processes_asks_for_a_lock():
    found = set()
    for file in STORES.rglob("*.py"):
        name = file.relative_to(STORES).as_posix()
        # SQLite takes turns by the locks of its file, as it always does.
        if not name.startswith("sqlite/"):
            found |= {(name, match.group().lower()) for match in LOCKS.finditer(file.read_text())}
    assert found == ALLOWED
