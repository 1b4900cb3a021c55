#pragma once

#include <bit>

#include "../../base/utf.hpp"
#include "../../codec/any.hpp"
#include "../../codec/json.hpp"
#include "../../codec/reader.hpp"
#include "../../codec/update_v1.hpp"
#include "update_sections.ipp"

namespace crdt::detail {

// One pass over the bytes. Reading functions take the cursor and return where they ended, nullptr
// on failure with code_ and bad_ set: so the cursor stays in a register.
class UpdateDecoder {
public:
    UpdateDecoder(ByteView input, const Limits& limits, DecodedUpdate& out, bool parked) noexcept
        : begin_(input.data()),
          end_(begin_ + input.size()),
          limits_(limits),
          out_(out),
          parked_(parked) {}

    [[nodiscard]] Error run() noexcept {
        const std::uint8_t* p = structs(begin_);
        if (p != nullptr) p = delete_set(p);
        if (ROPEWALK_LIKELY(p != nullptr)) return {};
        return {code_, static_cast<std::uint64_t>(bad_ - begin_)};
    }

private:
    using Cursor = const std::uint8_t*;

    ROPEWALK_NEVER_INLINE Cursor fail(ErrorCode code, Cursor at) noexcept {
        code_ = code;
        bad_ = at;
        return nullptr;
    }
    Cursor fail_number(Cursor at) noexcept {
        return fail(at == end_ ? ErrorCode::unexpected_end : ErrorCode::invalid_varint, at);
    }
    [[nodiscard]] std::size_t left(Cursor p) const noexcept {
        return static_cast<std::size_t>(end_ - p);
    }
    [[nodiscard]] Slice slice(Cursor from, std::size_t size) const noexcept {
        return {static_cast<std::uint32_t>(from - begin_), static_cast<std::uint32_t>(size)};
    }

    // A number of things that take at least `least` bytes each.
    ROPEWALK_INLINE_ANYWAY Cursor count(Cursor p,
                                        std::size_t least,
                                        std::uint64_t& value) noexcept {
        if (ROPEWALK_LIKELY(p != end_ && *p < 0x80)) {
            value = *p++;
            if (ROPEWALK_LIKELY(value * least <= left(p))) return p;
            return fail(ErrorCode::unexpected_end, p - 1);
        }
        return large_count(p, least, value);
    }
    ROPEWALK_NEVER_INLINE Cursor large_count(Cursor p,
                                             std::size_t least,
                                             std::uint64_t& value) noexcept {
        const Cursor at = p;
        if (!read_var_uint(p, end_, value)) return fail_number(at);
        if (value * least > left(p)) return fail(ErrorCode::unexpected_end, at);
        return p;
    }
    ROPEWALK_ALWAYS_INLINE Cursor var_bytes(Cursor p, Slice& bytes) noexcept {
        const Cursor at = p;
        std::uint64_t size = 0;
        if (ROPEWALK_UNLIKELY(!read_var_uint(p, end_, size))) return fail_number(at);
        if (ROPEWALK_UNLIKELY(size > left(p))) return fail(ErrorCode::unexpected_end, at);
        bytes = slice(p, static_cast<std::size_t>(size));
        return p + size;
    }
    Cursor var_string(Cursor p, Slice& text) noexcept {
        p = var_bytes(p, text);
        if (p == nullptr) return nullptr;
        const Cursor from = p - text.size;
        const Utf8Scan scan = scan_utf8({from, text.size});
        if (!scan.valid) return fail(ErrorCode::invalid_utf8, from + scan.bad_offset);
        return p;
    }

    // -- clients and ids --------------------------------------------------------------------------

