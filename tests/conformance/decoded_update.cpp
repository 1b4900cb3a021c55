#include "decoded_update.hpp"

#include <map>
#include <stdexcept>

#include "support/base64.hpp"

namespace conformance {
namespace {

using crdt::detail::BlockView;
using crdt::detail::ContentKind;
using crdt::detail::DecodedUpdate;

Json number(std::uint64_t value) { return static_cast<double>(value); }

Json from_id(const DecodedUpdate& update, std::uint32_t slot, std::uint32_t clock) {
    return Json::Array{number(raw(update.clients[slot])), number(clock)};
}

const char* name_of_type(std::uint64_t ref) {
    static constexpr const char* kNames[] = {"array",       "map",     "text",   "xmlElement",
                                             "xmlFragment", "xmlHook", "xmlText"};
    if (ref >= std::size(kNames)) throw std::runtime_error("unknown type");
    return kNames[ref];
}

// Reads what has been validated.
class Content {
public:
    explicit Content(crdt::ByteView bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

    std::uint64_t var_uint() { return crdt::detail::get_var_uint(at_); }
    std::string_view text() {
        const auto size = static_cast<std::size_t>(var_uint());
        const crdt::ByteView bytes(at_, size);
        at_ += size;
        return crdt::as_text(bytes);
    }
    Json any() {
        const std::uint8_t* behind = crdt::detail::skip_any(at_);
        // Through an owned value: of duplicate keys the last one counts.
        auto value = crdt::Any::decode({at_, static_cast<std::size_t>(behind - at_)});
        at_ = behind;
        if (!value.ok()) throw std::runtime_error(value.error().message());
        return from_any(*value);
    }
    [[nodiscard]] bool done() const { return at_ == end_; }

private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

const char* add_content(const DecodedUpdate& update, const BlockView& block, Json::Object& out) {
    Content content(update.bytes(block.content));
    const auto add = [&](const char* name, Json value) {
        out.emplace_back(name, std::move(value));
    };
    Json::Array values;
    switch (block.kind) {
        case ContentKind::gc:
            return "gc";
        case ContentKind::skip:
            return "skip";
        case ContentKind::deleted:
            return "deleted";
        case ContentKind::string:
            add("text", std::string(update.text(block.content)));
            return "string";
        case ContentKind::binary: {
            const auto bytes = update.text(block.content);
            add("value", Json::Object{{"$bytes", support::to_base64(bytes)}});
            return "binary";
        }
        case ContentKind::any:
            while (!content.done()) values.push_back(content.any());
            add("values", std::move(values));
            return "any";
        case ContentKind::json:
            while (!content.done()) values.push_back(from_json_text(content.text()));
            add("values", std::move(values));
            return "json";
        case ContentKind::embed:
            add("value",
                block.has_any_value() ? content.any() : from_json_text(update.text(block.content)));
            return "embed";
        case ContentKind::format:
            add("key", std::string(content.text()));
            add("value", block.has_any_value() ? content.any() : from_json_text(content.text()));
            return "format";
        case ContentKind::type:
            add("type", name_of_type(content.var_uint()));
            return "type";
        case ContentKind::document:
            add("guid", std::string(content.text()));
            return "doc";
    }
    throw std::runtime_error("unknown struct");
}

Json from_block(const DecodedUpdate& update, const BlockView& block) {
    Json::Object out{{"id", from_id(update, block.slot, block.clock)},
                     {"length", number(block.length)}};
    const char* kind = add_content(update, block, out);
    out.emplace_back("kind", kind);
    if (block.origin.exists()) {
        out.emplace_back("origin", from_id(update, block.origin.slot, block.origin.clock));
    }
    if (block.right_origin.exists()) {
        out.emplace_back("rightOrigin",
                         from_id(update, block.right_origin.slot, block.right_origin.clock));
    }
    if (block.parent == crdt::detail::ParentRef::root && block.is_item()) {
        out.emplace_back("parentRoot", std::string(update.text(block.root)));
    } else if (block.parent == crdt::detail::ParentRef::item) {
        out.emplace_back("parentId",
                         from_id(update, block.parent_item.slot, block.parent_item.clock));
    }
    if (block.has_key) out.emplace_back("parentSub", std::string(update.text(block.key)));
    return out;
}

}  // namespace

Json from_decoded(const DecodedUpdate& update) {
    Json::Array structs;
    for (const auto& section : update.sections) {
        for (std::uint32_t i = 0; i < section.count; ++i) {
            structs.push_back(from_block(update, update.blocks[section.first + i]));
        }
    }
    std::map<std::uint64_t, Json::Array> ranges;
    for (const auto& range : update.deletes) {
        ranges[raw(update.clients[range.slot])].push_back(
            Json::Array{number(range.clock), number(range.length)});
    }
    Json::Array deletes;
    for (auto& [client, list] : ranges) {
        deletes.push_back(Json::Array{number(client), std::move(list)});
    }
    return Json::Object{{"structs", std::move(structs)}, {"ds", std::move(deletes)}};
}

}  // namespace conformance
