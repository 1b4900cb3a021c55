// Updates one struct at a time, straight from their bytes: no table of blocks, no document.
//
// All of update/ works on V1. Updates in V2 are turned into V1 with three kinds more
// (exact_form.hpp), so that what only V2 can say is not lost on the way.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "../base/bytes.hpp"
#include "../base/call.hpp"
#include "../base/ids.hpp"
#include "../base/result.hpp"
#include "../base/utf.hpp"
#include "../codec/block.hpp"
#include "../codec/limits.hpp"
#include "../codec/update_v1.hpp"
#include "../codec/varint.hpp"

namespace crdt::detail {

struct UpdateId {
    std::uint64_t client = 0;
    std::uint32_t clock = 0;
    bool exists = false;
    friend constexpr bool operator==(const UpdateId&, const UpdateId&) = default;
};

// Views into the update.
struct UpdateBlock {
    const std::uint8_t* from = nullptr;     // the info byte
    const std::uint8_t* content = nullptr;  // the content, its count or length included
    const std::uint8_t* to = nullptr;
    const std::uint8_t* payload = nullptr;  // the content behind its count or length
    std::uint32_t clock = 0;
    std::uint32_t length = 0;
    std::uint8_t info = 0;
    ContentKind kind = ContentKind::gc;
    bool exact = false;   // a kind that V1 does not have: of an embed, a format, a text with halves
    bool narrow = false;  // string: one byte a unit
    bool has_key = false;
    ParentRef parent = ParentRef::inherit;
    UpdateId origin;
    UpdateId right_origin;
    UpdateId parent_item;
    ByteView root;
    ByteView key;

    [[nodiscard]] std::uint32_t end() const noexcept { return clock + length; }
    [[nodiscard]] bool is_item() const noexcept {
        return kind != ContentKind::gc && kind != ContentKind::skip;
    }
};

inline constexpr unsigned kHasOrigin = 0x80U;
inline constexpr unsigned kHasRight = 0x40U;
inline constexpr unsigned kHasKey = 0x20U;
inline constexpr unsigned kExact = 0x10U;  // exact_form.hpp

enum class UpdateForm : std::uint8_t { v1, exact };

// Reads what an update consists of, in order, within its bytes; as strict as the decoder of
// documents. The first failure sticks.
class UpdateReader {
public:
    UpdateReader() noexcept = default;
    UpdateReader(ByteView update, UpdateForm form, const Limits& limits) noexcept
        : begin_(update.data()),
          p_(begin_),
          end_(begin_ + update.size()),
          form_(form),
          nesting_(nesting_of(limits)),
          structs_left_(structs_of(limits, update.size())) {
        if (update.size() > update_bytes_of(limits)) {
            fail(ErrorCode::limit_exceeded, begin_ + update_bytes_of(limits));
            end_ = begin_;  // whatever is read fails
        }
    }

    [[nodiscard]] bool ok() const noexcept { return code_ == ErrorCode::ok; }
    [[nodiscard]] Error error() const noexcept {
        return {code_, ok() ? 0 : static_cast<std::uint64_t>(bad_ - begin_)};
    }
    [[nodiscard]] const std::uint8_t* at() const noexcept { return p_; }
    [[nodiscard]] std::size_t offset() const noexcept {
        return static_cast<std::size_t>(p_ - begin_);
    }
    // Goes on at a section whose place an earlier reader told.
    void move_to(std::size_t offset) noexcept { p_ = begin_ + offset; }

    [[nodiscard]] bool begin_sections(std::uint64_t& sections) noexcept {
        return count(3, sections);  // count, client, clock
    }
    [[nodiscard]] bool begin_section() noexcept;
    [[nodiscard]] std::uint64_t client() const noexcept { return client_; }
    [[nodiscard]] std::uint64_t structs_left() const noexcept { return section_left_; }
    [[nodiscard]] std::uint32_t clock() const noexcept { return clock_; }
    // requires: structs_left() > 0
    [[nodiscard]] bool next(UpdateBlock& block) noexcept;

    // Passes over text in ASCII, and what is deleted, that stands beside something, up to what
    // next() has to look at: for who asks only for clocks.
    void skim() noexcept;

    // The delete set: f(client, clock, length) is false when memory is exhausted.
    template <class F>
    [[nodiscard]] bool deletes(F&& f) noexcept;

private:
    using Cursor = const std::uint8_t*;

