// The border between the engine and JavaScript: plain functions, numbers and two buffers.
//
//   in    what JavaScript hands over as bytes; it writes there before it calls
//   out   what a call answers beyond one number; good until the next call that writes to it
//
// A document is named by its address, a shared type by its number in the document. Calls that can
// fail answer 0 or an ErrorCode; report.offset tells where. JavaScript never keeps a view of either
// buffer: memory may move at any call.
//
// A value in `out`: an Any; or kObjectTag, a number by which JavaScript knows it again, varUint
// size and an Any; or kTypeTag, kind, number of the type; or kDocumentTag, number of the
// sub-document. A content in `in`: an Any; or kBinaryTag, varUint size, bytes; or kTypeTag, kind,
// varString name of an element or hook; or kDocumentTag, varString id, flags, Any for the
// application. Strings are varUint size and UTF-8.
#pragma once

#include <crdt/crdt.hpp>
#include <optional>
#include <vector>

#define RW_EXPORT(name) extern "C" __attribute__((export_name(#name), used, visibility("default")))
#define RW_IMPORT(name) extern "C" __attribute__((import_module("host"), import_name(#name)))

namespace ropewalk {

using Address = std::uint8_t*;

inline constexpr std::uint8_t kBinaryTag = 1;
inline constexpr std::uint8_t kTypeTag = 2;
inline constexpr std::uint8_t kDocumentTag = 3;
// In deltas beside these: text with lone surrogates, as a count and units; an embedded value.
inline constexpr std::uint8_t kUnitsTag = 4;
inline constexpr std::uint8_t kEmbedTag = 5;
inline constexpr std::uint8_t kObjectTag = 6;

// Steps of a delta that comes in.
enum DeltaStep : std::uint8_t { kDeltaText, kDeltaUnits, kDeltaContent, kDeltaRetain, kDeltaErase };
// Steps of the delta of an event.
enum EventStep : std::uint8_t { kEventDelete, kEventRetain, kEventText, kEventValues };

// What JavaScript reads after a call, at a fixed address.
struct Report {
    const std::uint8_t* out;
    std::uint32_t out_size;
    std::uint32_t made;  // number of the shared type or sub-document that was put in
    double offset;       // of an error
};
extern Report report;

// What the transactions of a document tell JavaScript, by who listens there.
enum class Hearing : std::uint8_t {
    before_observers,
    after_transaction,
    after_cleanup,
    update,
    update_v2,
    subdocs,
    before_tidying,
    count,
};

struct Document {
    explicit Document(const crdt::DocOptions& options) : doc(options) {}

    crdt::Doc doc;
    std::optional<crdt::Transaction> open;
    crdt::Subscription heard[static_cast<std::size_t>(Hearing::count)];
    struct Observed {
        std::uint32_t type;
        bool deep;
        crdt::Subscription subscription;
    };
    std::vector<Observed> observed;

    [[nodiscard]] crdt::detail::Store& store() const noexcept { return *doc.store(); }
    template <class T>
    [[nodiscard]] T handle(std::uint32_t type) const noexcept {
        return crdt::detail::Access::handle<T>(doc.store(), type);
    }
};

// -- errors -----------------------------------------------------------------------------------

[[nodiscard]] inline std::uint32_t answer(const crdt::Error& error) noexcept {
    report.offset = static_cast<double>(error.offset);
    return static_cast<std::uint32_t>(error.code);
}
[[nodiscard]] inline std::uint32_t answer(const crdt::Status& status) noexcept {
    return status.ok() ? 0 : answer(status.error());
}

// Whether a call may make so many bytes of vectors and strings; see room.cpp.
[[nodiscard]] bool room(std::size_t bytes) noexcept;
[[nodiscard]] inline std::uint32_t no_room() noexcept {
    return answer(crdt::Status(crdt::ErrorCode::out_of_memory));
}

// -- in ---------------------------------------------------------------------------------------

[[nodiscard]] const std::uint8_t* in_begin() noexcept;
[[nodiscard]] inline crdt::ByteView in(std::uint32_t size) noexcept { return {in_begin(), size}; }
[[nodiscard]] inline std::string_view in_text(std::uint32_t size) noexcept {
    return crdt::as_text(in(size));
}

// Walks what our own JavaScript has written. Its numbers and lengths are right; its Anys and text
// are checked where they enter the engine.
class In {
public:
    explicit In(std::uint32_t size) noexcept : at_(in_begin()), end_(at_ + size) {}
    In(const std::uint8_t* from, const std::uint8_t* to) noexcept : at_(from), end_(to) {}

