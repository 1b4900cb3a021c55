#include "rich.hpp"

#include <algorithm>

#include "support/unicode.hpp"

namespace conformance {

using support::to_utf8;

crdt::Attributes to_attributes(const Json& pairs) {
    crdt::Attributes attributes;
    for (const Json& pair : pairs.array()) {
        attributes.set(to_utf8(pair[0].string()), to_any(pair[1]));
    }
    return attributes;
}

crdt::Delta to_delta(const Json& delta, Contents& contents) {
    crdt::Delta made;
    for (const Json& op : delta.array()) {
        const Json* pairs = op.find("attributes");
        crdt::Attributes attributes = pairs == nullptr ? crdt::Attributes() : to_attributes(*pairs);
        if (const Json* count = op.find("retain")) {
            made.push_back(crdt::DeltaOp::retain(to_u32(*count), std::move(attributes)));
        } else if (const Json* gone = op.find("delete")) {
            made.push_back(crdt::DeltaOp::erase(to_u32(*gone)));
        } else if (op["insert"].is_string()) {
            const std::u16string units = support::to_utf16(op["insert"].string());
            made.push_back(
                crdt::DeltaOp::insert(std::u16string_view(units), std::move(attributes)));
        } else {
            made.push_back(
                crdt::DeltaOp::embed(contents.make(op["insert"]), std::move(attributes)));
        }
    }
    return made;
}

Json from_attributes(const crdt::Attributes& attributes) {
    Json::Array pairs;
    for (const auto& [key, value] : attributes) {
        pairs.push_back(Json::Array{key, from_any(value.view())});
    }
    return pairs;
}

Json from_delta(const crdt::Delta& delta) {
    Json::Array ops;
    for (const crdt::DeltaOp& op : delta) {
        Json::Object members;
        switch (op.kind()) {
            case crdt::DeltaOp::Kind::insert:
                members.emplace_back("insert", support::to_wtf8(op.units()));
                break;
            case crdt::DeltaOp::Kind::embed:
                members.emplace_back("insert", op.shared().exists()
                                                   ? from_value(op.shared())
                                                   : from_any(op.content().any().view()));
                break;
            case crdt::DeltaOp::Kind::retain:
                members.emplace_back("retain", static_cast<double>(op.count()));
                break;
            case crdt::DeltaOp::Kind::erase:
                members.emplace_back("delete", static_cast<double>(op.count()));
                break;
        }
        if (!op.attributes().empty()) {
            members.emplace_back("attributes", from_attributes(op.attributes()));
        }
        ops.emplace_back(std::move(members));
    }
    return ops;
}

namespace {

// Is there a character of two units in it, anywhere?
bool holds_pair(const Json& value) {
    if (value.is_string()) {
        const std::string& text = value.string();
        return std::any_of(text.begin(), text.end(),
                           [](char byte) { return static_cast<unsigned char>(byte) >= 0xf0; });
    }
    if (value.is_array()) {
        return std::any_of(value.array().begin(), value.array().end(), holds_pair);
    }
    if (!value.is_object()) return false;
    return std::any_of(value.object().begin(), value.object().end(),
                       [](const auto& member) { return holds_pair(member.second); });
}

}  // namespace

bool breaks_pairs_silently(const Json& test) {
    if (!holds_pair(test["steps"])) return false;
    for (const Json& step : test["steps"].array()) {
        if (step["do"].string() == "converged" && !step["expect"].flag("equal")) return true;
    }
    return false;
}

bool holds_half(const Json& value) {
    if (value.is_string()) {
        return support::to_wtf8(support::to_utf16(to_utf8(value.string()))) != value.string();
    }
    if (value.is_array()) {
        return std::any_of(value.array().begin(), value.array().end(), holds_half);
    }
    if (!value.is_object()) return false;
    return std::any_of(value.object().begin(), value.object().end(), [](const auto& member) {
        return holds_half(member.first) || holds_half(member.second);
    });
}

Json with_replaced_halves(const Json& value) {
    if (value.is_string()) return to_utf8(value.string());
    if (value.is_array()) {
        Json::Array elements;
        for (const Json& element : value.array()) elements.push_back(with_replaced_halves(element));
        return elements;
    }
    if (!value.is_object()) return value;
    Json::Object members;
    for (const auto& [key, member] : value.object()) {
        members.emplace_back(to_utf8(key), with_replaced_halves(member));
    }
    return members;
}

bool makes_halves(const Json& test) {
    for (const Json& step : test["steps"].array()) {
        const Json* ops = step.find("ops");
        if (ops == nullptr) continue;
        for (const Json& op : ops->array()) {
            const Json* attributes = op.find("attrs");
            if (attributes != nullptr && holds_half(*attributes)) return true;
            if (op["op"].string() == "text.embed" && holds_half(op["value"])) return true;
        }
    }
    return false;
}

Json with_broken_pairs(const Json& value) {
    if (value.is_string()) {
        std::u16string units = support::to_utf16(value.string());
        for (char16_t& unit : units) {
            if ((unit & 0xf800U) == 0xd800U) unit = u'\ufffd';
        }
        return support::to_wtf8(units);
    }
    if (value.is_array()) {
        Json::Array elements;
        for (const Json& element : value.array()) elements.push_back(with_broken_pairs(element));
        return elements;
    }
    if (!value.is_object()) return value;
    Json::Object members;
    for (const auto& [key, member] : value.object()) {
        members.emplace_back(key, with_broken_pairs(member));
    }
    return members;
}

Json with_joined_inserts(const Json& value) {
    if (value.is_array()) {
        Json::Array joined;
        for (const Json& element : value.array()) {
            Json next = with_joined_inserts(element);
            const Json* text = next.is_object() ? next.find("insert") : nullptr;
            if (text != nullptr && text->is_string() && !joined.empty() &&
                joined.back().is_object()) {
                Json& last = joined.back();
                const Json* before = last.find("insert");
                const Json* theirs = last.find("attributes");
                const Json* ours = next.find("attributes");
                const bool alike = theirs == nullptr || ours == nullptr
                                       ? theirs == ours
                                       : to_text(*theirs) == to_text(*ours);
                if (before != nullptr && before->is_string() && alike) {
                    last.object().front().second = before->string() + text->string();
                    continue;
                }
            }
            joined.push_back(std::move(next));
        }
        return joined;
    }
    if (!value.is_object()) return with_broken_pairs(value);
    Json::Object members;
    for (const auto& [key, member] : value.object()) {
        members.emplace_back(key, with_joined_inserts(member));
    }
    return members;
}

bool leaves_pairs(const crdt::Text& text, const Json& op) {
    std::vector<std::size_t> cuts;
    if (op["op"].string() == "text.format") {
        cuts = {to_u32(op["index"]), to_u32(op["index"]) + to_u32(op["length"])};
    } else if (op["op"].string() == "text.applyDelta") {
        std::size_t at = 0;
        for (const Json& step : op["delta"].array()) {
            if (step.has("delete")) continue;
            if (const Json* count = step.find("retain")) {
                at += to_u32(*count);
            } else {
                at += step["insert"].is_string() ? support::to_utf16(step["insert"].string()).size()
                                                 : 1;
            }
            cuts.push_back(at);
        }
    }
    if (cuts.empty()) return false;
    std::u16string units;
    for (const crdt::DeltaOp& one : text.to_delta()) {
        units += one.kind() == crdt::DeltaOp::Kind::insert ? one.units() : u"#";
    }
    return std::any_of(cuts.begin(), cuts.end(), [&](std::size_t at) {
        return at > 0 && at < units.size() && (units[at - 1] & 0xfc00U) == 0xd800U &&
               (units[at] & 0xfc00U) == 0xdc00U;
    });
}

bool run_rich_text(const crdt::Text& text, const Json& op, crdt::Status& status) {
    const std::string& name = op["op"].string();
    const Json* pairs = op.find("attrs");
    const crdt::Attributes attributes =
        pairs == nullptr ? crdt::Attributes() : to_attributes(*pairs);
    // Yjs takes an index past the end for the end.
    const auto index = [&] { return std::min<std::size_t>(to_u32(op["index"]), text.length()); };
    Contents contents;
    if (name == "text.insert" && pairs != nullptr) {
        const std::u16string units = support::to_utf16(op["text"].string());
        status = text.insert(index(), std::u16string_view(units), attributes);
    } else if (name == "text.embed") {
        status = text.insert_embed(index(), contents.make(op["value"]), attributes);
    } else if (name == "text.format") {
        status = text.format(index(), to_u32(op["length"]), attributes);
    } else if (name == "text.applyDelta") {
        status = text.apply_delta(to_delta(op["delta"], contents),
                                  !op.has("sanitize") || op.flag("sanitize"));
    } else {
        return false;
    }
    return true;
}

}  // namespace conformance
