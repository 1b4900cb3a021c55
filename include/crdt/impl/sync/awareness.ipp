#pragma once

#include <cstring>

#include "../../base/memory.hpp"
#include "../../base/utf.hpp"
#include "../../codec/any.hpp"
#include "../../codec/any_to_json.hpp"
#include "../../codec/json.hpp"
#include "../../codec/json_equal.hpp"
#include "../../codec/json_to_any.hpp"
#include "../../codec/reader.hpp"
#include "../../codec/writer.hpp"
#include "../../sync/awareness.hpp"

namespace crdt {

namespace detail {

inline constexpr std::uint64_t kLastAwarenessClock = (std::uint64_t{1} << 53) - 1;

[[nodiscard]] inline std::string_view trimmed_json(std::string_view json) noexcept {
    const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    while (!json.empty() && is_space(json.front())) json.remove_prefix(1);
    while (!json.empty() && is_space(json.back())) json.remove_suffix(1);
    return json;
}

// What JavaScript takes for no state at all. requires: valid and trimmed
[[nodiscard]] inline bool is_falsy_json(std::string_view json) noexcept {
    if (json == "null" || json == "false" || json == "\"\"") return true;
    if (json.front() != '-' && json.front() != '0') return false;
    for (const char c : json) {
        if (c == 'e' || c == 'E') break;
        if (c >= '1' && c <= '9') return false;
    }
    return true;
}

}  // namespace detail

// The entries of an update, read and copied before anything changes.
class Awareness::Staged {
public:
    struct One {
        ClientId client;
        std::uint64_t clock;
        char* text;  // nullptr: null
        std::uint32_t size;
    };

    Staged() noexcept = default;
    Staged(const Staged&) = delete;
    Staged& operator=(const Staged&) = delete;
    ~Staged() {
        for (const One& one : all) detail::release(one.text);
    }
    // False when memory is exhausted. requires: room reserved
    [[nodiscard]] bool push(ClientId client, std::uint64_t clock, std::string_view json) noexcept {
        char* text = nullptr;
        if (json != "null") {
            text = static_cast<char*>(detail::allocate(json.size()));
            if (text == nullptr) return false;
            std::memcpy(text, json.data(), json.size());
        }
        all.push_back_reserved({client, clock, text, static_cast<std::uint32_t>(json.size())});
        return true;
    }

    detail::Vec<One> all;
};

// What an operation has done, by client, for those who listen.
class Awareness::Told {
public:
    [[nodiscard]] bool reserve(std::size_t count) noexcept {
        return added.reserve(count) && updated.reserve(count) && changed.reserve(count) &&
               removed.reserve(count);
    }
    detail::Vec<ClientId> added, updated, changed, removed;
};

ROPEWALK_INLINE Awareness::Awareness(ClientId client,
                                     Time now,
                                     const AwarenessLimits& limits) noexcept
    : client_(client), limits_(limits) {
    static_cast<void>(set_local("{}", now));
}

ROPEWALK_INLINE Awareness::~Awareness() {
    for (const Entry& entry : entries_) detail::release(entry.text);
    if (change_listeners_ != nullptr) change_listeners_->abandon();
    if (update_listeners_ != nullptr) update_listeners_->abandon();
}

// -- the table ------------------------------------------------------------------------------------

// Salted with where this lies, so that nobody far away can choose ids that collide.
ROPEWALK_INLINE std::size_t Awareness::slot_of(ClientId client) const noexcept {
    std::uint64_t sum =
        (raw(client) ^ reinterpret_cast<std::uintptr_t>(this)) * 0x9e3779b97f4a7c15U;
    sum = (sum ^ (sum >> 32)) * 0xd6e8feb86659fd93U;
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (sum ^ (sum >> 32)) & mask;
    while (slots_[at] != kNone && entries_[slots_[at]].client != client) at = (at + 1) & mask;
    return at;
}

ROPEWALK_INLINE std::uint32_t Awareness::find(ClientId client) const noexcept {
    return slots_.empty() ? kNone : slots_[slot_of(client)];
}

ROPEWALK_INLINE void Awareness::fill_slots() noexcept {
    for (std::uint32_t& slot : slots_) slot = kNone;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) slots_[slot_of(entries_[i].client)] = i;
}

ROPEWALK_INLINE bool Awareness::reserve(std::size_t more) noexcept {
    const std::size_t count = entries_.size() + more;
    if (count >= kNone || !entries_.reserve_more(more)) return false;
    std::size_t size = slots_.empty() ? 8 : slots_.size();
    if (count * 4 <= slots_.size() * 3) return true;
    while (count * 4 > size * 3) size *= 2;
    if (!slots_.resize(size)) return false;
    fill_slots();
    return true;
}

