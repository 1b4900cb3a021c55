"""Documents in one SQLite file.

store.py       SqliteStore: the contract, in the event loop
writer.py      the one thread that writes: group commit, checkpoints, news of other processes
changes.py     what it writes: each operation inside a transaction
reads.py       what reader threads read; verifying.py: all of it
endings.py     what is kept of epochs that have ended
damage.py      records that are not what was written: set aside, and what is left put in order
files.py       connections, their settings, the schema and its migrations, the check at opening
errors.py      SQLite's errors in words that help
"""

from ropewalk_server.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