    ROPEWALK_NEVER_INLINE bool fail(ErrorCode code, Cursor at) noexcept {
        if (!ok()) return false;
        code_ = code;
        bad_ = at;
        return false;
    }
    ROPEWALK_NEVER_INLINE bool fail_number() noexcept {
        return fail(p_ == end_ ? ErrorCode::unexpected_end : ErrorCode::invalid_varint, p_);
    }
    [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - p_); }
    [[nodiscard]] ROPEWALK_INLINE_ANYWAY bool number(std::uint64_t& value) noexcept {
        if (ROPEWALK_LIKELY(read_var_uint(p_, end_, value))) return true;
        return fail_number();
    }
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool count(std::size_t least,
                                                    std::uint64_t& value) noexcept {
        const Cursor at = p_;
        if (ROPEWALK_UNLIKELY(!number(value))) return false;
        return ROPEWALK_LIKELY(value <= left() / least) || fail(ErrorCode::unexpected_end, at);
    }
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool var_bytes(ByteView& bytes) noexcept {
        std::uint64_t size = 0;
        if (ROPEWALK_UNLIKELY(!count(1, size))) return false;
        bytes = {p_, static_cast<std::size_t>(size)};
        p_ += size;
        return true;
    }
    [[nodiscard]] bool var_string(ByteView& text) noexcept;
    [[nodiscard]] bool id(UpdateId& to) noexcept;
    [[nodiscard]] bool parent(UpdateBlock& block) noexcept;
    [[nodiscard]] bool string(UpdateBlock& block) noexcept;
    [[nodiscard]] bool wide_string(UpdateBlock& block) noexcept;
    [[nodiscard]] bool range(UpdateBlock& block) noexcept;
    [[nodiscard]] bool content(UpdateBlock& block) noexcept;
    [[nodiscard]] bool any() noexcept;
    [[nodiscard]] bool json_text(bool may_be_undefined) noexcept;
    [[nodiscard]] bool json_value(bool exact) noexcept { return exact ? any() : json_text(false); }
    [[nodiscard]] bool values(UpdateBlock& block) noexcept;

    Cursor begin_ = nullptr;
    Cursor p_ = nullptr;
    Cursor end_ = nullptr;
    Cursor bad_ = nullptr;
    std::uint64_t client_ = 0;
    std::uint64_t section_left_ = 0;
    std::uint32_t clock_ = 0;  // of the next struct
    ErrorCode code_ = ErrorCode::ok;
    UpdateForm form_ = UpdateForm::v1;
    std::uint32_t nesting_ = 0;
    std::uint64_t structs_left_ = 0;
};

ROPEWALK_ALWAYS_INLINE bool UpdateReader::next(UpdateBlock& block) noexcept {
    if (ROPEWALK_UNLIKELY(p_ == end_)) return fail_number();
    block.from = p_;
    block.clock = clock_;
    block.info = *p_++;
    const unsigned info = block.info;
    unsigned ref = info & 0x1fU;
    block.exact = false;
    if (ROPEWALK_UNLIKELY((ref & kExact) != 0)) {
        ref &= 0xfU;
        block.exact = true;
        const bool known = ref == static_cast<unsigned>(ContentKind::string) ||
                           ref == static_cast<unsigned>(ContentKind::embed) ||
                           ref == static_cast<unsigned>(ContentKind::format);
        if (form_ != UpdateForm::exact || !known) {
            return fail(ErrorCode::unknown_content, block.from);
        }
    }
    block.kind = static_cast<ContentKind>(ref);
    block.origin.exists = block.right_origin.exists = false;
    block.has_key = false;
    block.parent = ParentRef::inherit;
    if (ROPEWALK_UNLIKELY(ref == 0 || ref > 9)) {
        if (ref != 0 && ref != 10) return fail(ErrorCode::unknown_content, block.from);
        block.content = p_;
        if (!range(block)) return false;
    } else {
        if ((info & kHasOrigin) != 0 && ROPEWALK_UNLIKELY(!id(block.origin))) return false;
        if ((info & kHasRight) != 0 && ROPEWALK_UNLIKELY(!id(block.right_origin))) return false;
        if ((info & (kHasOrigin | kHasRight)) == 0 && ROPEWALK_UNLIKELY(!parent(block))) {
            return false;
        }
        block.content = p_;
        if (ROPEWALK_LIKELY(block.kind == ContentKind::string)) {
            if (ROPEWALK_UNLIKELY(!string(block))) return false;
        } else if (!content(block)) {
            return false;
        }
    }
    block.to = p_;
    if (ROPEWALK_UNLIKELY(std::uint64_t{clock_} + block.length > kMaxClock)) {
        return fail(ErrorCode::limit_exceeded, block.from);
    }
    clock_ += block.length;
    --section_left_;
    return true;
}

