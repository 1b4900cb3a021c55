"""Documents that several people edit at once, offline too: pycrdt's API on the Ropewalk engine.

    from ropewalk import Doc, Text

    doc = Doc()
    doc["letter"] = letter = Text("Dear Sir")
    letter += " or Madam"

    other = Doc()
    other.apply_update(doc.get_update(other.get_state()))
    assert str(other.get("letter", type=Text)) == "Dear Sir or Madam"
"""

from __future__ import annotations

from ._array import Array as Array
from ._array import ArrayEvent as ArrayEvent
from ._core import AttrRange as AttrRange
from ._core import ContentAttribute as ContentAttribute
from ._core import DamagedError as DamagedError
from ._core import DecodeError as DecodeError
from ._core import EpochMap as EpochMap
from ._core import IdMap as IdMap
from ._core import IdSet as IdSet
from ._core import LimitError as LimitError
from ._core import MissingParts as MissingParts
from ._core import Subscription as Subscription
from ._core import __version__ as __version__
from ._core import _set_class
from ._doc import Doc as Doc
from ._doc import SubdocsEvent as SubdocsEvent
from ._doc import TransactionEvent as TransactionEvent
from ._map import Map as Map
from ._map import MapEvent as MapEvent
from ._text import Text as Text
from ._text import TextEvent as TextEvent
from ._transaction import NewTransaction as NewTransaction
from ._transaction import ReadTransaction as ReadTransaction
from ._transaction import Transaction as Transaction
from ._xml import XmlElement as XmlElement
from ._xml import XmlEvent as XmlEvent
from ._xml import XmlFragment as XmlFragment
from ._xml import XmlHook as XmlHook
from ._xml import XmlText as XmlText

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._awareness import Awareness as Awareness
    from ._awareness import is_awareness_disconnect_message as is_awareness_disconnect_message
    from ._container import Container as Container
    from ._container import is_container as is_container
    from ._epochs import compact as compact
    from ._epochs import renumber as renumber
    from ._file import DocumentFile as DocumentFile
    from ._file import open as open
    from ._file import verify_file as verify_file
    from ._provider import Channel as Channel
    from ._provider import Provider as Provider
    from ._snapshot import Snapshot as Snapshot
    from ._sticky_index import Assoc as Assoc
    from ._sticky_index import Place as Place
    from ._sticky_index import StickyIndex as StickyIndex
    from ._stream import UnsubscribableStream as UnsubscribableStream
    from ._sync import Decoder as Decoder
    from ._sync import Encoder as Encoder
    from ._sync import YMessageType as YMessageType
    from ._sync import YSyncMessageType as YSyncMessageType
    from ._sync import create_awareness_message as create_awareness_message
    from ._sync import create_permission_denied_message as create_permission_denied_message
    from ._sync import create_sync_message as create_sync_message
    from ._sync import create_update_message as create_update_message
    from ._sync import handle_sync_message as handle_sync_message
    from ._sync import read_message as read_message
    from ._sync import read_permission_denied_message as read_permission_denied_message
    from ._sync import write_message as write_message
    from ._sync import write_var_uint as write_var_uint
    from ._typed import TypedArray as TypedArray
    from ._typed import TypedDoc as TypedDoc
    from ._typed import TypedMap as TypedMap
    from ._undo import StackItem as StackItem
    from ._undo import UndoManager as UndoManager
    from ._update import convert_update as convert_update
    from ._update import describe_update as describe_update
    from ._update import get_state as get_state
    from ._update import get_update as get_update
    from ._update import inspect_update as inspect_update
    from ._update import merge_updates as merge_updates
    from ._update import obfuscate_update as obfuscate_update
    from ._values import BigInt as BigInt
    from ._values import Undefined as Undefined
    from ._wire import decode_column as decode_column
    from ._wire import decode_state_vector as decode_state_vector
    from ._wire import decode_update as decode_update
    from ._wire import encode_column as encode_column
    from ._wire import encode_state_vector as encode_state_vector

for _kind, _class in (
    ("doc", Doc),
    ("text", Text),
    ("array", Array),
    ("map", Map),
    ("xml_fragment", XmlFragment),
    ("xml_element", XmlElement),
    ("xml_text", XmlText),
    ("xml_hook", XmlHook),
):
    _set_class(_kind, _class)
del _kind, _class

# What is imported when it is first used: enum, typing and anyio take longer than everything above.
_LAZY = {
    "_awareness": (
        "Awareness",
        "is_awareness_disconnect_message",
    ),
    "_container": (
        "Container",
        "is_container",
    ),
    "_epochs": (
        "compact",
        "renumber",
    ),
    "_file": (
        "DocumentFile",
        "open",
        "verify_file",
    ),
    "_provider": (
        "Channel",
        "Provider",
    ),
    "_snapshot": (
        "Snapshot",
    ),
    "_sticky_index": (
        "Assoc",
        "Place",
        "StickyIndex",
    ),
    "_stream": (
        "UnsubscribableStream",
    ),
    "_sync": (
        "Decoder",
        "Encoder",
        "YMessageType",
        "YSyncMessageType",
        "create_awareness_message",
        "create_permission_denied_message",
        "create_sync_message",
        "create_update_message",
        "handle_sync_message",
        "read_message",
        "read_permission_denied_message",
        "write_message",
        "write_var_uint",
    ),
    "_typed": (
        "TypedArray",
        "TypedDoc",
        "TypedMap",
    ),
    "_undo": (
        "StackItem",
        "UndoManager",
    ),
    "_update": (
        "convert_update",
        "describe_update",
        "get_state",
        "get_update",
        "inspect_update",
        "merge_updates",
        "obfuscate_update",
    ),
    "_values": (
        "BigInt",
        "Undefined",
    ),
    "_wire": (
        "decode_column",
        "decode_state_vector",
        "decode_update",
        "encode_column",
        "encode_state_vector",
    ),
}
_HOMES = {name: module for module, names in _LAZY.items() for name in names}

__all__ = [  # noqa: PLE0604
    "Array",
    "ArrayEvent",
    "AttrRange",
    "ContentAttribute",
    "DamagedError",
    "DecodeError",
    "Doc",
    "EpochMap",
    "IdMap",
    "IdSet",
    "LimitError",
    "Map",
    "MapEvent",
    "MissingParts",
    "NewTransaction",
    "ReadTransaction",
    "SubdocsEvent",
    "Subscription",
    "Text",
    "TextEvent",
    "Transaction",
    "TransactionEvent",
    "XmlElement",
    "XmlEvent",
    "XmlFragment",
    "XmlHook",
    "XmlText",
    "__version__",
    *_HOMES,
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
