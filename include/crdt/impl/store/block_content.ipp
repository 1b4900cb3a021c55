#pragma once

#include "../../base/utf.hpp"
#include "../../codec/any.hpp"
#include "../../codec/any_to_json.hpp"
#include "../../codec/json_to_any.hpp"
#include "../../codec/varint.hpp"
#include "../../store/block_content.hpp"
#include "../../store/wire_cut.hpp"

namespace crdt::detail {

// A JSON text, which goes back to the wire, and behind it the value for readers.
ROPEWALK_INLINE std::uint32_t store_json(ContentStore& content, ByteView text) noexcept {
    const std::uint32_t address = content.store_value(text);
    Bytes value;
    const bool read = json_to_any(as_text(text), value);
    content.store_value(read ? value.view() : AnyView().encoded());
    return address;
}

// A value that JSON text cannot say, which only V2 has: V1 then carries what JavaScript makes of
// it.
ROPEWALK_INLINE std::uint32_t store_any_and_json(ContentStore& content, ByteView value) noexcept {
    Bytes text;
    bool exact = false;
    const bool written = any_to_json(AnyView(value), text, exact);
    const std::uint32_t address = content.store_value(written ? text.view() : as_bytes("null"));
    content.store_value(value);
    return address;
}

ROPEWALK_INLINE void store_content(Store& store,
                                   const DecodedUpdate& update,
                                   const BlockView& block,
                                   std::uint32_t cut,
                                   Run& made) noexcept {
    ContentStore& content = store.content;
    const ByteView bytes = update.bytes(block.content);
    switch (block.kind) {
        case ContentKind::string: {
            ClientLog& log = store.clients[made.client];
            if ((block.flags & BlockView::kAscii) != 0) {
                made.kind = RunKind::ascii;
                made.data = log.text_tail;
                std::memcpy(content.text.at(log.text_tail), bytes.data() + cut, made.length);
                log.text_tail += made.length;
                break;
            }
            made.kind = RunKind::utf16;
            log.text_tail += log.text_tail & 1U;
            made.data = log.text_tail;
            const Utf16Cut start = utf8_at_utf16(bytes, cut);
            auto* units = reinterpret_cast<char16_t*>(content.text.at(log.text_tail));
            if (start.inside) *units++ = u'\ufffd';
            utf8_to_utf16(bytes.subspan(start.offset), units);
            log.text_tail += made.length * 2;
            break;
        }
        case ContentKind::any: {
            made.kind = RunKind::any;
            made.data = content.cells.size();
            const std::uint8_t* at = skip_valid_any(bytes, cut);
            const std::uint8_t* end = bytes.data() + bytes.size();
            for (std::uint32_t i = 0; i < made.length; ++i) {
                const std::uint8_t* start = at;
                at = skip_valid_any({at, end}, 1);
                ByteView value{start, at};
                Bytes canonical;
                if ((block.flags & BlockView::kCanonical) == 0 &&
                    canonicalise_any(value, canonical)) {
                    value = canonical;
                }
                content.cells.push_reserved(content.store_value(value));
            }
            break;
        }
        case ContentKind::json: {
            made.kind = RunKind::json;
            made.data = content.cells.size();
            const std::uint8_t* at = bytes.data();
            for (std::uint32_t i = 0; i < cut + made.length; ++i) {
                const auto size = static_cast<std::size_t>(get_var_uint(at));
                if (i >= cut) {
                    content.cells.push_reserved(store_json(content, {at, size}));
                }
                at += size;
            }
            break;
        }
        case ContentKind::type: {
            made.kind = RunKind::type;
            const std::uint8_t* at = bytes.data();
            const auto kind = static_cast<TypeKind>(get_var_uint(at));
            std::uint32_t name = kNone;
            if (kind == TypeKind::xml_element || kind == TypeKind::xml_hook) {
                const auto size = static_cast<std::size_t>(get_var_uint(at));
                name = store.types.names.find(as_text({at, size}));
            }
            made.data = store.types.add(kind, store.runs.size(), name);
            break;
        }
        case ContentKind::embed:
            made.kind = RunKind::embed;
            made.data = block.has_any_value() ? store_any_and_json(content, bytes)
                                              : store_json(content, bytes);
            break;
        case ContentKind::format: {
            made.kind = RunKind::format;
            const std::uint8_t* at = bytes.data();
            const auto size = static_cast<std::size_t>(get_var_uint(at));
            made.data = content.store_key(store.types.names.find(as_text({at, size})));
            at += size;
            if (block.has_any_value()) {
                store_any_and_json(content, {at, bytes.data() + bytes.size()});
                break;
            }
            const auto length = static_cast<std::size_t>(get_var_uint(at));
            store_json(content, {at, length});
            break;
        }
        case ContentKind::deleted:
            made.kind = RunKind::deleted;
            break;
        default:
            made.kind = block.kind == ContentKind::binary ? RunKind::binary : RunKind::document;
            made.data = content.store_value(bytes);
    }
}

}  // namespace crdt::detail