ROPEWALK_INLINE std::uint32_t Awareness::add(ClientId client) noexcept {
    const auto number = static_cast<std::uint32_t>(entries_.size());
    slots_[slot_of(client)] = number;
    Entry entry;
    entry.client = client;
    entries_.push_back_reserved(entry);
    return number;
}

ROPEWALK_INLINE void Awareness::set_text(Entry& entry, char* text, std::uint32_t size) noexcept {
    if (entry.text != nullptr) --states_;
    if (text != nullptr) ++states_;
    detail::release(entry.text);
    entry.text = text;
    entry.size = text == nullptr ? 0 : size;
}

ROPEWALK_INLINE std::size_t Awareness::departed() const noexcept {
    const std::uint32_t own = find(client_);
    const bool own_is_silent = own != kNone && entries_[own].text == nullptr;
    return entries_.size() - states_ - (own_is_silent ? 1 : 0);
}

ROPEWALK_INLINE void Awareness::forget_departed() noexcept {
    std::size_t excess = departed();
    if (excess <= limits_.departed) return;
    for (excess -= limits_.departed; excess > 0; --excess) {
        std::size_t oldest = entries_.size();
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            if (entries_[i].text != nullptr || entries_[i].client == client_) continue;
            if (oldest == entries_.size() || entries_[i].seen < entries_[oldest].seen) oldest = i;
        }
        entries_.erase(oldest, 1);
    }
    fill_slots();
}

ROPEWALK_INLINE std::optional<std::string_view> Awareness::state(ClientId client) const noexcept {
    const std::uint32_t number = find(client);
    if (number == kNone || entries_[number].text == nullptr) return std::nullopt;
    return entries_[number].json();
}

ROPEWALK_INLINE std::optional<std::uint64_t> Awareness::clock(ClientId client) const noexcept {
    const std::uint32_t number = find(client);
    if (number == kNone) return std::nullopt;
    return entries_[number].clock;
}

// -- the own state --------------------------------------------------------------------------------

// The text without white space around it; the offset of an error is that in `json`.
ROPEWALK_INLINE Result<std::string_view> Awareness::checked(std::string_view json) const noexcept {
    if (json.size() > limits_.state_bytes) return Error{ErrorCode::limit_exceeded, 0};
    const ByteView bytes = as_bytes(json);
    const detail::Utf8Scan scan = detail::scan_utf8(bytes);
    if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
    const std::uint32_t nesting =
        limits_.nesting < detail::kMaxNesting ? limits_.nesting : detail::kMaxNesting;
    const std::uint8_t* p = bytes.data();
    const ErrorCode code = detail::validate_json(p, p + bytes.size(), nesting);
    if (code != ErrorCode::ok) return Error{code, static_cast<std::uint64_t>(p - bytes.data())};
    return detail::trimmed_json(json);
}

ROPEWALK_INLINE Status Awareness::set_local_state(std::string_view json, Time now) noexcept {
    ROPEWALK_TRY(const std::string_view text, checked(json));
    return set_local(text, now);
}

ROPEWALK_INLINE Status Awareness::set_local(std::string_view json, Time now) noexcept {
    std::uint32_t number = find(client_);
    const bool known = number != kNone;
    if (known && entries_[number].clock >= detail::kLastAwarenessClock) {
        return ErrorCode::limit_exceeded;
    }
    Staged staged;
    Told told;
    if (!staged.all.reserve(1) || !staged.push(client_, 0, json) || !told.reserve(1) ||
        !reserve(known ? 0 : 1)) {
        return ErrorCode::out_of_memory;
    }
    if (!known) number = add(client_);
    Entry& entry = entries_[number];
    if (json == "null") {
        told.removed.push_back_reserved(client_);
    } else if (entry.text == nullptr) {
        told.added.push_back_reserved(client_);
    } else {
        told.updated.push_back_reserved(client_);
        if (!detail::json_equal(entry.json(), json)) told.changed.push_back_reserved(client_);
    }
    if (known) ++entry.clock;
    entry.seen = now.count();
    set_text(entry, std::exchange(staged.all[0].text, nullptr), staged.all[0].size);
    tell(told, Origin("local"));
    return {};
}