    ROPEWALK_NEVER_INLINE Cursor find_slot(std::uint64_t client,
                                           std::uint32_t& slot,
                                           Cursor p,
                                           Cursor at) noexcept {
        slot = out_.slots.slot_of(client, out_.clients);
        if (slot == kNoSlot) return fail(ErrorCode::out_of_memory, at);
        if (out_.clients.size() > clients_of(limits_)) return fail(ErrorCode::limit_exceeded, at);
        other_client_ = client;
        other_slot_ = slot;
        return p;
    }
    ROPEWALK_ALWAYS_INLINE Cursor client(Cursor p, std::uint32_t& slot) noexcept {
        // Most ids are the section's own: its bytes are compared in one word.
        if (ROPEWALK_LIKELY(left(p) >= 8)) {
            if ((load_word(p) & own_mask_) == own_word_) {
                slot = own_slot_;
                return p + own_size_;
            }
        }
        const Cursor at = p;
        std::uint64_t id = 0;
        if (ROPEWALK_UNLIKELY(!read_var_uint(p, end_, id))) return fail_number(at);
        if (id == own_client_) {
            slot = own_slot_;
        } else if (id == other_client_) {
            slot = other_slot_;
        } else {
            return find_slot(id, slot, p, at);
        }
        return p;
    }
    // `clock` is that of the item itself: it cannot refer to itself or to what follows it.
    ROPEWALK_HOT ROPEWALK_ALWAYS_INLINE Cursor id(Cursor p,
                                                  WireId& to,
                                                  std::uint32_t clock) noexcept {
        const Cursor at = p;
        p = client(p, to.slot);
        if (ROPEWALK_UNLIKELY(p == nullptr)) return nullptr;
        const Cursor clock_at = p;
        std::uint64_t value = 0;
        if (ROPEWALK_UNLIKELY(!read_var_uint(p, end_, value))) return fail_number(clock_at);
        if (ROPEWALK_UNLIKELY(value > kMaxClock)) return fail(ErrorCode::limit_exceeded, clock_at);
        to.clock = static_cast<std::uint32_t>(value);
        if (ROPEWALK_UNLIKELY(to.clock >= clock && to.slot == own_slot_)) {
            return fail(ErrorCode::invalid_struct, at);
        }
        return p;
    }
    void set_section_client(std::uint64_t client,
                            std::uint32_t slot,
                            Cursor from,
                            Cursor to) noexcept {
        own_client_ = client;
        own_slot_ = slot;
        own_size_ = static_cast<std::uint32_t>(to - from);
        // Without a match: (word & 0) != 1.
        own_mask_ = 0;
        own_word_ = 1;
        if constexpr (std::endian::native == std::endian::little) {
            if (own_size_ <= 8 && left(from) >= 8) {
                own_mask_ = ~std::uint64_t{0} >> (64 - 8 * own_size_);
                own_word_ = load_word(from) & own_mask_;
            }
        }
    }

    // -- structs ----------------------------------------------------------------------------------

    Cursor structs(Cursor p) noexcept {
        std::uint64_t sections = 0;
        p = count(p, 3, sections);  // count, client, clock
        if (p == nullptr) return nullptr;
        structs_left_ = structs_of(limits_, left(begin_));
        for (std::uint64_t i = 0; i < sections; ++i) {
            const Cursor count_at = p;
            std::uint64_t structs = 0;
            p = count(p, 2, structs);  // kind, length
            if (p == nullptr) return nullptr;
            if (structs > structs_left_) return fail(ErrorCode::limit_exceeded, count_at);
            structs_left_ -= structs;
            const Cursor client_at = p;
            std::uint64_t client = 0;
            std::uint32_t slot = kNoSlot;
            if (!read_var_uint(p, end_, client)) return fail_number(client_at);
            const Cursor clock_at = find_slot(client, slot, p, client_at);
            if (clock_at == nullptr) return nullptr;
            set_section_client(client, slot, client_at, clock_at);
            std::uint64_t clock = 0;
            if (!read_var_uint(p, end_, clock)) return fail_number(clock_at);
            if (clock > kMaxClock) return fail(ErrorCode::limit_exceeded, clock_at);
            if (!out_.blocks.reserve_more(static_cast<std::size_t>(structs)) ||
                !list_.begin(slot, static_cast<std::uint32_t>(structs), sections > 1)) {
                return fail(ErrorCode::out_of_memory, count_at);
            }
            p = section(p, static_cast<std::uint32_t>(clock), structs);
            if (p == nullptr) return nullptr;
        }
        list_.finish();
        return p;
    }

