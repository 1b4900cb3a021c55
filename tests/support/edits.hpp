// Random edits. Where the numbers come from is the caller's: a seed, rapidcheck, a fuzzer's bytes.
#pragma once

#include <algorithm>
#include <crdt/crdt.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace support {

// Numbers that are the same everywhere, unlike the distributions of the standard library.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    // requires: bound > 0
    std::uint32_t operator()(std::size_t bound) {
        return static_cast<std::uint32_t>(next() % bound);
    }

private:
    std::uint64_t state_;
};

// Numbers from bytes, zeros when they are used up: what a fuzzer mutates is what changes.
class Tape {
public:
    Tape(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
    [[nodiscard]] bool empty() const { return at_ == end_; }
    std::uint32_t operator()(std::size_t bound) {
        if (bound <= 1) return 0;
        std::uint32_t value = byte();
        if (bound > 256) value = value << 8 | byte();
        return static_cast<std::uint32_t>(value % bound);
    }

private:
    std::uint32_t byte() { return at_ == end_ ? 0 : *at_++; }
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

// One, two, three and four bytes of UTF-8; alone and in runs.
inline constexpr std::u16string_view kPieces[] = {u"a",
                                                  u"b",
                                                  u"\u00e9",
                                                  u"\u6f22\u5b57",
                                                  u"\U0001f600",
                                                  u"x\U0001f4a9y",
                                                  u"hello, w",
                                                  u"\U0001f1e9\U0001f1ea",
                                                  u"0123456789012345678901234567890123456789",
                                                  u"\n"};

// The same edits on a std::u16string: obviously right, and slow.
class TextModel {
public:
    std::u16string units;

    void insert(std::size_t at, std::u16string_view piece) {
        if (piece.empty()) return;
        cut(at);
        units.insert(at, piece);
    }
    void erase(std::size_t at, std::size_t count) {
        if (count == 0) return;
        cut(at);
        cut(at + count);
        units.erase(at, count);
    }

private:
    // As in Yjs, a cut between the halves of a pair makes two U+FFFD.
    void cut(std::size_t at) {
        if (at == 0 || at >= units.size()) return;
        if ((units[at - 1] & 0xfc00) != 0xd800 || (units[at] & 0xfc00) != 0xdc00) return;
        units[at - 1] = units[at] = u'\ufffd';
    }
};

inline std::string to_utf8(std::u16string_view units) {
    std::string out;
    for (std::size_t i = 0; i < units.size(); ++i) {
        std::uint32_t c = units[i];
        if ((c & 0xfc00) == 0xd800) c = 0x10000 + ((c & 0x3ff) << 10) + (units[++i] & 0x3ffU);
        const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
        if (c < 0x80) {
            put(c);
        } else if (c < 0x800) {
            put(0xc0 | c >> 6), put(0x80 | (c & 63));
        } else if (c < 0x10000) {
            put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
        } else {
            put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 63)), put(0x80 | (c >> 6 & 63));
            put(0x80 | (c & 63));
        }
    }
    return out;
}

// `model`: what the text shows, kept in step; may be null.
template <class Pick>
crdt::Status edit_text(const crdt::Text& text, Pick& pick, TextModel* model = nullptr) {
    const auto length = static_cast<std::uint32_t>(text.length());
    const std::uint32_t at =
        pick(2) == 0 ? length - pick(std::min(length, 3U) + 1) : pick(std::size_t{length} + 1);
    if (pick(3) != 0 || at == length) {
        const std::u16string_view piece = kPieces[pick(std::size(kPieces))];
        if (model != nullptr) model->insert(at, piece);
        return pick(2) == 0 ? text.insert(at, piece) : text.insert(at, to_utf8(piece));
    }
    const std::uint32_t count = pick(std::min(length - at, 12U) + 1);
    if (model != nullptr) model->erase(at, count);
    return text.erase(at, count);
}

template <class Pick>
crdt::Content any_content(Pick& pick, std::uint32_t depth = 0) {
    static constexpr std::uint8_t kBytes[] = {1, 2, 3};
    switch (pick(depth < 3 ? 14 : 8)) {
        case 0:
            return crdt::Any(nullptr);
        case 1:
            return crdt::Any(true);
        case 2:
            return crdt::Any(pick(1000) * 0.25);
        case 3:
            return crdt::Any("text");
        case 4:
            return crdt::Any::object({{"k", crdt::Any(1)}, {"l", crdt::Any("m")}});
        case 5:
            return crdt::Binary{{kBytes, 3}};
        case 8:
            return crdt::TextInit("nested \xf0\x9f\x98\x80");
        case 9:
            return crdt::TextInit();
        case 10:
        case 11: {
            crdt::ArrayInit init;
            for (std::uint32_t n = pick(3); n > 0; --n) {
                init.contents.push_back(any_content(pick, depth + 1));
            }
            return init;
        }
        case 12:
        case 13: {
            crdt::MapInit init;
            if (pick(2) == 0) init.entries.emplace_back("k", any_content(pick, depth + 1));
            return init;
        }
        default:
            return crdt::Any(static_cast<int>(pick(100)));
    }
}

// An edit somewhere below this value, or false if it holds nothing to edit.
template <class Pick>
bool edit_value(const crdt::Value& value, Pick& pick, crdt::Status& status);

template <class Pick>
crdt::Status edit_array(const crdt::Array& array, Pick& pick) {
    const std::size_t size = array.size();
    crdt::Status status;
    if (size > 0 && pick(2) == 0 && edit_value(*array.get(pick(size)), pick, status)) {
        return status;
    }
    switch (pick(5)) {
        case 0:
            return array.push(any_content(pick));
        case 1:
            return array.insert(pick(size + 1), {any_content(pick), any_content(pick)});
        case 2:
            if (size > 0) {
                const std::size_t at = pick(size);
                return array.erase(at, pick(std::min<std::size_t>(size - at, 4) + 1));
            }
            [[fallthrough]];
        default:
            return array.insert(pick(size + 1), {any_content(pick)});
    }
}

template <class Pick>
crdt::Status edit_map(const crdt::Map& map, Pick& pick) {
    static constexpr std::string_view kKeys[] = {"k", "l", "", "\xc3\xa9"};
    const std::string_view key = kKeys[pick(std::size(kKeys))];
    crdt::Status status;
    if (pick(2) == 0 && edit_value(map.get(key), pick, status)) return status;
    switch (pick(8)) {
        case 0:
            return map.clear();
        case 1:
        case 2:
            return map.erase(key);
        default:
            return map.set(key, any_content(pick));
    }
}

template <class Pick>
bool edit_value(const crdt::Value& value, Pick& pick, crdt::Status& status) {
    switch (value.kind()) {
        case crdt::ValueKind::text:
            status = edit_text(value.text(), pick);
            return true;
        case crdt::ValueKind::array:
            status = edit_array(value.array(), pick);
            return true;
        case crdt::ValueKind::map:
            status = edit_map(value.map(), pick);
            return true;
        default:
            return false;
    }
}

// One edit of the roots "t", "a" and "m" or of what stands in them. `model`: of "t".
template <class Pick>
crdt::Status edit(crdt::Doc& doc, Pick& pick, TextModel* model = nullptr) {
    switch (pick(5)) {
        case 0:
        case 1:
            return edit_array(doc.array("a"), pick);
        case 2:
            return edit_map(doc.map("m"), pick);
        default:
            return edit_text(doc.text("t"), pick, model);
    }
}

}  // namespace support
