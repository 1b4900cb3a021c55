"""All bounds of the server in one place. An error that one of them causes names it as it is named
here, so that whoever runs the server knows what to set."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    # What one client may send and hold.
    message_bytes: int = 16 * MIB
    messages_per_second: float = 100.0
    message_burst: int = 500
    documents_per_connection: int = 50
    unsent_bytes: int = 1 * MIB

    # Before it is known who it is.
    handshake_seconds: float = 5.0
    handshake_bytes: int = 64 * KIB
    handshake_messages: int = 32

    # One document.
    document_bytes: int = 64 * MIB
    pending_bytes: int = 8 * MIB
    pending_structs: int = 100_000
    type_nesting: int = 512

    # Who is there.
    awareness_bytes: int = 64 * KIB
    awareness_clients: int = 1_000
    awareness_seconds: float = 30.0
    awareness_interval: float = 0.1
    # Rooms of more members are not told who comes and goes; they see it in the awareness.
    announced_members: int = 100

    # A room and its store.
    idle_seconds: float = 30.0
    append_updates: int = 1_000
    append_seconds: float = 10.0
    backlog_bytes: int = 16 * MIB
    # Of a snapshot: a document of more is joined from it, and built when somebody writes.
    packed_bytes: int = 256 * KIB
    # Of snapshots, all together, for who joins next.
    kept_parts_bytes: int = 16 * MIB
    compact_entries: int = 2_000
    compact_bytes: int = 1 * MIB
    compact_seconds: float = 300.0
    drain_seconds: float = 10.0

    def for_documents(self) -> dict[str, int]:
        """As the engine names those that it keeps itself. An update of the store may be as large as
        the document; what a client sends is measured when it comes."""
        return {
            "update_bytes": 2 * self.document_bytes,
            "pending_bytes": self.pending_bytes,
            "pending_structs": self.pending_structs,
            "type_nesting": self.type_nesting,
        }
