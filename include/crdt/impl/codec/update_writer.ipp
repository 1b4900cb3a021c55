#pragma once

#include "../../codec/update_v2.hpp"
#include "../../codec/update_writer.hpp"

namespace crdt::detail {

ROPEWALK_INLINE bool UpdateCounts::begin_section(Vec<std::uint8_t>& out) noexcept {
    end_section(out);
    if (sections_hole_ == kNoHole && !open_count(out, sections_hole_)) return false;
    ++sections_;
    structs_ = 0;
    return open_count(out, section_hole_);
}

ROPEWALK_INLINE void UpdateCounts::end_section(Vec<std::uint8_t>& out) noexcept {
    if (section_hole_ == kNoHole) return;
    close_count(out, section_hole_, structs_);
    section_hole_ = kNoHole;
}

ROPEWALK_INLINE bool UpdateCounts::begin_deletes(Vec<std::uint8_t>& out) noexcept {
    end_section(out);
    if (sections_hole_ == kNoHole && !open_count(out, sections_hole_)) return false;
    close_count(out, sections_hole_, sections_);
    return open_count(out, clients_hole_);
}

ROPEWALK_INLINE bool UpdateCounts::finish(Vec<std::uint8_t>& out) noexcept {
    if (clients_hole_ == kNoHole && !begin_deletes(out)) return false;
    close_count(out, clients_hole_, clients_);
    return true;
}

// -- V1 -----------------------------------------------------------------------------------------

ROPEWALK_INLINE void UpdateWriterV1::wtf8(ByteView text, std::uint32_t /*units*/) noexcept {
    out_.var_bytes(text);
    if (!out_.ok()) return;
    constexpr std::uint8_t kSurrogate = 0xed;  // and then a byte above 9f
    std::uint8_t* const at = bytes_.data() + bytes_.size() - text.size();
    for (std::size_t i = 0; i + 2 < text.size(); ++i) {
        if (at[i] != kSurrogate || at[i + 1] <= 0x9f) continue;
        std::memcpy(at + i, columns::kReplacementUtf8, sizeof columns::kReplacementUtf8);
    }
}

ROPEWALK_INLINE void UpdateWriterV1::json_any(ByteView encoded) noexcept {
    Bytes json;
    bool exact = false;
    ok_ = ok_ && any_to_json(AnyView(encoded), json, exact);
    out_.var_bytes(json);
}

template <class UpdateWriter>
void put_id_set(UpdateWriter& out, const IdSet& set) noexcept {
    out.begin_deletes();
    const auto end = set.end();
    for (auto at = set.begin(); at != end;) {
        const ClientId client = at->client;
        std::uint64_t ranges = 0;
        for (auto next = at; next != end && next->client == client; ++next) ++ranges;
        out.delete_client(raw(client), ranges);
        for (; at != end && at->client == client; ++at) {
            out.delete_range(raw(at->start), at->length);
        }
    }
}

ROPEWALK_INLINE void UpdateWriterV1::deletes(const IdSet& set) noexcept { put_id_set(*this, set); }

// -- V2 -----------------------------------------------------------------------------------------

ROPEWALK_INLINE void UpdateWriterV2::json_text(ByteView json) noexcept {
    Bytes value;
    ok_ = ok_ && json_to_any(as_text(json), value);
    rest_.raw(value);
}

ROPEWALK_INLINE void UpdateWriterV2::deletes(const IdSet& set) noexcept { put_id_set(*this, set); }

ROPEWALK_INLINE Status UpdateWriterV2::finish() noexcept {
    bool ok = ok_ && rest_.ok() && counts_.finish(rest_bytes_);
    ok = key_numbers_.finish() && ok;
    ok = clients_.finish() && ok;
    ok = left_clocks_.finish() && ok;
    ok = right_clocks_.finish() && ok;
    ok = infos_.finish() && ok;
    ok = strings_.finish() && ok;
    ok = parents_.finish() && ok;
    ok = type_refs_.finish() && ok;
    ok = lengths_.finish() && ok;
    if (!ok) return ErrorCode::out_of_memory;
    const ByteView text = strings_.text();
    const ByteView text_lengths = strings_.lengths();
    Writer out(bytes_);
    out.var_uint(0);  // feature flag
    out.var_bytes(key_numbers_.bytes());
    out.var_bytes(clients_.bytes());
    out.var_bytes(left_clocks_.bytes());
    out.var_bytes(right_clocks_.bytes());
    out.var_bytes(infos_.bytes());
    out.var_uint(var_uint_size(text.size()) + text.size() + text_lengths.size());
    out.var_bytes(text);
    out.raw(text_lengths);
    out.var_bytes(parents_.bytes());
    out.var_bytes(type_refs_.bytes());
    out.var_bytes(lengths_.bytes());
    out.raw({rest_bytes_.data(), rest_bytes_.size()});
    return out.ok() ? Status{} : ErrorCode::out_of_memory;
}

}  // namespace crdt::detail
