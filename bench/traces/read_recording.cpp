// Reads *.json.gz of the editing-traces collection:
//   {startContent, endContent, txns: [{time?, patches: [[position, deleted, inserted], ...]}]}
#include <zlib.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "../support/unicode.hpp"
#include "trace.hpp"

namespace bench {
namespace {

std::string inflate_file(const std::string& path) {
    const gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr) throw std::runtime_error(path + ": cannot be opened");
    std::string text;
    std::array<char, 1U << 16U> chunk;  // NOLINT(*-member-init): filled before it is read
    int read = 0;
    while ((read = gzread(file, chunk.data(), chunk.size())) > 0) {
        text.append(chunk.data(), static_cast<std::size_t>(read));
    }
    if (gzclose(file) != Z_OK || read < 0) throw std::runtime_error(path + ": is not whole");
    return text;
}

// As much JSON as the recordings need. Throws std::runtime_error where the text is something else.
class Json {
public:
    explicit Json(std::string_view text) : text_(text) {}

    // f(key) must read the value.
    template <class F>
    void object(F&& f) {
        list('{', '}', [&] {
            const std::string key = string();
            expect(':');
            f(key);
        });
    }
    // f() must read one element.
    template <class F>
    void array(F&& f) {
        list('[', ']', f);
    }
    std::uint32_t number() {
        space();
        std::uint64_t value = 0;
        const std::size_t start = at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && value < 1U << 31U) {
            value = value * 10 + static_cast<std::uint64_t>(text_[at_++] - '0');
        }
        if (at_ == start || value >= 1U << 31U) fail();
        return static_cast<std::uint32_t>(value);
    }
    std::string string() {
        expect('"');
        std::string value;
        while (true) {
            const char c = take();
            if (c == '"') return value;
            if (c == '\\') {
                escape(value);
            } else {
                value.push_back(c);
            }
        }
    }
    void skip() {
        switch (peek()) {
            case '{':
                return object([&](const std::string&) { skip(); });
            case '[':
                return array([&] { skip(); });
            case '"':
                static_cast<void>(string());
                return;
            default:
                while (at_ < text_.size() &&
                       std::string_view(",]}").find(text_[at_]) == std::string_view::npos) {
                    ++at_;
                }
        }
    }

private:
    template <class F>
    void list(char open, char close, F&& f) {
        expect(open);
        if (peek() == close) {
            ++at_;
            return;
        }
        while (true) {
            f();
            if (peek() != ',') break;
            ++at_;
        }
        expect(close);
    }
    void escape(std::string& value) {
        constexpr std::string_view names = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        const char c = take();
        if (const std::size_t i = names.find(c); i != std::string_view::npos) {
            value.push_back(meanings[i]);
            return;
        }
        if (c != 'u') fail();
        char32_t code_point = hex();
        if ((code_point & 0xfc00U) == 0xd800) {
            if (take() != '\\' || take() != 'u') fail();
            code_point = 0x10000 + ((code_point & 0x3ffU) << 10) + (hex() & 0x3ffU);
        }
        append_utf8(value, code_point);
    }
    char32_t hex() {
        if (text_.size() - at_ < 4) fail();
        const std::string digits(text_.substr(at_, 4));
        at_ += 4;
        char* end = nullptr;
        const unsigned long value = std::strtoul(digits.c_str(), &end, 16);
        if (end != digits.c_str() + 4) fail();
        return static_cast<char32_t>(value);
    }
    void space() {
        while (at_ < text_.size() &&
               std::string_view(" \n\r\t").find(text_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }
    char peek() {
        space();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    char take() {
        if (at_ == text_.size()) fail();
        return text_[at_++];
    }
    void expect(char c) {
        if (peek() != c) fail();
        ++at_;
    }
    [[noreturn]] void fail() const {
        throw std::runtime_error("not a recording, at byte " + std::to_string(at_));
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::vector<RecordedPatch> read_transaction(Json& json) {
    std::vector<RecordedPatch> patches;
    json.object([&](const std::string& key) {
        if (key != "patches") return json.skip();
        json.array([&] {
            RecordedPatch patch;
            int field = 0;
            json.array([&] {
                switch (field++) {
                    case 0:
                        patch.at = json.number();
                        break;
                    case 1:
                        patch.deleted = json.number();
                        break;
                    default:
                        patch.inserted = json.string();
                }
            });
            patches.push_back(std::move(patch));
        });
    });
    return patches;
}

}  // namespace

Recording read_recording(const std::string& path) try {
    const std::string text = inflate_file(path);
    Recording recording;
    recording.name = std::filesystem::path(path).stem().stem().string();
    std::string start;
    Json json(text);
    json.object([&](const std::string& key) {
        if (key == "startContent") {
            start = json.string();
        } else if (key == "endContent") {
            recording.end_content = json.string();
        } else if (key == "txns") {
            json.array([&] { recording.transactions.push_back(read_transaction(json)); });
        } else {
            json.skip();
        }
    });
    if (!start.empty()) {
        recording.transactions.insert(recording.transactions.begin(), {{0, 0, start}});
    }
    return recording;
} catch (const std::runtime_error& error) {
    throw std::runtime_error(path + ": " + error.what());
}

}  // namespace bench