    ROPEWALK_HOT Cursor section(Cursor p,
                                std::uint32_t first_clock,
                                std::uint64_t structs) noexcept {
        BlockView* block = out_.blocks.data() + out_.blocks.size();
        std::uint64_t clock = first_clock;
        for (std::uint64_t i = 0; i < structs; ++i, ++block) {
            const Cursor at = p;
            p = one(p, *block, static_cast<std::uint32_t>(clock));
            if (ROPEWALK_UNLIKELY(p == nullptr)) return nullptr;
            clock += block->length;
            if (ROPEWALK_UNLIKELY(clock > kMaxClock)) {
                return fail(ErrorCode::limit_exceeded, at);
            }
        }
        out_.blocks.set_size(out_.blocks.size() + static_cast<std::size_t>(structs));
        return p;
    }

    ROPEWALK_ALWAYS_INLINE Cursor one(Cursor p, BlockView& block, std::uint32_t clock) noexcept {
        if (ROPEWALK_UNLIKELY(p == end_)) return fail(ErrorCode::unexpected_end, p);
        const unsigned info = *p++;
        const unsigned ref = info & 0x1fU;
        block = BlockView{};
        block.slot = own_slot_;
        block.clock = clock;
        block.kind = static_cast<ContentKind>(ref);
        if (ROPEWALK_UNLIKELY(ref == 0 || ref > 9)) {
            if (ref == 0 || ref == 10) return length(p, block);
            if (!parked_ || !set_parked_kind(ref, block)) {
                return fail(ErrorCode::unknown_content, p - 1);
            }
        }
        if ((info & 0x80U) != 0) {
            p = id(p, block.origin, clock);
            if (ROPEWALK_UNLIKELY(p == nullptr)) return nullptr;
        }
        if ((info & 0x40U) != 0) {
            p = id(p, block.right_origin, clock);
            if (ROPEWALK_UNLIKELY(p == nullptr)) return nullptr;
        }
        if ((info & 0xc0U) == 0) {
            p = parent(p, block, (info & 0x20U) != 0);
            if (ROPEWALK_UNLIKELY(p == nullptr)) return nullptr;
        }
        if (ROPEWALK_LIKELY(block.kind == ContentKind::string)) return string(p, block);
        return content(p, block);
    }

    Cursor parent(Cursor p, BlockView& block, bool has_key) noexcept {
        const Cursor at = p;
        std::uint64_t is_root = 0;
        if (!read_var_uint(p, end_, is_root)) return fail_number(at);
        if (is_root == 1) {
            block.parent = ParentRef::root;
            p = var_string(p, block.root);
        } else {  // Yjs takes anything but 1 for 0
            block.parent = ParentRef::item;
            p = id(p, block.parent_item, block.clock);
        }
        if (p != nullptr && has_key) {
            block.has_key = true;
            p = var_string(p, block.key);
        }
        return p;
    }

    // Short texts, whose sizes nobody can predict, without a branch on the size.
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool is_ascii_here(Cursor from,
                                                            std::uint32_t size) const noexcept {
        if constexpr (std::endian::native == std::endian::little) {
            if (ROPEWALK_LIKELY(size <= 8 && left(from) >= 8)) {
                return ((load_word(from) << (64 - 8 * size)) & kHighBits) == 0;
            }
        }
        return is_ascii(from, size);
    }

