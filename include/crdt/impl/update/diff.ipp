#pragma once

#include "../../update/block_writer.hpp"
#include "../../update/diff.hpp"
#include "../../update/exact_form.hpp"

namespace crdt {
namespace detail {

[[nodiscard]] inline Error write_diff(UpdateReader& reader,
                                      const StateVector& known,
                                      BlockWriter& out) noexcept {
    std::uint64_t sections = 0;
    UpdateBlock block;
    if (!reader.begin_sections(sections)) return reader.error();
    out.begin(sections);
    for (; sections > 0; --sections) {
        if (!reader.begin_section()) return reader.error();
        const std::uint32_t clock = raw(known.get(static_cast<ClientId>(reader.client())));
        bool begun = false;
        while (reader.structs_left() > 0) {
            if (ROPEWALK_UNLIKELY(!reader.next(block))) return reader.error();
            if (ROPEWALK_UNLIKELY(!begun)) {
                if (block.end() <= clock || block.kind == ContentKind::skip) continue;
                begun = true;
                const std::uint32_t from = block.clock < clock ? clock : block.clock;
                out.begin_section(reader.client(), from, reader.structs_left() + 1);
            }
            out.copy(block, block.clock < clock ? clock - block.clock : 0);
        }
        out.end_section();
    }
    out.end();
    const std::uint8_t* const deletes = reader.at();
    if (!reader.deletes([](std::uint64_t, std::uint32_t, std::uint32_t) { return true; })) {
        return reader.error();
    }
    out.raw().raw({deletes, reader.at()});
    return out.ok() ? Error{} : Error{ErrorCode::out_of_memory, 0};
}

}  // namespace detail

ROPEWALK_INLINE Result<Bytes> diff(ByteView update,
                                   const StateVector& known,
                                   UpdateFormat format,
                                   const Limits& limits) noexcept {
    detail::ReadableUpdate readable;
    Error error = readable.open(update, format, limits);
    if (error.code != ErrorCode::ok) return error;
    detail::UpdateReader reader = readable.reader();
    Bytes out;
    detail::BlockWriter writer(out.storage(), readable.form());
    error = detail::write_diff(reader, known, writer);
    if (error.code != ErrorCode::ok) return error;
    if (format == UpdateFormat::v2) return detail::v2_of_exact(out);
    return out;
}

ROPEWALK_INLINE Result<StateVector> state_vector_of(ByteView update,
                                                    UpdateFormat format,
                                                    const Limits& limits) noexcept {
    detail::ReadableUpdate readable;
    const Error error = readable.open(update, format, limits);
    if (error.code != ErrorCode::ok) return error;
    detail::UpdateReader reader = readable.reader();
    StateVector vector;
    std::uint64_t sections = 0;
    detail::UpdateBlock block;
    if (!reader.begin_sections(sections)) return reader.error();
    for (; sections > 0; --sections) {
        if (!reader.begin_section()) return reader.error();
        bool counts = reader.clock() == 0;
        std::uint32_t known = 0;
        while (reader.structs_left() > 0) {
            if (ROPEWALK_UNLIKELY(!reader.next(block))) return reader.error();
            if (ROPEWALK_UNLIKELY(block.kind == detail::ContentKind::skip)) counts = false;
            reader.skim();
            known = counts ? reader.clock() : known;
        }
        if (known > 0 && !vector.set(static_cast<ClientId>(reader.client()), Clock{known})) {
            return ErrorCode::out_of_memory;
        }
    }
    return vector;
}

}  // namespace crdt