ROPEWALK_INLINE Status Awareness::set_local_field(std::string_view field,
                                                  std::string_view json,
                                                  Time now) noexcept {
    const std::optional<std::string_view> state = local_state();
    if (!state || detail::is_falsy_json(*state)) return {};
    ROPEWALK_TRY(const std::string_view text, checked(json));
    const detail::Utf8Scan scan = detail::scan_utf8(as_bytes(field));
    if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
    Bytes old;
    Bytes value;
    if (!detail::json_to_any(*state, old) || !detail::json_to_any(text, value)) {
        return ErrorCode::out_of_memory;
    }
    const AnyView object{old.view()};
    if (object.kind() != AnyKind::object) return ErrorCode::wrong_type;
    // The members there were and one more: canonicalising leaves the last of each name, where the
    // first was, as JavaScript does.
    Bytes members;
    detail::Writer out(members);
    out.byte(detail::kTagObject);
    out.var_uint(object.size() + 1);
    for (const auto& [key, member] : object.members()) {
        out.var_string(key);
        out.raw(member.encoded());
    }
    out.var_string(field);
    out.raw(value);
    Bytes merged;
    Bytes written;
    bool exact = true;
    if (!out.ok() || !detail::canonicalise_any(members, merged) ||
        !detail::any_to_json(AnyView(merged.view()), written, exact)) {
        return ErrorCode::out_of_memory;
    }
    return set_local_state(as_text(written), now);
}

ROPEWALK_INLINE Status Awareness::rename(ClientId client, Time now) noexcept {
    if (client == client_) return {};
    const std::uint32_t old = find(client_);
    std::uint32_t number = find(client);
    Told told;
    if (!told.reserve(1) || !reserve(number == kNone ? 1 : 0)) return ErrorCode::out_of_memory;
    if (number != kNone && entries_[number].clock >= detail::kLastAwarenessClock) {
        return ErrorCode::limit_exceeded;
    }
    if (number == kNone) number = add(client);
    client_ = client;
    Entry& entry = entries_[number];
    ++entry.clock;  // others ignore clock 0
    entry.seen = now.count();
    if (old == kNone || entries_[old].text == nullptr) {
        set_text(entry, nullptr, 0);
        return {};
    }
    Entry& before = entries_[old];
    const bool had_state = entry.text != nullptr;
    const bool same = had_state && detail::json_equal(entry.json(), before.json());
    const std::uint32_t size = before.size;
    --states_;
    set_text(entry, std::exchange(before.text, nullptr), size);
    before.size = 0;
    before.seen = now.count();
    told.removed.push_back_reserved(before.client);
    (had_state ? told.updated : told.added).push_back_reserved(client);
    if (had_state && !same) told.changed.push_back_reserved(client);
    forget_departed();
    tell(told, Origin("local"));
    return {};
}

// -- others' states -------------------------------------------------------------------------------

ROPEWALK_INLINE Status Awareness::remove(std::span<const ClientId> clients,
                                         Time now,
                                         const Origin& origin) noexcept {
    Told told;
    if (!told.reserve(clients.size())) return ErrorCode::out_of_memory;
    for (const ClientId client : clients) {
        const std::uint32_t number = find(client);
        if (number == kNone || entries_[number].text == nullptr) continue;
        Entry& entry = entries_[number];
        set_text(entry, nullptr, 0);
        if (client == client_ && entry.clock < detail::kLastAwarenessClock) {
            ++entry.clock;
            entry.seen = now.count();
        }
        told.removed.push_back_reserved(client);
    }
    forget_departed();
    tell(told, origin);
    return {};
}

ROPEWALK_INLINE Status Awareness::tick(Time now) noexcept {
    const std::uint32_t own = find(client_);
    if (own != kNone && entries_[own].text != nullptr &&
        !detail::is_falsy_json(entries_[own].json()) &&
        now.count() - entries_[own].seen >= kRenewAfter.count() &&
        entries_[own].clock < detail::kLastAwarenessClock) {
        Told told;
        if (!told.reserve(1)) return ErrorCode::out_of_memory;
        ++entries_[own].clock;
        entries_[own].seen = now.count();
        told.updated.push_back_reserved(client_);
        tell(told, Origin("local"));
    }
    detail::Vec<ClientId> gone;
    for (const Entry& entry : entries_) {
        if (entry.client == client_ || entry.text == nullptr ||
            now.count() - entry.seen < kDropAfter.count()) {
            continue;
        }
        if (!gone.push_back(entry.client)) return ErrorCode::out_of_memory;
    }
    if (gone.empty()) return {};
    return remove({gone.data(), gone.size()}, now, Origin("timeout"));
}

// -- messages -------------------------------------------------------------------------------------