    ROPEWALK_ALWAYS_INLINE Cursor string(Cursor p, BlockView& block) noexcept {
        const Cursor at = p;
        p = var_bytes(p, block.content);
        if (ROPEWALK_UNLIKELY(p == nullptr)) return nullptr;
        const std::uint32_t size = block.content.size;
        if (ROPEWALK_UNLIKELY(size == 0)) return fail(ErrorCode::invalid_struct, at);
        if (ROPEWALK_LIKELY(is_ascii_here(p - size, size))) {
            block.length = size;
            block.flags = BlockView::kAscii | BlockView::kCanonical;
            return p;
        }
        return wide_string(p, block);
    }
    ROPEWALK_NEVER_INLINE Cursor wide_string(Cursor p, BlockView& block) noexcept {
        const Cursor from = p - block.content.size;
        if (block.has_halves()) {
            for (Cursor at = from; at != p; ++at) {
                if ((*at & 0xc0U) != 0x80U) block.length += *at < 0xf0 ? 1 : 2;
            }
            return p;
        }
        const Utf8Scan scan = scan_wide_utf8({from, block.content.size});
        if (!scan.valid) return fail(ErrorCode::invalid_utf8, from + scan.bad_offset);
        block.length = scan.utf16_length;
        block.flags = BlockView::kCanonical;
        if (scan.pairs() > 0) block.flags |= BlockView::kPairs;
        return p;
    }

    // A number of clocks that has no bytes behind it.
    Cursor length(Cursor p, BlockView& block) noexcept {
        const Cursor at = p;
        std::uint64_t value = 0;
        if (!read_var_uint(p, end_, value)) return fail_number(at);
        if (value == 0 || value > kMaxVarUint - block.clock) {
            return fail(ErrorCode::invalid_struct, at);
        }
        if (value > kMaxClock) return fail(ErrorCode::limit_exceeded, at);
        block.length = static_cast<std::uint32_t>(value);
        block.flags = BlockView::kCanonical;
        return p;
    }

    ROPEWALK_NEVER_INLINE Cursor content(Cursor p, BlockView& block) noexcept {
        const Cursor from = p;
        block.length = 1;
        block.flags |= BlockView::kCanonical;
        switch (block.kind) {
            case ContentKind::deleted:
                return length(p, block);
            case ContentKind::json:
                return json_list(p, block);
            case ContentKind::any:
                return any_list(p, block);
            case ContentKind::binary:
                return var_bytes(p, block.content);
            case ContentKind::embed:
                if (!block.has_any_value()) return json_text(p, block.content, false);
                p = any(p, block);
                break;
            case ContentKind::format:
                p = format(p, block);
                break;
            case ContentKind::type:
                p = type(p);
                break;
            default:
                p = document(p, block);
                break;
        }
        if (p != nullptr) block.content = slice(from, static_cast<std::size_t>(p - from));
        return p;
    }

    Cursor json_text(Cursor p, Slice& text, bool may_be_undefined) noexcept {
        p = var_string(p, text);
        if (p == nullptr) return nullptr;
        Cursor at = p - text.size;
        constexpr std::string_view kUndefined = "undefined";
        if (may_be_undefined && as_text({at, text.size}) == kUndefined) return p;
        const ErrorCode code = validate_json(at, p, nesting_of(limits_));
        if (code != ErrorCode::ok) return fail(code, at);
        return p;
    }
    Cursor json_list(Cursor p, BlockView& block) noexcept {
        const Cursor at = p;
        std::uint64_t texts = 0;
        p = count(p, 2, texts);
        if (p == nullptr) return nullptr;
        if (texts == 0) return fail(ErrorCode::invalid_struct, at);
        const Cursor from = p;
        for (std::uint64_t i = 0; i < texts; ++i) {
            Slice text;
            p = json_text(p, text, true);
            if (p == nullptr) return nullptr;
        }
        block.length = static_cast<std::uint32_t>(texts);
        block.content = slice(from, static_cast<std::size_t>(p - from));
        return p;
    }

    Cursor any(Cursor p, BlockView& block) noexcept {
        bool canonical = true;
        Cursor at = p;
        const Error error = validate_any(at, end_, limits_, canonical);
        if (ROPEWALK_UNLIKELY(error.code != ErrorCode::ok)) return fail(error.code, at);
        if (!canonical) block.flags &= static_cast<std::uint8_t>(~BlockView::kCanonical);
        return at;
    }
    Cursor any_list(Cursor p, BlockView& block) noexcept {
        const Cursor at = p;
        std::uint64_t values = 0;
        p = count(p, 1, values);
        if (p == nullptr) return nullptr;
        if (values == 0) return fail(ErrorCode::invalid_struct, at);
        const Cursor from = p;
        for (std::uint64_t i = 0; i < values; ++i) {
            p = any(p, block);
            if (p == nullptr) return nullptr;
        }
        block.length = static_cast<std::uint32_t>(values);
        block.content = slice(from, static_cast<std::size_t>(p - from));
        return p;
    }

