"""What a connection does about epochs: who knows none is kept out where they matter, copies of old
ones are told apart, and what was written into them is taken."""

from __future__ import annotations

from ..auth.identity import Role
from ..errors import Close, CloseCode, LoadFailed, Rejected
from ..protocol.codec import Codec
from ..protocol.messages import Message, Numbered, Refusal, Translate
from ..rooms.member import Member
from ..rooms.rooms import Rooms
from .states import Joined

STOCK_REFUSED = (
    "this document takes clients that know epochs only: ropewalk/provider, ropewalk.client"
)


def knows_epochs(codec: Codec, extended: bool) -> bool:
    """Whether the other end has said hello, and means it."""
    return extended and codec.knows_epochs


def is_translation(said: Message) -> bool:
    return type(said) is Numbered and type(said.message) is Translate


def count(member: Member, said: Numbered) -> None:
    """A numbered message has come. Close: it is not the next."""
    if not member.extended:
        raise Close(CloseCode.PROTOCOL_ERROR, "a numbered message before a hello")
    # What was said into a document that was replaced has not been counted.
    may_skip = member.codec.counts_on or is_translation(said)
    if said.number != member.number + 1 and not (said.number > member.number and may_skip):
        raise Close(
            CloseCode.PROTOCOL_ERROR, f"message {said.number} after message {member.number}"
        )
    member.number = said.number


async def translate(rooms: Rooms, joined: Joined, number: int, said: Translate) -> None:
    """Takes what was written into a copy of an older epoch. It is acknowledged when it is durable in
    this one; until then the client has it."""
    member = joined.member
    if member.role < Role.EDITOR:
        rooms.metrics.count("changes_denied")
        member.tell(Refusal(number, "forbidden", "you may read this document, not change it"))
        return
    try:
        room = joined.room if not joined.room.retired else await rooms.room(joined.room.name)
        await room.take_translated(member, said.epoch, said.update, number)
    except LoadFailed as error:
        raise Close(CloseCode.SERVER_FAULT, f"{error}; try again") from None
    except Rejected as error:
        if error.code == "untranslatable":
            rooms.metrics.count("untranslatable")
        member.tell(Refusal(number, error.code, error.reason))


async def check_copy(joined: Joined, state: bytes) -> bool:
    """Whether a state vector is of this epoch. One of an older one: the client is told to drop its
    copy, and nothing of it is taken. Rejected: it is none."""
    room = joined.room
    if not room.epochs.any_ended:
        return True
    ours = await room.durable_state()
    try:
        if not room.epochs.is_old_copy(state, ours):
            return True
    except ValueError as error:
        raise Rejected("invalid", str(error)) from None
    room.leave(joined.member)
    joined.member.gone = False  # it may still say hello, or bring what it has
    joined.member.retire(room.epoch)
    return False