// entry_at(i): the number of the i-th entry to write; kNone: no such client.
template <class EntryAt>
Result<Bytes> Awareness::encode_each(std::size_t count, EntryAt&& entry_at) const noexcept {
    Bytes bytes;
    detail::Writer out(bytes);
    out.var_uint(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t number = entry_at(i);
        if (number == kNone) return ErrorCode::invalid_argument;
        const Entry& entry = entries_[number];
        const bool absent = entry.text == nullptr || detail::is_falsy_json(entry.json());
        out.var_uint(raw(entry.client));
        out.var_uint(entry.clock);
        out.var_string(absent ? std::string_view("null") : entry.json());
    }
    if (!out.ok()) return ErrorCode::out_of_memory;
    return bytes;
}

ROPEWALK_INLINE Result<Bytes> Awareness::encode(std::span<const ClientId> clients) const noexcept {
    return encode_each(clients.size(), [&](std::size_t i) { return find(clients[i]); });
}

ROPEWALK_INLINE Result<Bytes> Awareness::encode() const noexcept {
    std::uint32_t next = 0;
    return encode_each(states_, [&](std::size_t) {
        while (entries_[next].text == nullptr) ++next;
        return next++;
    });
}

ROPEWALK_INLINE Status Awareness::read(ByteView update, Staged& staged) const noexcept {
    detail::Reader in(update);
    const std::uint64_t count = in.count(3);  // client, clock, and the length of the text
    if (!staged.all.reserve(static_cast<std::size_t>(count))) return ErrorCode::out_of_memory;
    std::size_t states = states_;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::size_t at = in.offset();
        const auto client = static_cast<ClientId>(in.var_uint());
        const std::uint64_t clock = in.var_uint();
        const std::string_view json = in.var_string();
        if (!in.ok()) return in.error();
        const Result<std::string_view> text = checked(json);
        if (!text) {
            const std::size_t start = in.offset() - json.size();
            return Error{text.error().code, start + text.error().offset};
        }
        const std::uint32_t number = find(client);
        const bool stateless = number == kNone || entries_[number].text == nullptr;
        const std::uint64_t known = number == kNone ? 0 : entries_[number].clock;
        if (*text != "null" && stateless && clock > known && ++states > limits_.clients &&
            client != client_) {
            return Error{ErrorCode::limit_exceeded, at};
        }
        if (!staged.push(client, clock, *text)) return ErrorCode::out_of_memory;
    }
    return in.ok() ? Status{} : Status{in.error()};
}

ROPEWALK_INLINE Status Awareness::apply(ByteView update, Time now, const Origin& origin) noexcept {
    Staged staged;
    Told told;
    ROPEWALK_CHECK(read(update, staged));
    if (!told.reserve(staged.all.size()) || !reserve(staged.all.size())) {
        return ErrorCode::out_of_memory;
    }
    for (Staged::One& one : staged.all) {
        std::uint32_t number = find(one.client);
        const bool known = number != kNone;
        const bool null = one.text == nullptr;
        if (!known) {
            if (one.clock == 0 || (null && departed() >= limits_.departed)) continue;
            number = add(one.client);
        }
        Entry& entry = entries_[number];
        const bool null_of_equal = one.clock == entry.clock && null && entry.text != nullptr;
        if (one.clock <= entry.clock && !null_of_equal) continue;
        const bool defend = null && one.client == client_ && entry.text != nullptr &&
                            !detail::is_falsy_json(entry.json());
        if (known && null) {
            told.removed.push_back_reserved(one.client);
        } else if (!known && !null) {
            told.added.push_back_reserved(one.client);
        } else if (!null) {
            told.updated.push_back_reserved(one.client);
            if (entry.text == nullptr || !detail::json_equal(entry.json(), {one.text, one.size})) {
                told.changed.push_back_reserved(one.client);
            }
        }
        entry.clock = one.clock;
        if (defend && entry.clock < detail::kLastAwarenessClock) ++entry.clock;
        entry.seen = now.count();
        if (!defend) set_text(entry, std::exchange(one.text, nullptr), one.size);
    }
    forget_departed();
    tell(told, origin);
    return {};
}

// -- listening ------------------------------------------------------------------------------------

// The awareness may change meanwhile.
ROPEWALK_INLINE void Awareness::tell(const Told& told, const Origin& origin) noexcept {
    const auto view = [](const detail::Vec<ClientId>& list) {
        return std::span<const ClientId>(list.data(), list.size());
    };
    if (change_listeners_ != nullptr &&
        (!told.added.empty() || !told.changed.empty() || !told.removed.empty())) {
        change_listeners_->call({view(told.added), view(told.changed), view(told.removed)}, origin);
    }
    if (update_listeners_ != nullptr &&
        (!told.added.empty() || !told.updated.empty() || !told.removed.empty())) {
        update_listeners_->call({view(told.added), view(told.updated), view(told.removed)}, origin);
    }
}

}  // namespace crdt
