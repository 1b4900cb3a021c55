#pragma once

#include "../../codec/update_v2.hpp"
#include "../../doc/snapshot.hpp"
#include "../../store/encode.hpp"
#include "../../types/delta_builder.hpp"

namespace crdt {

ROPEWALK_INLINE Result<Snapshot> Snapshot::of(const Doc& doc) noexcept {
    ROPEWALK_TRY(IdSet deleted, doc.delete_set());
    ROPEWALK_TRY(StateVector known, doc.state_vector());
    return Snapshot(std::move(known), std::move(deleted));
}

// -- bytes
// ------------------------------------------------------------------------------------------

namespace detail {

// Reads a delete set of either format from `p` on.
using ReadIdSet = Error (*)(const std::uint8_t*& p,
                            const std::uint8_t* end,
                            const Limits& limits,
                            IdSet& out) noexcept;

inline Result<Snapshot> decode_snapshot(ByteView input,
                                        const Limits& limits,
                                        ReadIdSet read) noexcept {
    IdSet deleted;
    const std::uint8_t* at = input.data();
    const Error error = read(at, at + input.size(), limits, deleted);
    if (error.code != ErrorCode::ok) return error;
    const auto behind = static_cast<std::size_t>(at - input.data());
    auto known = StateVector::decode(input.subspan(behind), limits);
    if (!known.ok()) return Error{known.error().code, known.error().offset + behind};
    return Snapshot(*std::move(known), std::move(deleted));
}

}  // namespace detail

ROPEWALK_INLINE Result<Snapshot> Snapshot::decode(ByteView input, const Limits& limits) noexcept {
    return detail::decode_snapshot(input, limits, &detail::read_id_set_v1);
}

ROPEWALK_INLINE Result<Snapshot> Snapshot::decode_v2(ByteView input,
                                                     const Limits& limits) noexcept {
    return detail::decode_snapshot(input, limits, &detail::read_id_set_v2);
}

ROPEWALK_INLINE Result<Bytes> Snapshot::encode() const noexcept {
    Bytes bytes;
    detail::Writer out(bytes);
    static_cast<void>(detail::write_id_set_v1(deleted_, out));
    known_.write(out);
    if (!out.ok()) return ErrorCode::out_of_memory;
    return bytes;
}

ROPEWALK_INLINE Result<Bytes> Snapshot::encode_v2() const noexcept {
    Bytes bytes;
    detail::Writer out(bytes);
    static_cast<void>(detail::write_id_set_v2(deleted_, out));
    known_.write(out);
    if (!out.ok()) return ErrorCode::out_of_memory;
    return bytes;
}

// -- updates and documents
// ----------------------------------------------------------------------------

ROPEWALK_INLINE Result<bool> Snapshot::contains_update(ByteView update,
                                                       const Limits& limits) const noexcept {
    detail::DecodedUpdate decoded;
    const Error error = detail::decode_update_v1(update, limits, decoded);
    if (error.code != ErrorCode::ok) return error;
    for (const detail::ClientSection& section : decoded.sections) {
        const detail::BlockView& last = decoded.blocks[section.first + section.count - 1];
        const ClientId client = decoded.clients[section.slot];
        if (last.clock + last.length > raw(known_.get(client))) return false;
    }
    for (const detail::DeleteRange& range : decoded.deletes) {
        if (!deleted_.contains(decoded.clients[range.slot], static_cast<Clock>(range.clock),
                               range.length)) {
            return false;
        }
    }
    return true;
}

ROPEWALK_INLINE Result<Doc> Snapshot::restore(const Doc& doc,
                                              const DocOptions& options) const noexcept {
    detail::Store* store = doc.store();
    if (store == nullptr) return ErrorCode::no_document;
    if (store->collect) return ErrorCode::collected;
    ROPEWALK_CHECK(store->open_history());
    store->settle();
    for (const StateVector::Entry& entry : known_) {
        const std::uint32_t client = store->clients.find(entry.client);
        const std::uint32_t known = client == detail::kNone ? 0 : store->clients[client].next_clock;
        if (raw(entry.clock) > known) return ErrorCode::invalid_argument;
    }
    Bytes update;
    ROPEWALK_CHECK(detail::Encoder(*store, update, false).prefix(known_, deleted_));
    Doc restored(options);
    ROPEWALK_CHECK(restored.apply(update, "snapshot"));
    return restored;
}

// -- types
// ------------------------------------------------------------------------------------------

ROPEWALK_INLINE Status Snapshot::append_part(const detail::Store& store,
                                             const detail::RunPart& part,
                                             Bytes& out) noexcept {
    const detail::Run& run = store.runs[part.run];
    if (run.kind == detail::RunKind::ascii) {
        const bool memory = out.append(ByteView{store.content.ascii(run, part.offset), part.count});
        return memory ? Status{} : ErrorCode::out_of_memory;
    }
    detail::Vec<std::uint8_t>& bytes = out.storage();
    if (!bytes.reserve_more(std::size_t{part.count} * 3)) return ErrorCode::out_of_memory;
    const std::uint8_t* end = detail::utf16_to_utf8(store.content.utf16(run, part.offset),
                                                    part.count, bytes.data() + bytes.size());
    bytes.set_size(static_cast<std::size_t>(end - bytes.data()));
    return {};
}

ROPEWALK_INLINE Status Snapshot::append_to(const Text& text, Bytes& out) const noexcept {
    const std::uint32_t seq = text.readable();
    if (seq == detail::kNone) return text.check();
    detail::Store* store = text.store_;
    Status status;
    detail::for_each_shown(*store, seq, past(), nullptr, [&](const detail::ShownUnits& shown) {
        if (!status.ok() || !store->runs[shown.part.run].is_text()) return;
        status = append_part(*store, shown.part, out);
    });
    return status;
}

ROPEWALK_INLINE std::string Snapshot::to_string(const Text& text) const {
    Bytes bytes;
    static_cast<void>(append_to(text, bytes));
    return std::string(as_text(bytes));
}

ROPEWALK_INLINE Delta Snapshot::to_delta(const Text& text, const Snapshot* older) const {
    static constexpr std::string_view kChange = "ychange";
    const std::uint32_t seq = text.readable();
    if (seq == detail::kNone) return {};
    detail::Store* store = text.store_;
    DeltaBuilder builder(*store);
    const auto differs = [&](std::string_view how) {
        builder.set(kChange, Any::object({{"type", how}}));
    };
    const auto add = [&](const detail::ShownUnits& shown) {
        const detail::RunPart& part = shown.part;
        const detail::Run& run = store->runs[part.run];
        if (run.kind == detail::RunKind::format) {
            if (shown.now) builder.mark(run);
        } else if (!run.is_text()) {
            builder.unit({part.run, part.offset});
        } else {
            const bool added = older != nullptr && !shown.before;
            if (shown.now && !added) {
                if (builder.has(kChange)) builder.set(kChange, Any::undefined());
            } else if (!shown.continues) {
                differs(shown.now ? "added" : "removed");
            }
            builder.text(run, part.offset, part.count);
        }
    };
    if (older == nullptr) {
        detail::for_each_shown(*store, seq, past(), nullptr, add);
    } else {
        const detail::PastState before = older->past();
        detail::for_each_shown(*store, seq, past(), &before, add);
    }
    return builder.finish();
}

ROPEWALK_INLINE Value Snapshot::get(const SharedType& type, std::string_view key) const noexcept {
    if (type.readable() == detail::kNone) return {};
    detail::Store* store = type.store_;
    const std::uint32_t name = store->types.names.find(key);
    const std::uint32_t seq =
        name == detail::kNone ? detail::kNone : store->types.find_key(type.type_, name);
    if (seq == detail::kNone) return {};
    return Value{store, detail::value_then(*store, seq, past())};
}

}  // namespace crdt
