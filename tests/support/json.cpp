#include "json.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "unicode.hpp"

namespace support {

const Json* Json::find(std::string_view name) const {
    const auto* members = std::get_if<Object>(&value_);
    if (members == nullptr) return nullptr;
    for (const auto& [key, value] : *members) {
        if (key == name) return &value;
    }
    return nullptr;
}

const Json& Json::operator[](std::string_view name) const {
    const Json* member = find(name);
    if (member == nullptr) throw std::runtime_error("no member \"" + std::string(name) + "\"");
    return *member;
}

const Json& Json::operator[](std::size_t index) const {
    const Array& elements = array();
    if (index >= elements.size()) throw std::runtime_error("no element " + std::to_string(index));
    return elements[index];
}

std::string Json::text_or(std::string_view name, std::string_view otherwise) const {
    const Json* member = find(name);
    return member != nullptr && member->is_string() ? member->string() : std::string(otherwise);
}

bool Json::flag(std::string_view name) const {
    const Json* member = find(name);
    return member != nullptr && member->is_boolean() && member->boolean();
}

namespace {

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Json document() {
        Json value = read(0);
        skip_space();
        if (at_ != text_.size()) fail("more than one value");
        return value;
    }

private:
    static constexpr int kDeepest = 2000;

    [[noreturn]] void fail(const char* what) const {
        throw std::runtime_error(std::string("JSON: ") + what + " at byte " + std::to_string(at_));
    }
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \n\r\t").find(text_[at_]) < 4) ++at_;
    }
    bool take(char c) {
        skip_space();
        if (peek() != c) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!take(c)) fail("unexpected character");
    }
    bool word(std::string_view letters) {
        if (text_.substr(at_, letters.size()) != letters) return false;
        at_ += letters.size();
        return true;
    }

    Json read(int depth) {
        if (depth > kDeepest) fail("nested too deep");
        skip_space();
        switch (peek()) {
            case '{':
                return object(depth);
            case '[':
                return array(depth);
            case '"':
                return string();
            case 't':
                if (word("true")) return true;
                break;
            case 'f':
                if (word("false")) return false;
                break;
            case 'n':
                if (word("null")) return nullptr;
                break;
            default:
                return number();
        }
        fail("unexpected character");
    }

    Json object(int depth) {
        Json::Object members;
        expect('{');
        if (take('}')) return members;
        do {
            skip_space();
            std::string key = string();
            expect(':');
            members.emplace_back(std::move(key), read(depth + 1));
        } while (take(','));
        expect('}');
        return members;
    }

    Json array(int depth) {
        Json::Array elements;
        expect('[');
        if (take(']')) return elements;
        do {
            elements.push_back(read(depth + 1));
        } while (take(','));
        expect(']');
        return elements;
    }

    Json number() {
        double value = 0;
        const char* first = text_.data() + at_;
        const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
        if (error != std::errc() || end == first) fail("bad number");
        at_ += static_cast<std::size_t>(end - first);
        return value;
    }

    unsigned hex4() {
        unsigned value = 0;
        const char* first = text_.data() + at_;
        if (text_.size() - at_ < 4) fail("bad escape");
        const auto [end, error] = std::from_chars(first, first + 4, value, 16);
        if (error != std::errc() || end != first + 4) fail("bad escape");
        at_ += 4;
        return value;
    }

    std::string string() {
        expect('"');
        std::string out;
        for (;;) {
            const std::size_t end = text_.find_first_of("\"\\", at_);
            if (end == std::string_view::npos) fail("string without end");
            out.append(text_, at_, end - at_);
            at_ = end + 1;
            if (text_[end] == '"') return out;
            escape(out);
        }
    }

    void escape(std::string& out) {
        const char c = peek();
        ++at_;
        switch (c) {
            case '"':
            case '\\':
            case '/':
                out += c;
                return;
            case 'b':
                out += '\b';
                return;
            case 'f':
                out += '\f';
                return;
            case 'n':
                out += '\n';
                return;
            case 'r':
                out += '\r';
                return;
            case 't':
                out += '\t';
                return;
            case 'u': {
                std::u16string units(1, static_cast<char16_t>(hex4()));
                if (is_high(units[0]) && text_.substr(at_, 2) == "\\u") {
                    at_ += 2;
                    units.push_back(static_cast<char16_t>(hex4()));
                    // A lone high surrogate: what follows it may be the first half of a pair.
                    if (!is_low(units[1])) {
                        at_ -= 6;
                        units.pop_back();
                    }
                }
                out += to_wtf8(units);
                return;
            }
            default:
                fail("bad escape");
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

void print_string(std::string& out, std::string_view text) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out += '"';
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        if (byte == 0xed && next >= 0xa0 && i + 2 < text.size()) {  // a lone surrogate
            const unsigned low = static_cast<unsigned char>(text[i + 2]) & 0x3fU;
            const unsigned unit = 0xd000U | (next & 0x3fU) << 6U | low;
            out += "\\u";
            for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[(unit >> shift) & 15U];
            i += 2;
        } else if (byte == '"' || byte == '\\') {
            out += '\\';
            out += text[i];
        } else if (byte == '\n') {
            out += "\\n";
        } else if (byte < 0x20) {
            out += "\\u00";
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 15U];
        } else {
            out += text[i];
        }
    }
    out += '"';
}

void print(std::string& out, const Json& value, std::size_t limit) {
    if (out.size() > limit) return;
    if (value.is_null()) {
        out += "null";
    } else if (value.is_boolean()) {
        out += value.boolean() ? "true" : "false";
    } else if (value.is_number()) {
        char digits[32];
        const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value.number());
        out.append(digits, end);
    } else if (value.is_string()) {
        print_string(out, value.string());
    } else if (value.is_array()) {
        out += '[';
        bool first = true;
        for (const Json& element : value.array()) {
            if (!std::exchange(first, false)) out += ',';
            print(out, element, limit);
        }
        out += ']';
    } else {
        out += '{';
        bool first = true;
        for (const auto& [key, member] : value.object()) {
            if (!std::exchange(first, false)) out += ',';
            print_string(out, key);
            out += ':';
            print(out, member, limit);
        }
        out += '}';
    }
}

}  // namespace

Json parse_json(std::string_view text) { return Parser(text).document(); }

std::string to_text(const Json& value, std::size_t limit) {
    std::string out;
    print(out, value, limit);
    if (out.size() <= limit) return out;
    while (limit > 0 && (static_cast<unsigned char>(out[limit]) & 0xc0U) == 0x80U) --limit;
    return out.substr(0, limit) + "...";
}

}  // namespace support