ROPEWALK_ALWAYS_INLINE bool UpdateReader::id(UpdateId& to) noexcept {
    const Cursor at = p_;
    std::uint64_t clock = 0;
    if (ROPEWALK_UNLIKELY(!number(to.client))) return false;
    const Cursor clock_at = p_;
    if (ROPEWALK_UNLIKELY(!number(clock))) return false;
    if (ROPEWALK_UNLIKELY(clock > kMaxClock)) return fail(ErrorCode::limit_exceeded, clock_at);
    to.clock = static_cast<std::uint32_t>(clock);
    to.exists = true;
    // An item cannot refer to itself or to what follows it.
    if (ROPEWALK_UNLIKELY(clock >= clock_ && to.client == client_)) {
        return fail(ErrorCode::invalid_struct, at);
    }
    return true;
}

ROPEWALK_ALWAYS_INLINE bool UpdateReader::string(UpdateBlock& block) noexcept {
    ByteView text;
    if (ROPEWALK_UNLIKELY(!var_bytes(text))) return false;
    if (ROPEWALK_UNLIKELY(text.empty())) return fail(ErrorCode::invalid_struct, block.content);
    block.payload = text.data();
    block.length = static_cast<std::uint32_t>(text.size());
    block.narrow = is_ascii(text);
    return ROPEWALK_LIKELY(block.narrow) || wide_string(block);
}

// Which of eight bytes end a number, a bit each.
[[nodiscard]] inline unsigned number_ends(const std::uint8_t* p) noexcept {
    return static_cast<unsigned>(((~load_word(p) & kHighBits) * 0x0002040810204081U) >> 56);
}

inline void UpdateReader::skim() noexcept {
    if constexpr (std::endian::native != std::endian::little) return;
    constexpr std::size_t kWindow = 26;  // info, 16 bytes of ids, size, 8 bytes of text
    constexpr unsigned kIds = kHasOrigin | kHasRight;
    constexpr auto kText = static_cast<unsigned>(ContentKind::string);
    constexpr std::uint64_t kSkimmed =
        1ULL << kText | 1ULL << static_cast<unsigned>(ContentKind::deleted);
    if (left() < kWindow) return;
    const Cursor last = end_ - kWindow;
    Cursor p = p_;
    std::uint32_t clock = clock_;
    std::uint64_t structs = section_left_;
    while (structs > 0 && p <= last) {
        const unsigned info = *p;
        if ((kSkimmed >> (info & 0x3fU) & 1) == 0 || (info & kIds) == 0) break;
        // Two numbers for each id, and no branch that depends on how long they are.
        const unsigned ends = number_ends(p + 1) | number_ends(p + 9) << 8;
        unsigned rest = ends & (ends - 1);
        rest &= rest - 1;
        unsigned behind_both = rest & (rest - 1);
        behind_both &= behind_both - 1;
        rest = (info & kIds) == kIds ? behind_both : rest;
        if (rest == 0) break;
        const auto at = static_cast<unsigned>(std::countr_zero(rest));
        if ((ends >> (at - 1) & 1U) == 0) break;  // a size of more bytes than one
        const std::uint32_t size = p[1 + at];
        const Cursor text = p + 2 + at;
        if (size == 0 || std::uint64_t{clock} + size > kMaxClock) break;
        // What is deleted has no bytes: no branch on that either, for nobody foresees it.
        const std::uint32_t bytes = (info & kText) != 0 ? size : 0;
        if (ROPEWALK_LIKELY(bytes <= 8)) {
            const unsigned unused = 64 - 8 * bytes;
            if (((load_word(text) << (unused / 2) << (unused - unused / 2)) & kHighBits) != 0) {
                break;
            }
        } else if (bytes > static_cast<std::size_t>(end_ - text) || !is_ascii({text, bytes})) {
            break;
        }
        p = text + bytes;
        clock += size;
        --structs;
    }
    p_ = p;
    clock_ = clock;
    section_left_ = structs;
}

template <class F>
bool UpdateReader::deletes(F&& f) noexcept {
    if constexpr (kCallInstead<F>) {
        return deletes(Call<bool(std::uint64_t, std::uint32_t, std::uint32_t)>(f));
    }
    std::uint64_t clients = 0;
    if (!count(2, clients)) return false;
    for (; clients > 0; --clients) {
        std::uint64_t client = 0;
        std::uint64_t ranges = 0;
        if (!number(client) || !count(2, ranges)) return false;
        for (; ranges > 0; --ranges) {
            const Cursor at = p_;
            std::uint64_t clock = 0;
            std::uint64_t length = 0;
            if (!number(clock) || !number(length)) return false;
            const ErrorCode code = check_delete_range(clock, length);
            if (ROPEWALK_UNLIKELY(code != ErrorCode::ok)) return fail(code, at);
            if (!f(client, static_cast<std::uint32_t>(clock), static_cast<std::uint32_t>(length))) {
                return fail(ErrorCode::out_of_memory, at);
            }
        }
    }
    return true;
}

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/update/update_block.ipp"
#endif
