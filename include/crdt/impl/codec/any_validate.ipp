#pragma once

#include <algorithm>
#include <cstring>

#include "../../base/sort.hpp"
#include "../../base/utf.hpp"
#include "../../base/vec.hpp"
#include "../../codec/any.hpp"
#include "../../codec/reader.hpp"

namespace crdt::detail {

// The number of a key that is a canonical array index ("0" .. "4294967294"); -1 for other keys.
inline std::int64_t array_index_of(std::string_view key) noexcept {
    if (key.empty() || key.size() > 10 || key[0] < '0' || key[0] > '9') return -1;
    if (key[0] == '0' && key.size() > 1) return -1;
    std::int64_t value = 0;
    for (const char digit : key) {
        if (digit < '0' || digit > '9') return -1;
        value = value * 10 + (digit - '0');
    }
    return value <= 4294967294 ? value : -1;
}

// Any order serves to find duplicates; sizes first makes most comparisons cheap.
inline bool key_less(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return a.size() < b.size();
    return std::memcmp(a.data(), b.data(), a.size()) < 0;
}

// The names of the objects that are open, those of inner ones behind those of outer ones.
class OpenKeys {
public:
    // NOLINTNEXTLINE(modernize-use-equals-default): OpenKeys{} leaves inline_ as it is, too
    OpenKeys() noexcept {}

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool push(std::string_view key) noexcept {
        if (size_ == kInline && keys_ == inline_) {
            if (!spilled_.reserve(kInline * 2)) return false;
            std::memcpy(spilled_.data(), inline_, sizeof inline_);
            spilled_.set_size(kInline);
        }
        if (size_ >= kInline) {
            spilled_.truncate(size_);
            if (!spilled_.push_back({key.data(), key.size()})) return false;
            keys_ = spilled_.data();
            ++size_;
        } else {
            keys_[size_++] = {key.data(), key.size()};
        }
        return true;
    }
    // Whether two of the keys from `first` on are equal; forgets them.
    [[nodiscard]] bool close(std::size_t first) noexcept {
        Key* const from = keys_ + first;
        Key* const to = keys_ + size_;
        size_ = first;
        bool twice = false;
        if (to - from <= 12) {
            for (Key* a = from; a != to; ++a) {
                for (Key* b = from; b != a; ++b) twice = twice || a->view() == b->view();
            }
            return twice;
        }
        sort(from, to, [](const Key& a, const Key& b) { return key_less(a.view(), b.view()); });
        return std::adjacent_find(
                   from, to, [](const Key& a, const Key& b) { return a.view() == b.view(); }) != to;
    }

private:
    struct Key {
        const char* data;
        std::size_t size;
        [[nodiscard]] std::string_view view() const noexcept { return {data, size}; }
    };
    static constexpr std::size_t kInline = 32;

