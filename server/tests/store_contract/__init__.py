"""The contract of stores/contract.py as tests: the same for every store.

A store's test file says how to make it:

    class TestMyStore(StoreContract):       # and SeveralProcesses, if its documents outlive a process
        @pytest.fixture
        async def make_store(self, tmp_path): ...   # yields an async function: each call gives an
                                                    # opened store on the same documents
        async def spoil(self, store, doc, seq): ... # damages the record of an entry or a snapshot
        def fail(self, store): ...                  # an async context: inside it writing fails

Auditing is for stores that keep who did what, too.
"""

from .appending import Appending
from .auditing import Auditing
from .documents import Documents
from .ending import Ending
from .failing import Failing
from .harness import opening, soon, updates_of
from .histories import Histories
from .listening import Listening
from .parts import Parts
from .processes import SeveralProcesses
from .replacing import Replacing

__all__ = ["Auditing", "SeveralProcesses", "StoreContract", "opening", "soon", "updates_of"]


class StoreContract(Appending, Replacing, Parts, Ending, Listening, Failing, Documents, Histories):
    """All that every store promises."""
