// Formats, embeds and deltas from tokens, and their content as one string: see rich.mjs.
//   text:  format AT COUNT ATTRIBUTES   styled AT u<units> ATTRIBUTES   embed AT ATTRIBUTES VALUE
//          delta SANITIZE N OP...; OP is  d COUNT   r COUNT ATTRIBUTES   e ATTRIBUTES VALUE   or
//          i u<units> ATTRIBUTES
//   ATTRIBUTES  N, then k<key> v<Any> each
#pragma once

#include <algorithm>
#include <crdt/crdt.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tokens.hpp"
#include "values.hpp"

namespace differential {

inline crdt::Attributes read_attributes(Tokens& args) {
    crdt::Attributes attributes;
    for (auto left = args.number(); left > 0; --left) {
        const std::string key = unhex(args.next().substr(1));
        const std::string value = unhex(args.next().substr(1));
        attributes.set(key, AnyReader(value).read());
    }
    return attributes;
}

inline crdt::Delta read_delta(Tokens& args, Values& values) {
    crdt::Delta delta;
    for (auto left = args.number(); left > 0; --left) {
        const char op = args.next()[0];
        if (op == 'd') {
            delta.push_back(crdt::DeltaOp::erase(args.number()));
        } else if (op == 'r') {
            const auto count = args.number();
            delta.push_back(crdt::DeltaOp::retain(count, read_attributes(args)));
        } else if (op == 'e') {
            auto attributes = read_attributes(args);
            delta.push_back(crdt::DeltaOp::embed(values.read(args), std::move(attributes)));
        } else {
            const std::u16string units = unhex_units(args.next().substr(1));
            delta.push_back(
                crdt::DeltaOp::insert(std::u16string_view(units), read_attributes(args)));
        }
    }
    return delta;
}

inline bool is_rich_verb(std::string_view verb) {
    return verb == "format" || verb == "styled" || verb == "embed" || verb == "delta";
}

inline crdt::Status edit_rich_text(crdt::Text text, std::string_view verb, Tokens& args) {
    Values values;
    const auto first = args.number();
    if (verb == "delta") return text.apply_delta(read_delta(args, values), first != 0);
    if (verb == "format") {
        const auto count = args.number();
        return text.format(first, count, read_attributes(args));
    }
    if (verb == "styled") {
        const std::u16string units = unhex_units(args.next().substr(1));
        return text.insert(first, std::u16string_view(units), read_attributes(args));
    }
    const auto attributes = read_attributes(args);
    return text.insert_embed(first, values.read(args), attributes);
}

inline void show_attributes(std::string& out, const crdt::Attributes& attributes) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& [key, value] : attributes) {
        pairs.emplace_back(hex(key), hex(crdt::as_text(value.view().encoded())));
    }
    std::sort(pairs.begin(), pairs.end());
    for (const auto& [key, value] : pairs) {
        out += "@k";
        out += key;
        out += ":v";
        out += value;
    }
}

inline void show_delta(std::string& out, const crdt::Delta& delta) {
    out += "R(";
    for (std::size_t i = 0; i < delta.size(); ++i) {
        if (i > 0) out += ';';
        const crdt::DeltaOp& op = delta[i];
        if (op.kind() == crdt::DeltaOp::Kind::insert) {
            out += 't';
            append_hex(out, op.text());
        } else if (op.shared().exists()) {
            show(out, op.shared());
        } else {
            out += 'v';
            append_hex(out, crdt::as_text(op.content().any().view().encoded()));
        }
        show_attributes(out, op.attributes());
    }
    out += ')';
}

inline bool is_plain(const crdt::Delta& delta) {
    return std::all_of(delta.begin(), delta.end(), [](const crdt::DeltaOp& op) {
        return op.kind() == crdt::DeltaOp::Kind::insert && op.attributes().empty();
    });
}

}  // namespace differential