    Key inline_[kInline];
    Vec<Key> spilled_;  // all of them, from the first time there were more than kInline
    Key* keys_ = inline_;
    std::size_t size_ = 0;
};

// A validated length is canonical when it is the shortest form.
inline bool shortest(const std::uint8_t* from, const std::uint8_t* to) noexcept {
    return to - from == 1 || to[-1] != 0;
}

// Reads everything of a value but what a container holds, whose count it returns.
// On failure p stands at the bad byte.
ROPEWALK_ALWAYS_INLINE ErrorCode read_any_head(const std::uint8_t*& p,
                                               const std::uint8_t* end,
                                               bool& canonical,
                                               std::uint64_t& count) noexcept {
    count = 0;
    if (p == end) return ErrorCode::unexpected_end;
    const std::uint8_t* at = p + 1;
    const auto fail_number = [&] {
        p = at;
        return at == end ? ErrorCode::unexpected_end : ErrorCode::invalid_varint;
    };
    switch (*p) {
        case kTagUndefined:
        case kTagNull:
        case kTagTrue:
        case kTagFalse:
            break;
        case kTagInteger: {
            std::uint64_t magnitude = 0;
            bool negative = false;
            const std::uint8_t* const first = at;
            if (!read_var_int(at, end, magnitude, negative)) return fail_number();
            if (magnitude > 0x7fffffffU || !shortest(first, at)) canonical = false;
            break;
        }
        case kTagFloat32:
        case kTagFloat64:
        case kTagBigint: {
            const std::ptrdiff_t size = *p == kTagFloat32 ? 4 : 8;
            if (end - at < size) return ErrorCode::unexpected_end;
            at += size;
            if (*p != kTagBigint && canonical) {
                std::uint8_t as_written[kMaxNumberSize];
                const std::uint8_t* const stop = put_any_number(as_written, get_any_number(p));
                canonical = stop - as_written == size + 1 &&
                            std::memcmp(as_written, p, static_cast<std::size_t>(size + 1)) == 0;
            }
            break;
        }
        case kTagString:
        case kTagBytes: {
            std::uint64_t size = 0;
            const std::uint8_t* const first = at;
            if (!read_var_uint(at, end, size)) return fail_number();
            if (size > static_cast<std::size_t>(end - at)) {
                p = first;
                return ErrorCode::unexpected_end;
            }
            if (!shortest(first, at)) canonical = false;
            const ByteView bytes{at, static_cast<std::size_t>(size)};
            if (*p == kTagString) {
                const Utf8Scan scan = scan_utf8(bytes);
                if (!scan.valid) {
                    p = at + scan.bad_offset;
                    return ErrorCode::invalid_utf8;
                }
            }
            at += size;
            break;
        }
        case kTagArray:
        case kTagObject: {
            const std::uint8_t* const first = at;
            if (!read_var_uint(at, end, count)) return fail_number();
            // An element takes a byte at least, a member two.
            const std::size_t least = *p == kTagObject ? 2 : 1;
            if (count > static_cast<std::size_t>(end - at) / least) {
                p = first;
                return ErrorCode::unexpected_end;
            }
            if (!shortest(first, at)) canonical = false;
            break;
        }
        default:
            return ErrorCode::unknown_tag;
    }
    p = at;
    return ErrorCode::ok;
}

// A container that is not read to its end.
struct AnyFrame {
    std::uint64_t left;       // elements or members to come
    std::int64_t last_index;  // the newest key that is an array index
    std::size_t first_key;    // in OpenKeys
    bool object;
    bool named;  // has keys that are not indexes
};

// The contents of a container whose head has been read.
ROPEWALK_NEVER_INLINE inline ErrorCode read_any_contents(const std::uint8_t*& p,
                                                         const std::uint8_t* end,
                                                         bool object,
                                                         std::uint64_t count,
                                                         std::uint32_t nesting,
                                                         bool& canonical) noexcept {
    AnyFrame frames[kMaxNesting];
    OpenKeys keys;
    std::uint32_t depth = 0;
    frames[depth++] = {count, -1, 0, object, false};
    while (depth > 0) {
        AnyFrame& frame = frames[depth - 1];
        if (frame.left == 0) {
            if (frame.named && keys.close(frame.first_key)) canonical = false;
            --depth;
            continue;
        }
        --frame.left;
        if (frame.object) {
            const std::uint8_t* const first = p;
            std::uint64_t size = 0;
            if (!read_var_uint(p, end, size)) {
                return p == end ? ErrorCode::unexpected_end : ErrorCode::invalid_varint;
            }
            if (size > static_cast<std::size_t>(end - p)) {
                p = first;
                return ErrorCode::unexpected_end;
            }
            if (!shortest(first, p)) canonical = false;
            const ByteView bytes{p, static_cast<std::size_t>(size)};
            const Utf8Scan scan = scan_utf8(bytes);
            if (!scan.valid) {
                p += scan.bad_offset;
                return ErrorCode::invalid_utf8;
            }
            p += size;
            if (canonical) {
                const std::int64_t index = array_index_of(as_text(bytes));
                if (index >= 0) {
                    if (frame.named || index <= frame.last_index) canonical = false;
                    frame.last_index = index;
                } else {
                    frame.named = true;
                    if (!keys.push(as_text(bytes))) return ErrorCode::out_of_memory;
                }
            }
        }
        const bool is_object = p != end && *p == kTagObject;
        const std::uint8_t* const tag = p;
        std::uint64_t inner = 0;
        const ErrorCode code = read_any_head(p, end, canonical, inner);
        if (code != ErrorCode::ok) return code;
        if (*tag == kTagObject || *tag == kTagArray) {
            if (depth >= nesting) {
                p = tag;
                return ErrorCode::nesting_too_deep;
            }
            if (inner > 0) frames[depth++] = {inner, -1, keys.size(), is_object, false};
        }
    }
    return ErrorCode::ok;
}

ROPEWALK_INLINE Error validate_any(const std::uint8_t*& p,
                                   const std::uint8_t* end,
                                   const Limits& limits,
                                   bool& canonical) noexcept {
    const std::uint8_t* const start = p;
    canonical = true;
    std::uint64_t count = 0;
    ErrorCode code = read_any_head(p, end, canonical, count);
    if (code == ErrorCode::ok && (*start == kTagObject || *start == kTagArray)) {
        const std::uint32_t nesting = nesting_of(limits);
        if (nesting == 0) {
            p = start;
            code = ErrorCode::nesting_too_deep;
        } else if (count > 0) {
            code = read_any_contents(p, end, *start == kTagObject, count, nesting, canonical);
        }
    }
    if (ROPEWALK_LIKELY(code == ErrorCode::ok)) return {};
    return {code, static_cast<std::uint64_t>(p - start)};
}

}  // namespace crdt::detail
