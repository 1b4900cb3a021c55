#include "border.hpp"

namespace ropewalk {

Report report{};

namespace {

crdt::Bytes in_buffer;
crdt::Bytes out_buffer;

// Names of origins have to live until their transaction has been told. That many may be open or
// waiting to be told at once.
constexpr std::uint32_t kOrigins = 4096;
std::uint32_t origins[kOrigins];

crdt::Content type_content(std::uint8_t kind, std::string_view name) {
    switch (static_cast<crdt::ValueKind>(kind)) {
        case crdt::ValueKind::text:
            return crdt::TextInit();
        case crdt::ValueKind::array:
            return crdt::ArrayInit();
        case crdt::ValueKind::xml_element:
            return crdt::XmlElementInit(name);
        case crdt::ValueKind::xml_fragment:
            return crdt::XmlFragmentInit();
        case crdt::ValueKind::xml_hook:
            return crdt::XmlHookInit(name);
        case crdt::ValueKind::xml_text:
            return crdt::XmlTextInit();
        default:
            return crdt::MapInit();
    }
}

}  // namespace

// Room for `size` bytes; 0 when memory is exhausted.
RW_EXPORT(rw_in) Address rw_in(std::uint32_t size) {
    // A large document need not be remembered by every later call.
    constexpr std::size_t kKeep = std::size_t{1} << 20;
    if (size <= kKeep && in_buffer.storage().capacity() > kKeep) in_buffer.storage().reset();
    return in_buffer.reserve(size) ? in_buffer.data() : nullptr;
}

RW_EXPORT(rw_report) const Report* rw_report() { return &report; }

// The out buffer need not remember a large answer.
RW_EXPORT(rw_forget_out) void rw_forget_out() { out_buffer.storage().reset(); }

// The sentence for an error, in `out`.
RW_EXPORT(rw_describe) std::uint32_t rw_describe(std::uint32_t code, double offset) {
    out_buffer.clear();
    if (!room(0)) return out_done();
    const crdt::Error error{static_cast<crdt::ErrorCode>(code), static_cast<std::uint64_t>(offset)};
    static_cast<void>(out_buffer.append(std::string_view(error.message())));
    return out_done();
}

const std::uint8_t* in_begin() noexcept { return in_buffer.data(); }

// -- in ---------------------------------------------------------------------------------------

crdt::Result<crdt::Any> In::any() noexcept {
    const std::uint8_t* const from = at_;
    bool canonical = false;
    const crdt::Error error = crdt::detail::validate_any(at_, end_, {}, canonical);
    if (error.code != crdt::ErrorCode::ok) return error;
    return crdt::Any::decode({from, at_});
}

crdt::Result<crdt::Content> In::content() noexcept {
    switch (*at_) {
        case kBinaryTag:
            ++at_;
            return crdt::Content(crdt::Binary{bytes()});
        case kTypeTag: {
            ++at_;
            const std::uint8_t kind = byte();
            return type_content(kind, text());
        }
        case kDocumentTag: {
            ++at_;
            crdt::DocumentInit made(text());
            const std::uint8_t flags = byte();
            made.collect = (flags & 1U) != 0;
            made.auto_load = (flags & 2U) != 0;
            made.should_load = (flags & 4U) != 0;
            ROPEWALK_TRY(made.meta, any());
            return crdt::Content(std::move(made));
        }
        default: {
            ROPEWALK_TRY(crdt::Any value, any());
            return crdt::Content(std::move(value));
        }
    }
}

crdt::Status In::contents(std::uint32_t count, std::vector<crdt::Content>& out) noexcept {
    if (!room(count * sizeof(crdt::Content))) return crdt::ErrorCode::out_of_memory;
    out.reserve(count);
    while (more()) {
        ROPEWALK_TRY(crdt::Content made, content());
        out.push_back(std::move(made));
    }
    return {};
}

crdt::Status In::attributes(crdt::Attributes& out) noexcept {
    // A key and a value are 2 bytes at least; the vector grows by half again at most.
    constexpr std::size_t kEach = sizeof(crdt::Attributes::Entry);
    if (!room(static_cast<std::size_t>(end_ - at_) / 2 * kEach * 3)) {
        return crdt::ErrorCode::out_of_memory;
    }
    while (more()) {
        const std::string_view key = text();
        ROPEWALK_TRY(crdt::Any value, any());
        out.set(key, std::move(value));
    }
    return {};
}

// -- out --------------------------------------------------------------------------------------

Out::Out() noexcept : writer_(out_buffer) { out_buffer.clear(); }

void Out::value(const crdt::Value& value) noexcept {
    switch (value.kind()) {
        case crdt::ValueKind::any:
            // Text may have come into a list, too.
            if (const char16_t unit = value.character(); unit != 0) {
                byte(kUnitsTag);
                number(1);
                return number(unit);
            }
            [[fallthrough]];
        case crdt::ValueKind::embed:
            return object(value);
        case crdt::ValueKind::absent:
            return any(crdt::AnyView());
        case crdt::ValueKind::binary: {
            const crdt::ByteView bytes = value.binary();
            object_of(value, 1 + crdt::detail::var_uint_size(bytes.size()) + bytes.size());
            byte(crdt::detail::kTagBytes);
            return writer_.var_bytes(bytes);
        }
        case crdt::ValueKind::document:
            byte(kDocumentTag);
            return number(crdt::detail::Access::unit(value).run);
        default: {
            const crdt::detail::Store& store = *crdt::detail::Access::store(value);
            byte(kTypeTag);
            return type(store, store.runs[crdt::detail::Access::unit(value).run].data);
        }
    }
}

// Objects are the same ones whenever they are read, as long as somebody holds them.
void Out::object(const crdt::Value& value) noexcept {
    const crdt::AnyView view = value.any();
    if (view.kind() == crdt::AnyKind::object || view.kind() == crdt::AnyKind::array) {
        object_of(value, view.encoded().size());
    }
    any(view);
}
// In front of one: where its content is stored.
void Out::object_of(const crdt::Value& value, std::size_t size) noexcept {
    const crdt::detail::Store& store = *crdt::detail::Access::store(value);
    const crdt::detail::RunPos at = crdt::detail::Access::unit(value);
    const crdt::detail::Run& run = store.runs[at.run];
    byte(kObjectTag);
    number(run.has_cells()
               ? store.content.cells[run.data + at.offset] & ~crdt::detail::ContentStore::kDeadCell
               : run.data);
    number(size);
}

void Out::key(const crdt::detail::Store& store, std::string_view key) noexcept {
    number(store.types.names.find(key));
}

void Out::type(const crdt::detail::Store& store, std::uint32_t type) noexcept {
    byte(static_cast<std::uint8_t>(crdt::detail::value_kind(store.types.types[type].kind)));
    number(type);
}

void Out::id(const crdt::detail::Store& store, crdt::detail::RunPos unit) noexcept {
    const crdt::Id id = crdt::detail::id_of(store, unit);
    number(crdt::raw(id.client));
    number(crdt::raw(id.clock));
}

void Out::id_set(const crdt::IdSet& set) noexcept {
    set.for_each([&](crdt::ClientId client, crdt::Clock start, std::uint32_t length) {
        number(crdt::raw(client));
        number(crdt::raw(start));
        // The engine's mark for "to the end of all clocks" is 2^53-1 in JavaScript.
        const bool endless = crdt::raw(start) + length == crdt::detail::kEndOfClocks;
        number(endless ? crdt::detail::kMaxVarUint - crdt::raw(start) : length);
    });
}

std::uint32_t Out::done() noexcept {
    if (!writer_.ok()) return answer(crdt::Status(crdt::ErrorCode::out_of_memory));
    return out_done();
}

crdt::Bytes& out_bytes() noexcept {
    out_buffer.clear();
    return out_buffer;
}

std::uint32_t out_done() noexcept {
    report.out = out_buffer.data();
    report.out_size = static_cast<std::uint32_t>(out_buffer.size());
    return 0;
}

std::uint32_t out_result(crdt::Result<crdt::Bytes> result) noexcept {
    if (!result.ok()) return answer(result.error());
    out_buffer = *std::move(result);
    return out_done();
}

void note_made(const crdt::Value& value) noexcept {
    const crdt::ValueKind kind = value.kind();
    if (kind == crdt::ValueKind::absent || kind == crdt::ValueKind::any ||
        kind == crdt::ValueKind::binary || kind == crdt::ValueKind::embed) {
        return;
    }
    const std::uint32_t run = crdt::detail::Access::unit(value).run;
    report.made = kind == crdt::ValueKind::document
                      ? run
                      : crdt::detail::Access::store(value)->runs[run].data;
}

// -- transactions -----------------------------------------------------------------------------

crdt::Origin origin_of(std::uint32_t transaction) noexcept {
    std::uint32_t& cell = origins[transaction % kOrigins];
    cell = transaction;
    return crdt::Origin(std::string_view(reinterpret_cast<const char*>(&cell), sizeof cell));
}

std::uint32_t transaction_of(const crdt::Origin& origin) noexcept {
    std::uint32_t transaction = 0;
    if (origin.name().size() == sizeof transaction) {
        std::memcpy(&transaction, origin.name().data(), sizeof transaction);
    }
    return transaction;
}

}  // namespace ropewalk
