#pragma once

#include "../../codec/update_writer.hpp"
#include "../../update/convert.hpp"

namespace crdt {
namespace detail {

template <class UpdateWriter>
[[nodiscard]] Error write_decoded(const DecodedUpdate& update, UpdateWriter out) noexcept {
    for (const ClientSection& section : update.sections) {
        const BlockView* const first = update.blocks.data() + section.first;
        out.begin_section(raw(update.clients[section.slot]), first->clock);
        for (const BlockView* block = first; block != first + section.count; ++block) {
            put_block(out, update, *block);
        }
    }
    IdSet deletes;
    for (const DeleteRange& range : update.deletes) {
        if (!deletes.insert(update.clients[range.slot], Clock{range.clock}, range.length)) {
            return {ErrorCode::out_of_memory, 0};
        }
    }
    out.deletes(deletes);
    return out.finish().error();
}

}  // namespace detail

ROPEWALK_INLINE Result<Bytes> convert(ByteView update,
                                      UpdateFormat from,
                                      UpdateFormat to,
                                      const Limits& limits) noexcept {
    detail::DecodedUpdate decoded;
    Error error = detail::decode_update(from, update, limits, decoded);
    if (error.code != ErrorCode::ok) return error;
    Bytes out;
    error = to == UpdateFormat::v1 ? detail::write_decoded(decoded, detail::UpdateWriterV1(out))
                                   : detail::write_decoded(decoded, detail::UpdateWriterV2(out));
    if (error.code != ErrorCode::ok) return error;
    return out;
}

}  // namespace crdt
