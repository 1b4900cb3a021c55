// Names of the public types, for headers that only mention them.
#pragma once

#include <cstdint>

namespace crdt {

// base/
enum class ClientId : std::uint64_t;
enum class Clock : std::uint32_t;
enum class ErrorCode : std::uint8_t;
struct Allocator;
struct Error;
struct Id;
struct IdRange;
struct IdSpan;
class Bytes;
class IdSet;
class Status;
template <class T>
class Result;

// codec/
enum class AnyKind : std::uint8_t;
struct Limits;
class Any;
class AnyElements;
class AnyMembers;
class AnyView;
class StateVector;

// store/
class HistorySource;

// types/
enum class Unit : std::uint8_t;
enum class ValueKind : std::uint8_t;
struct ArrayInit;
struct Binary;
struct CodePoint;
struct MapInit;
struct DocumentInit;
struct TextInit;
struct XmlElementInit;
struct XmlFragmentInit;
struct XmlHookInit;
struct XmlTextInit;
struct Utf16;
struct Utf8;
class Array;
class Content;
class Map;
class Position;
class SharedType;
class Text;
class Value;
class XmlElement;
class XmlFragment;
class XmlHook;
class XmlText;
class XmlWalker;

// doc/
enum class Association : std::int8_t;
struct DocOptions;
struct Place;
struct UndoClock;
struct UndoEvent;
struct UndoOptions;
struct UndoneInsertion;
class ArrayEvent;
class DeepEvents;
class Doc;
class Event;
class EventDelta;
class EventOp;
class EventPath;
class InsertedValues;
class KeyChange;
class KeyChanges;
class MapEvent;
class Origin;
class PathStep;
class RelativePosition;
class Snapshot;
class Subdoc;
class SubdocsEvent;
class Subscription;
class TextEvent;
class Transaction;
class TransactionEvent;
class UndoItem;
class UndoManager;
class Undone;

// sync/
enum class MessageKind : std::uint64_t;
enum class SyncKind : std::uint8_t;
struct AwarenessEvent;
struct AwarenessLimits;
struct Message;
struct SyncMessage;
struct SyncReceived;
class Awareness;
class MessageReader;

}  // namespace crdt
