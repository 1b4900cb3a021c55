#pragma once

#include "../../base/utf.hpp"
#include "../../codec/update_writer.hpp"

namespace crdt::detail {

namespace blocks {

inline ByteView take_sized(const std::uint8_t*& p) noexcept {
    const auto size = static_cast<std::size_t>(get_var_uint(p));
    const ByteView bytes{p, size};
    p += size;
    return bytes;
}

// What is left of a text without its first units. `inside`: they end between the halves of a
// surrogate pair, and `low` is the second one.
struct TextRest {
    ByteView text;
    bool inside = false;
    std::uint8_t low[3] = {};  // UTF-8 as if it were a character
};
[[nodiscard]] inline TextRest text_rest(ByteView text, std::uint32_t cut, bool ascii) noexcept {
    if (ascii) return {text.subspan(cut)};
    std::size_t at = 0;
    for (std::uint32_t passed = 0; passed < cut;) {
        const std::size_t bytes = utf8_size(text[at]);
        passed += bytes == 4 ? 2 : 1;
        at += bytes;
        if (passed <= cut) continue;
        TextRest rest{text.subspan(at), true};
        const std::uint32_t bits = 0xdc00U | ((text[at - 2] & 0x0fU) << 6) | (text[at - 1] & 0x3fU);
        rest.low[0] = 0xed;
        rest.low[1] = static_cast<std::uint8_t>(0x80U | ((bits >> 6) & 0x3fU));
        rest.low[2] = static_cast<std::uint8_t>(0x80U | (bits & 0x3fU));
        return rest;
    }
    return {text.subspan(at)};
}

template <class UpdateWriter>
void put_string(UpdateWriter& out,
                ByteView text,
                const BlockView& block,
                std::uint32_t cut) noexcept {
    const std::uint32_t units = block.length - cut;
    const TextRest rest = text_rest(text, cut, block.is_ascii());
    if (ROPEWALK_LIKELY(!rest.inside && !block.has_halves())) return out.string(rest.text, units);
    if (!rest.inside) return out.wtf8(rest.text, units);
    Bytes whole;
    // An update without the text would be a wrong one; out of memory shows in the writer.
    if (!whole.append(ByteView(rest.low)) || !whole.append(rest.text)) return out.fail();
    out.wtf8(whole, units);
}

template <class UpdateWriter>
void put_json(UpdateWriter& out, ByteView value, const BlockView& block) noexcept {
    if (block.has_any_value()) {
        out.json_any(value);
    } else {
        out.json_text(value);
    }
}

template <class UpdateWriter>
void put_content(UpdateWriter& out,
                 ByteView content,
                 const BlockView& block,
                 std::uint32_t cut) noexcept {
    const std::uint8_t* at = content.data();
    const std::uint8_t* const end = at + content.size();
    switch (block.kind) {
        case ContentKind::deleted:
            out.length(block.length - cut);
            break;
        case ContentKind::string:
            put_string(out, content, block, cut);
            break;
        case ContentKind::any:
            out.length(block.length - cut);
            for (std::uint32_t i = 0; i < cut; ++i) at = skip_any(at);
            out.any({at, end});
            break;
        case ContentKind::json:
            out.length(block.length - cut);
            for (std::uint32_t i = 0; i < cut; ++i) take_sized(at);
            while (at != end) out.text(take_sized(at));
            break;
        case ContentKind::binary:
            out.binary(content);
            break;
        case ContentKind::embed:
            put_json(out, content, block);
            break;
        case ContentKind::format: {
            out.name(take_sized(at));
            // JSON text has its length in front of it, an Any has not.
            put_json(out, block.has_any_value() ? ByteView(at, end) : take_sized(at), block);
            break;
        }
        case ContentKind::type:
            out.type_ref(get_var_uint(at));
            if (at != end) out.name(take_sized(at));
            break;
        default:
            out.text(take_sized(at));
            out.any({at, end});
    }
}

}  // namespace blocks

template <class UpdateWriter>
void put_block(UpdateWriter& out,
               const DecodedUpdate& update,
               const BlockView& block,
               std::uint32_t cut) noexcept {
    if (block.kind == ContentKind::gc) return out.gc(block.length - cut);
    if (block.kind == ContentKind::skip) return out.skip(block.length - cut);
    const WireId origin = cut > 0 ? WireId{block.slot, block.clock + cut - 1} : block.origin;
    const bool has_right = block.right_origin.exists();
    const bool orphan = !origin.exists() && !has_right;
    auto info = static_cast<unsigned>(block.kind);
    if (origin.exists()) info |= 0x80U;
    if (has_right) info |= 0x40U;
    if (orphan && block.has_key) info |= 0x20U;
    out.info(info);
    const auto client = [&](WireId id) { return raw(update.clients[id.slot]); };
    if (origin.exists()) out.left_id(client(origin), origin.clock);
    if (has_right) out.right_id(client(block.right_origin), block.right_origin.clock);
    if (orphan) {
        if (block.parent == ParentRef::root) {
            out.parent_root(update.bytes(block.root));
        } else {
            out.parent_item(client(block.parent_item), block.parent_item.clock);
        }
        if (block.has_key) out.key(update.bytes(block.key));
    }
    blocks::put_content(out, update.bytes(block.content), block, cut);
}

}  // namespace crdt::detail