    Cursor format(Cursor p, BlockView& block) noexcept {
        Slice text;
        p = var_string(p, text);
        if (p == nullptr) return nullptr;
        return block.has_any_value() ? any(p, block) : json_text(p, text, false);
    }
    Cursor type(Cursor p) noexcept {
        constexpr std::uint64_t kElement = 3;
        constexpr std::uint64_t kHook = 5;
        constexpr std::uint64_t kLast = 6;
        const Cursor at = p;
        std::uint64_t ref = 0;
        if (!read_var_uint(p, end_, ref)) return fail_number(at);
        if (ref > kLast) return fail(ErrorCode::unknown_content, at);
        Slice name;
        return ref == kElement || ref == kHook ? var_string(p, name) : p;
    }
    Cursor document(Cursor p, BlockView& block) noexcept {
        Slice guid;
        p = var_string(p, guid);
        if (p == nullptr) return nullptr;
        const Cursor options = p;
        p = any(p, block);
        if (p != nullptr && *options != kTagObject) {
            return fail(ErrorCode::invalid_struct, options);
        }
        return p;
    }

    // -- delete set -------------------------------------------------------------------------------

    Cursor delete_set(Cursor p) noexcept {
        std::uint64_t clients = 0;
        p = count(p, 2, clients);
        if (p == nullptr) return nullptr;
        for (std::uint64_t i = 0; i < clients; ++i) {
            std::uint32_t slot = kNoSlot;
            p = client(p, slot);
            if (p == nullptr) return nullptr;
            const Cursor at = p;
            std::uint64_t ranges = 0;
            p = count(p, 2, ranges);
            if (p == nullptr) return nullptr;
            if (!out_.deletes.reserve_more(static_cast<std::size_t>(ranges))) {
                return fail(ErrorCode::out_of_memory, at);
            }
            for (std::uint64_t k = 0; k < ranges; ++k) {
                DeleteRange range{slot, 0, 0};
                p = delete_range(p, range);
                if (p == nullptr) return nullptr;
                out_.deletes.push_back_reserved(range);
            }
        }
        return p;
    }

    ROPEWALK_ALWAYS_INLINE Cursor delete_range(Cursor p, DeleteRange& range) noexcept {
        const Cursor at = p;
        std::uint64_t clock = 0;
        std::uint64_t length = 0;
        if (!read_var_uint(p, end_, clock)) return fail_number(p);
        if (!read_var_uint(p, end_, length)) return fail_number(p);
        const ErrorCode code = check_delete_range(clock, length);
        if (ROPEWALK_UNLIKELY(code != ErrorCode::ok)) return fail(code, at);
        range.clock = static_cast<std::uint32_t>(clock);
        range.length = static_cast<std::uint32_t>(length);
        return p;
    }

    const Cursor begin_;
    const Cursor end_;
    const Limits& limits_;
    DecodedUpdate& out_;
    UpdateSections list_{out_};
    const bool parked_;

    // The client of the section, by id and by its first bytes, and the one named last besides.
    std::uint64_t own_mask_ = 0;
    std::uint64_t own_word_ = 1;
    std::uint64_t own_client_ = ~std::uint64_t{0};
    std::uint32_t own_slot_ = kNoSlot;
    std::uint32_t own_size_ = 0;
    std::uint64_t other_client_ = ~std::uint64_t{0};
    std::uint32_t other_slot_ = kNoSlot;

    ErrorCode code_ = ErrorCode::ok;
    Cursor bad_ = nullptr;
    std::uint64_t structs_left_ = 0;
};

}  // namespace crdt::detail
