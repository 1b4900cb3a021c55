#pragma once

#include "../../base/sort.hpp"
#include "../../update/merge_index.hpp"

namespace crdt::detail {

ROPEWALK_INLINE std::uint32_t MergeIndex::find_slot(std::uint64_t client) noexcept {
    const std::uint32_t slot = slots_.slot_of(client, clients_);
    if (slot == kNoSlot || !infos_.resize(clients_.size())) return kNoSlot;
    last_client_ = client;
    last_slot_ = slot;
    return slot;
}

ROPEWALK_INLINE Error MergeIndex::add(std::uint32_t input, const UpdateSegment& segment) noexcept {
    const bool is_whole = segment.framing == &frame_whole;
    if (is_whole && segment.bytes.empty()) return {ErrorCode::unexpected_end, 0};
    for (std::size_t at = 0; at < segment.bytes.size();) {
        const std::size_t frame = at;
        ByteView update;
        if (!segment.framing(segment.bytes, at, update) || at <= frame ||
            at > segment.bytes.size()) {
            return {ErrorCode::unexpected_end, frame};
        }
        const auto start = static_cast<std::uint64_t>(update.data() - segment.bytes.data());
        const Error error = add_update(input, update, frame, at, start);
        if (ROPEWALK_UNLIKELY(error.code != ErrorCode::ok)) return error;
    }
    return {};
}

ROPEWALK_INLINE Error MergeIndex::add_update(std::uint32_t input,
                                             ByteView update,
                                             std::uint64_t frame,
                                             std::uint64_t frame_end,
                                             std::uint64_t update_at) noexcept {
    UpdateReader reader(update, form_, limits_);
    std::uint64_t sections = 0;
    UpdateBlock block;
    if (!reader.begin_sections(sections)) return reader.error();
    const bool single = sections == 1;
    for (; sections > 0; --sections) {
        const std::uint64_t section_at = update_at + reader.offset();
        if (!reader.begin_section()) return reader.error();
        const std::uint64_t structs = reader.structs_left();
        if (structs == 0) continue;
        Stretch found{};
        found.offset = section_at;
        found.from = reader.clock();
        found.input = input & kMostInputs;
        bool whole = true;
        while (reader.structs_left() > 0) {
            if (ROPEWALK_UNLIKELY(!reader.next(block))) return reader.error();
            if (ROPEWALK_UNLIKELY(block.kind == ContentKind::skip)) whole = false;
        }
        found.to = reader.clock();
        found.has_skips = whole ? 0 : 1;
        found.slot = slot_of(reader.client());
        const bool may_continue = single && whole;
        if (may_continue) found.offset = frame;
        if (found.slot == kNoSlot || !add_section(found, structs, may_continue, frame_end)) {
            return {ErrorCode::out_of_memory, 0};
        }
        if (clients_.size() > clients_of(limits_)) {
            return {ErrorCode::limit_exceeded, section_at - update_at};
        }
    }
    if (!reader.deletes([&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
            const std::uint32_t slot = slot_of(client);
            return slot != kNoSlot && deletes_.add(slot, clock, length);
        })) {
        return reader.error();
    }
    if (clients_.size() > clients_of(limits_)) return {ErrorCode::limit_exceeded, reader.offset()};
    return {};
}

ROPEWALK_INLINE bool MergeIndex::add_section(const Stretch& found,
                                             std::uint64_t structs,
                                             bool may_continue,
                                             std::uint64_t frame_end) noexcept {
    MergeClient& client = infos_[found.slot];
    client.structs += structs;
    if (may_continue && client.open != kNoSlot) {
        Stretch& open = stretches_[client.open];
        const bool near = open.input == found.input && found.offset - client.open_end <= kFarthest;
        if (ROPEWALK_LIKELY(near && found.from == open.to)) {
            open.to = found.to;
            client.open_end = frame_end;
            return true;
        }
        // Sent twice.
        if (near && found.from >= open.from && found.to <= open.to) return true;
    }
    client.open = kNoSlot;
    if (may_continue) {
        client.open = static_cast<std::uint32_t>(stretches_.size());
        client.open_end = frame_end;
    }
    if (!stretches_.push_back(found)) return false;
    stretches_.back().framed = may_continue ? 1 : 0;
    return true;
}

ROPEWALK_INLINE bool MergeIndex::finish() noexcept {
    if (!deletes_.finish(clients_.size())) return false;
    if (!order_.reserve(clients_.size())) return false;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        order_.push_back_reserved(static_cast<std::uint32_t>(i));
    }
    sort(order_.begin(), order_.end(),
         [&](std::uint32_t a, std::uint32_t b) { return clients_[a] > clients_[b]; });
    sort(stretches_.begin(), stretches_.end(), [&](const Stretch& a, const Stretch& b) {
        if (a.slot != b.slot) return clients_[a.slot] > clients_[b.slot];
        if (a.from != b.from) return a.from < b.from;
        return a.input != b.input ? a.input < b.input : a.offset < b.offset;
    });
    for (const Stretch& stretch : stretches_) {
        if (stretch.has_skips != 0) continue;
        MergeClient& client = infos_[stretch.slot];
        if (client.to == 0) client.from = client.to = stretch.from;
        if (stretch.from <= client.to && stretch.to > client.to) client.to = stretch.to;
    }
    return true;
}

ROPEWALK_INLINE bool MergeIndex::is_deleted(const UpdateId& id) noexcept {
    const std::uint32_t slot = slots_.slot_of(id.client, clients_);
    if (slot >= infos_.size()) return false;  // nobody's: nothing is known of it
    const MergeClient& client = infos_[slot];
    return id.clock >= client.from && id.clock < client.to && deletes_.contains(slot, id.clock);
}

ROPEWALK_INLINE StretchReader::StretchReader(const UpdateSegment& segment,
                                             const Stretch& stretch,
                                             std::uint64_t client,
                                             UpdateForm form,
                                             const Limits& limits) noexcept
    : segment_(segment),
      limits_(limits),
      at_(static_cast<std::size_t>(stretch.offset)),
      client_(client),
      to_(stretch.to),
      framed_(stretch.framed != 0),
      form_(form),
      reader_(first(), form, limits) {
    std::uint64_t sections = 1;
    if (framed_) static_cast<void>(reader_.begin_sections(sections));
    static_cast<void>(reader_.begin_section());
}

ROPEWALK_INLINE ByteView StretchReader::first() noexcept {
    if (framed_) {
        ByteView update;
        static_cast<void>(segment_.framing(segment_.bytes, at_, update));
        return update;
    }
    // The section ends where its structs do; what follows is not read.
    constexpr std::size_t kLongest = 0xffffffffU;
    const ByteView rest = segment_.bytes.subspan(at_);
    return rest.first(std::min(rest.size(), kLongest));
}

ROPEWALK_INLINE bool StretchReader::next_frame() noexcept {
    const std::uint32_t clock = reader_.clock();
    while (at_ < segment_.bytes.size()) {
        ByteView update;
        if (!segment_.framing(segment_.bytes, at_, update)) return false;
        UpdateReader reader(update, form_, limits_);
        std::uint64_t sections = 0;
        if (!reader.begin_sections(sections) || sections != 1 || !reader.begin_section()) continue;
        if (reader.client() != client_ || reader.clock() != clock) continue;
        reader_ = reader;
        return true;
    }
    return false;
}

}  // namespace crdt::detail
