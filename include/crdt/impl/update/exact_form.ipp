#pragma once

#include "../../update/exact_form.hpp"

namespace crdt::detail {

// What put_block() writes, with the kinds that V1 does not have.
class ExactWriter : public UpdateWriterV1 {
public:
    explicit ExactWriter(Bytes& out) noexcept : UpdateWriterV1(out) {}

    void flags_of(const BlockView& block) noexcept {
        exact_ = block.has_any_value() || block.has_halves();
    }
    void info(unsigned info) noexcept { UpdateWriterV1::info(exact_ ? info | kExact : info); }
    void wtf8(ByteView text, std::uint32_t units) noexcept { string(text, units); }
    void json_any(ByteView encoded) noexcept { any(encoded); }

private:
    bool exact_ = false;
};

ROPEWALK_INLINE Error exact_of_v2(ByteView update, const Limits& limits, Bytes& out) noexcept {
    DecodedUpdate decoded;
    const Error error = decode_update_v2(update, limits, decoded);
    if (error.code != ErrorCode::ok) return error;
    ExactWriter writer(out);
    for (const ClientSection& section : decoded.sections) {
        const BlockView* const first = decoded.blocks.data() + section.first;
        writer.begin_section(raw(decoded.clients[section.slot]), first->clock);
        for (const BlockView* block = first; block != first + section.count; ++block) {
            writer.flags_of(*block);
            put_block(writer, decoded, *block);
        }
    }
    writer.begin_deletes();
    for (std::size_t i = 0; i < decoded.deletes.size();) {
        const std::uint32_t slot = decoded.deletes[i].slot;
        std::size_t end = i;
        while (end < decoded.deletes.size() && decoded.deletes[end].slot == slot) ++end;
        writer.delete_client(raw(decoded.clients[slot]), end - i);
        for (; i < end; ++i) {
            writer.delete_range(decoded.deletes[i].clock, decoded.deletes[i].length);
        }
    }
    return writer.finish().error();
}

// Content of the exact form as the parts that a writer of V2 takes.
template <class UpdateWriter>
void put_exact_content(UpdateWriter& out, const UpdateBlock& block) noexcept {
    const std::uint8_t* at = block.payload;
    const std::uint8_t* const end = block.to;
    switch (block.kind) {
        case ContentKind::deleted:
            out.length(block.length);
            break;
        case ContentKind::string:
            if (block.exact) {
                out.wtf8({at, end}, block.length);
            } else {
                out.string({at, end}, block.length);
            }
            break;
        case ContentKind::any:
            out.length(block.length);
            out.any({at, end});
            break;
        case ContentKind::json:
            out.length(block.length);
            while (at != end) out.text(blocks::take_sized(at));
            break;
        case ContentKind::binary:
            out.binary(blocks::take_sized(at));
            break;
        case ContentKind::format:
            out.name(blocks::take_sized(at));
            [[fallthrough]];
        case ContentKind::embed:
            if (block.exact) {
                out.json_any({at, end});
            } else {
                out.json_text(blocks::take_sized(at));
            }
            break;
        case ContentKind::type:
            out.type_ref(get_var_uint(at));
            if (at != end) out.name(blocks::take_sized(at));
            break;
        default:
            out.text(blocks::take_sized(at));
            out.any({at, end});
    }
}

template <class UpdateWriter>
void put_exact(UpdateWriter& out, const UpdateBlock& block) noexcept {
    if (block.kind == ContentKind::gc) return out.gc(block.length);
    if (block.kind == ContentKind::skip) return out.skip(block.length);
    out.info(block.info & ~kExact);
    if (block.origin.exists) out.left_id(block.origin.client, block.origin.clock);
    if (block.right_origin.exists) {
        out.right_id(block.right_origin.client, block.right_origin.clock);
    }
    if (block.parent == ParentRef::root) {
        out.parent_root(block.root);
    } else if (block.parent == ParentRef::item) {
        out.parent_item(block.parent_item.client, block.parent_item.clock);
    }
    if (block.has_key) out.key(block.key);
    put_exact_content(out, block);
}

ROPEWALK_INLINE Result<Bytes> v2_of_exact(ByteView update) noexcept {
    Bytes bytes;
    UpdateWriterV2 out(bytes);
    Limits limits;
    limits.structs = 0xffffffffU;
    UpdateReader reader(update, UpdateForm::exact, limits);
    std::uint64_t sections = 0;
    bool read = reader.begin_sections(sections);
    UpdateBlock block;
    for (; read && sections > 0; --sections) {
        read = reader.begin_section();
        if (read && reader.structs_left() > 0) out.begin_section(reader.client(), reader.clock());
        while (read && reader.structs_left() > 0) {
            read = reader.next(block);
            if (read) put_exact(out, block);
        }
    }
    if (!read) return reader.error();
    IdSet deletes;
    if (!reader.deletes([&](std::uint64_t of, std::uint32_t clock, std::uint32_t length) {
            return deletes.insert(static_cast<ClientId>(of), Clock{clock}, length);
        })) {
        return reader.error();
    }
    out.deletes(deletes);
    const Status status = out.finish();
    if (!status) return status.error();
    return bytes;
}

}  // namespace crdt::detail
