// Values from tokens:
//   v<Any in lib0's encoding> b<bytes> t<UTF-8>   [ value... ]   { k<UTF-8> value ... }
// all in hexadecimal; the last three are new shared types. XML and sub-documents:
//   e<name> { k<UTF-8> value ... } [ value... ]   f [ value... ]   x<UTF-8> { ... }   h<name> { ...
//   } d<guid> COLLECT AUTOLOAD v<Any>
// The Any is rebuilt from its parts with
// the public factories, in the order given, so that making it canonical is the engine's work.
#pragma once

#include <bit>
#include <crdt/crdt.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokens.hpp"

namespace differential {

// Reads lib0's encoding, trusting it: the driver wrote it.
class AnyReader {
public:
    explicit AnyReader(std::string_view bytes) : rest_(bytes) {}

    crdt::Any read() {
        switch (byte()) {
            case 127:
                return crdt::Any::undefined();
            case 126:
                return nullptr;
            case 125:
                return integer();
            case 124:
                return std::bit_cast<float>(static_cast<std::uint32_t>(big_endian(4)));
            case 123:
                return std::bit_cast<double>(big_endian(8));
            case 122:
                return crdt::Any::bigint(static_cast<std::int64_t>(big_endian(8)));
            case 121:
                return false;
            case 120:
                return true;
            case 119:
                return take(var_uint());
            case 118:
                return object();
            case 117:
                return array();
            default:
                return crdt::Any::bytes(crdt::as_bytes(take(var_uint())));
        }
    }

private:
    std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
    std::string_view take(std::uint64_t size) {
        const auto bytes = rest_.substr(0, size);
        rest_.remove_prefix(bytes.size());
        return bytes;
    }
    std::uint64_t var_uint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            const std::uint8_t next = byte();
            value |= static_cast<std::uint64_t>(next & 127U) << shift;
            if (next < 128) return value;
        }
    }
    std::uint64_t big_endian(int size) {
        std::uint64_t value = 0;
        for (; size > 0; --size) value = value << 8U | byte();
        return value;
    }
    // Sign and magnitude: minus zero is a number of its own, and only a double can say so.
    crdt::Any integer() {
        const std::uint8_t first = byte();
        std::uint64_t value = first & 63U;
        std::uint8_t last = first;
        for (unsigned shift = 6; last >= 128; shift += 7) {
            last = byte();
            value |= static_cast<std::uint64_t>(last & 127U) << shift;
        }
        if ((first & 64U) == 0) return static_cast<std::int64_t>(value);
        if (value == 0) return -0.0;
        return -static_cast<std::int64_t>(value);
    }
    crdt::Any array() {
        std::vector<crdt::Any> elements;
        for (auto left = var_uint(); left > 0; --left) elements.push_back(read());
        return crdt::Any::array(elements);
    }
    crdt::Any object() {
        std::vector<std::pair<std::string_view, crdt::Any>> members;
        for (auto left = var_uint(); left > 0; --left) {
            const auto key = take(var_uint());
            members.emplace_back(key, read());
        }
        return crdt::Any::object(members);
    }

    std::string_view rest_;
};

// Makes Contents; what they borrow lives as long as this does.
class Values {
public:
    crdt::Content read(Tokens& tokens) {
        const auto token = tokens.next();
        const auto digits = token.substr(1);
        switch (token.empty() ? '?' : token[0]) {
            case 'v':
                return AnyReader(keep(digits)).read();
            case 'b':
                return crdt::Binary{crdt::as_bytes(keep(digits))};
            case 't':
                return crdt::TextInit(keep(digits));
            case '[': {
                crdt::ArrayInit array;
                array.contents = list(tokens);
                return array;
            }
            case 'e': {
                crdt::XmlElementInit element(keep(digits));
                tokens.next();
                element.attributes = entries(tokens);
                tokens.next();
                element.children = list(tokens);
                return element;
            }
            case 'f': {
                crdt::XmlFragmentInit fragment;
                tokens.next();
                fragment.children = list(tokens);
                return fragment;
            }
            case 'x': {
                crdt::XmlTextInit text(keep(digits));
                tokens.next();
                text.attributes = entries(tokens);
                return text;
            }
            case 'h': {
                crdt::XmlHookInit hook(keep(digits));
                tokens.next();
                hook.entries = entries(tokens);
                return hook;
            }
            case 'd': {
                crdt::DocumentInit document(keep(digits));
                document.collect = tokens.number() != 0;
                document.auto_load = tokens.number() != 0;
                document.meta = AnyReader(keep(tokens.next().substr(1))).read();
                return document;
            }
            default: {
                crdt::MapInit map;
                map.entries = entries(tokens);
                return map;
            }
        }
    }
    std::vector<crdt::Content> read(Tokens& tokens, std::uint64_t count) {
        std::vector<crdt::Content> values;
        for (; count > 0; --count) values.push_back(read(tokens));
        return values;
    }

private:
    // Up to the bracket that closes, and that.
    std::vector<crdt::Content> list(Tokens& tokens) {
        std::vector<crdt::Content> values;
        while (tokens.peek() != "]") values.push_back(read(tokens));
        tokens.next();
        return values;
    }
    std::vector<std::pair<std::string, crdt::Content>> entries(Tokens& tokens) {
        std::vector<std::pair<std::string, crdt::Content>> read_so_far;
        while (tokens.peek() != "}") {
            std::string key = unhex(tokens.next().substr(1));
            read_so_far.emplace_back(std::move(key), read(tokens));
        }
        tokens.next();
        return read_so_far;
    }
    std::string_view keep(std::string_view digits) { return kept_.emplace_back(unhex(digits)); }

    std::deque<std::string> kept_;
};

}  // namespace differential
