#pragma once

#include "../../codec/any_to_json.hpp"
#include "../../update/exact_form.hpp"
#include "../../update/inspect.hpp"

namespace crdt {
namespace detail {

// Words and numbers, one behind the other.
class UpdatePrinter {
public:
    explicit UpdatePrinter(Bytes& out) noexcept : out_(out) {}

    void section(std::uint64_t client) noexcept { text("client ").number(client).text("\n"); }
    void block(const UpdateBlock& block) noexcept {
        text("  ").number(block.clock).text("+").number(block.length).text(" ");
        text(name_of(block));
        content(block);
        if (block.parent == ParentRef::root) text(" in root \"").bytes(block.root).text("\"");
        if (block.parent == ParentRef::item) id(" in ", block.parent_item);
        if (block.has_key) text(" key \"").bytes(block.key).text("\"");
        if (block.origin.exists) id(" after ", block.origin);
        if (block.right_origin.exists) id(" before ", block.right_origin);
        text("\n");
    }
    void deleted(std::uint64_t client, std::uint32_t clock, std::uint32_t length) noexcept {
        text("deleted ").number(client).text(": ").number(clock).text("+");
        if (clock + length == kEndOfClocks) {
            text("all\n");
        } else {
            number(length).text("\n");
        }
    }
    [[nodiscard]] bool ok() const noexcept { return out_.ok(); }

private:
    UpdatePrinter& text(std::string_view words) noexcept {
        out_.raw(as_bytes(words));
        return *this;
    }
    UpdatePrinter& bytes(ByteView text) noexcept {
        out_.raw(text);
        return *this;
    }
    UpdatePrinter& number(std::uint64_t value) noexcept {
        std::uint8_t digits[20];
        std::size_t first = sizeof digits;
        do {
            digits[--first] = static_cast<std::uint8_t>('0' + value % 10);
            value /= 10;
        } while (value > 0);
        return bytes({digits + first, sizeof digits - first});
    }
    void id(std::string_view word, const UpdateId& id) noexcept {
        text(word).number(id.client).text(":").number(id.clock);
    }
    [[nodiscard]] static std::string_view name_of(const UpdateBlock& block) noexcept {
        constexpr std::string_view kNames[] = {"gc",   "deleted",  "json",   "binary",
                                               "text", "embed",    "format", "type",
                                               "any",  "document", "skip"};
        return kNames[static_cast<unsigned>(block.kind)];
    }
    void any(ByteView value) noexcept {
        Bytes json;
        bool exact = false;
        if (!any_to_json(AnyView(value), json, exact)) return;
        text(" ").bytes(json);
    }
    void content(const UpdateBlock& block) noexcept {
        const std::uint8_t* at = block.payload;
        switch (block.kind) {
            case ContentKind::string:
                text(" \"").bytes({at, block.to}).text("\"");
                break;
            case ContentKind::any:
                while (at != block.to) {
                    const std::uint8_t* const behind = skip_any(at);
                    any({at, behind});
                    at = behind;
                }
                break;
            case ContentKind::json:
                while (at != block.to) text(" ").bytes(sized(at));
                break;
            case ContentKind::binary:
                text(" of ").number(sized(at).size()).text(" bytes");
                break;
            case ContentKind::format:
                text(" ").bytes(sized(at));
                [[fallthrough]];
            case ContentKind::embed:
                if (block.exact) {
                    any({at, block.to});
                } else {
                    text(" ").bytes(sized(at));
                }
                break;
            case ContentKind::type: {
                constexpr std::string_view kTypes[] = {
                    "array", "map", "text", "xml element", "xml fragment", "xml hook", "xml text"};
                text(" ").text(kTypes[get_var_uint(at)]);
                if (at != block.to) text(" ").bytes(sized(at));
                break;
            }
            case ContentKind::document:
                text(" ").bytes(sized(at));
                any({at, block.to});
                break;
            default:
                break;
        }
    }
    [[nodiscard]] static ByteView sized(const std::uint8_t*& at) noexcept {
        return blocks::take_sized(at);
    }

    Writer out_;
};

// visitor: section(client, from), block(block), section_end(to), deleted(client, clock, length)
template <class Visitor>
[[nodiscard]] Error visit_update(ByteView update,
                                 UpdateFormat format,
                                 const Limits& limits,
                                 Visitor&& visitor) noexcept {
    ReadableUpdate readable;
    const Error error = readable.open(update, format, limits);
    if (error.code != ErrorCode::ok) return error;
    UpdateReader reader = readable.reader();
    std::uint64_t sections = 0;
    if (!reader.begin_sections(sections)) return reader.error();
    UpdateBlock block;
    for (; sections > 0; --sections) {
        if (!reader.begin_section()) return reader.error();
        if (reader.structs_left() == 0) continue;
        if (!visitor.section(reader.client(), reader.clock())) return {ErrorCode::out_of_memory, 0};
        while (reader.structs_left() > 0) {
            if (!reader.next(block)) return reader.error();
            visitor.block(block);
        }
    }
    if (!reader.deletes([&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
            visitor.deleted(client, clock, length);
            return true;
        })) {
        return reader.error();
    }
    return {};
}

struct InfoVisitor {
    UpdateInfo& info;

    [[nodiscard]] bool section(std::uint64_t client, std::uint32_t clock) noexcept {
        return info.clients.push_back({static_cast<ClientId>(client), Clock{clock}, Clock{clock}});
    }
    void block(const UpdateBlock& block) noexcept {
        info.clients.back().to = Clock{block.end()};
        if (block.kind == ContentKind::skip) {
            ++info.skips;
            info.skipped_units += block.length;
            return;
        }
        ++(block.kind == ContentKind::gc ? info.gcs : info.items);
        info.units += block.length;
    }
    void deleted(std::uint64_t /*client*/,
                 std::uint32_t /*clock*/,
                 std::uint32_t /*length*/) noexcept {
        ++info.delete_ranges;
    }
};

struct PrintVisitor {
    UpdatePrinter& printer;

    [[nodiscard]] bool section(std::uint64_t client, std::uint32_t /*clock*/) noexcept {
        printer.section(client);
        return printer.ok();
    }
    void block(const UpdateBlock& block) noexcept { printer.block(block); }
    void deleted(std::uint64_t client, std::uint32_t clock, std::uint32_t length) noexcept {
        printer.deleted(client, clock, length);
    }
};

}  // namespace detail

ROPEWALK_INLINE Result<UpdateInfo> inspect(ByteView update,
                                           UpdateFormat format,
                                           const Limits& limits) noexcept {
    UpdateInfo info;
    const Error error = detail::visit_update(update, format, limits, detail::InfoVisitor{info});
    if (error.code != ErrorCode::ok) return error;
    return info;
}

ROPEWALK_INLINE Result<Bytes> describe_update(ByteView update,
                                              UpdateFormat format,
                                              const Limits& limits) noexcept {
    Bytes out;
    detail::UpdatePrinter printer(out);
    const Error error = detail::visit_update(update, format, limits, detail::PrintVisitor{printer});
    if (error.code != ErrorCode::ok) return error;
    if (!printer.ok()) return ErrorCode::out_of_memory;
    return out;
}

}  // namespace crdt