    [[nodiscard]] bool more() const noexcept { return at_ < end_; }
    [[nodiscard]] std::uint8_t byte() noexcept { return *at_++; }
    [[nodiscard]] std::uint64_t number() noexcept { return crdt::detail::get_var_uint(at_); }
    [[nodiscard]] crdt::ByteView bytes() noexcept {
        const auto size = static_cast<std::size_t>(number());
        at_ += size;
        return {at_ - size, size};
    }
    [[nodiscard]] std::string_view text() noexcept { return crdt::as_text(bytes()); }
    [[nodiscard]] crdt::Result<crdt::Any> any() noexcept;
    [[nodiscard]] crdt::Result<crdt::Content> content() noexcept;
    [[nodiscard]] crdt::Status contents(std::uint32_t count,
                                        std::vector<crdt::Content>& out) noexcept;
    // Keys and values to the end.
    [[nodiscard]] crdt::Status attributes(crdt::Attributes& out) noexcept;

private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

// -- out --------------------------------------------------------------------------------------

// Appends to `out`, which it empties first. Ends with done().
class Out {
public:
    Out() noexcept;

    void byte(std::uint8_t value) noexcept { writer_.byte(value); }
    void number(std::uint64_t value) noexcept { writer_.var_uint(value); }
    void raw(crdt::ByteView bytes) noexcept { writer_.raw(bytes); }
    void text(std::string_view utf8) noexcept {
        number(utf8.size());
        raw(crdt::as_bytes(utf8));
    }
    void any(crdt::AnyView value) noexcept { raw(value.encoded()); }
    void value(const crdt::Value& value) noexcept;
    // By its number: JavaScript keeps the strings.
    void key(const crdt::detail::Store& store, std::string_view key) noexcept;
    // Kind and number of a shared type.
    void type(const crdt::detail::Store& store, std::uint32_t type) noexcept;
    // Who inserted a unit, and as which of theirs.
    void id(const crdt::detail::Store& store, crdt::detail::RunPos unit) noexcept;
    void id_set(const crdt::IdSet& set) noexcept;
    void state_vector(const crdt::StateVector& known) noexcept { known.write(writer_); }
    [[nodiscard]] std::uint32_t done() noexcept;

private:
    void object(const crdt::Value& value) noexcept;
    void object_of(const crdt::Value& value, std::size_t size) noexcept;

    crdt::detail::Writer writer_;
};

// What other rooms append to as a whole.
[[nodiscard]] crdt::Bytes& out_bytes() noexcept;
[[nodiscard]] std::uint32_t out_done() noexcept;
// Bytes that a call has made, or its error.
[[nodiscard]] std::uint32_t out_result(crdt::Result<crdt::Bytes> result) noexcept;

void put_delta(Out& out, const crdt::Delta& delta) noexcept;
// What was just put in, for JavaScript to fill: report.made.
void note_made(const crdt::Value& value) noexcept;
inline void note_made(const crdt::Result<crdt::Value>& value) noexcept {
    if (value.ok()) note_made(*value);
}

// -- transactions -----------------------------------------------------------------------------

// Transactions are numbered by JavaScript, which knows their origins.
[[nodiscard]] crdt::Origin origin_of(std::uint32_t transaction) noexcept;
[[nodiscard]] std::uint32_t transaction_of(const crdt::Origin& origin) noexcept;

// One edit: in a transaction of that number around it alone, or in whatever is open if it is 0.
template <class Edit>
std::uint32_t write(Document* document, std::uint32_t transaction, Edit&& edit) noexcept {
    if (transaction == 0) return answer(edit());
    crdt::Transaction around = document->doc.transact(origin_of(transaction));
    const std::uint32_t written = answer(edit());
    const std::uint32_t ended = answer(around.commit());
    return written != 0 ? written : ended;
}

}  // namespace ropewalk
