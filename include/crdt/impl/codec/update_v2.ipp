#pragma once

#include "../../base/utf.hpp"
#include "../../codec/any.hpp"
#include "../../codec/any_to_json.hpp"
#include "../../codec/columns_v2.hpp"
#include "../../codec/json.hpp"
#include "../../codec/reader.hpp"
#include "../../codec/update_v2.hpp"
#include "crossed_origins.ipp"
#include "delete_set_v2.ipp"
#include "update_columns.ipp"
#include "update_sections.ipp"

namespace crdt::detail {

// One pass over all columns. Functions are false on failure, with code_ and bad_ set.
class UpdateDecoderV2 : UpdateColumns {
public:
    using UpdateColumns::UpdateColumns;

    [[nodiscard]] Error run() noexcept {
        if (ROPEWALK_LIKELY(columns() && structs() && delete_set())) {
            if (!out_.rebuilt.empty()) out_.input = {out_.rebuilt.data(), out_.rebuilt.size()};
            return {};
        }
        return {code_, static_cast<std::uint64_t>(bad_ - begin_)};
    }

private:
    // -- clients and ids --------------------------------------------------------------------------

    [[nodiscard]] ROPEWALK_NEVER_INLINE bool find_slot(std::uint64_t client,
                                                       std::uint32_t& slot) noexcept {
        slot = out_.slots.slot_of(client, out_.clients);
        if (slot == kNoSlot) return fail(ErrorCode::out_of_memory, p_);
        if (out_.clients.size() > clients_of(limits_)) return fail(ErrorCode::limit_exceeded, p_);
        other_client_ = client;
        other_slot_ = slot;
        return true;
    }
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool slot_of(std::uint64_t client,
                                                      std::uint32_t& slot) noexcept {
        if (ROPEWALK_LIKELY(client == own_client_)) {
            slot = own_slot_;
        } else if (client == other_client_) {
            slot = other_slot_;
        } else {
            return find_slot(client, slot);
        }
        return true;
    }
    // `clock` is that of the item itself: it cannot refer to itself or to what follows it.
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool id(IntDiffOptRleReader& clocks,
                                                 WireId& to,
                                                 std::uint32_t clock) noexcept {
        std::uint64_t client = 0;
        std::uint64_t value = 0;
        if (ROPEWALK_UNLIKELY(!clients_.read(client))) return fail_in(clients_);
        if (ROPEWALK_UNLIKELY(!slot_of(client, to.slot))) return false;
        if (ROPEWALK_UNLIKELY(!clocks.read(value))) return fail_in(clocks);
        if (ROPEWALK_UNLIKELY(value > kMaxClock)) {
            return fail(ErrorCode::limit_exceeded, clocks.at());
        }
        to.clock = static_cast<std::uint32_t>(value);
        if (ROPEWALK_UNLIKELY(to.clock >= clock && to.slot == own_slot_)) {
            return fail(ErrorCode::invalid_struct, clocks.at());
        }
        return true;
    }

    // -- structs ----------------------------------------------------------------------------------

    [[nodiscard]] bool structs() noexcept {
        std::uint64_t sections = 0;
        if (!count(2, sections)) return false;  // structs, clock
        std::uint64_t structs_left = structs_of(limits_, static_cast<std::size_t>(end_ - begin_));
        for (std::uint64_t i = 0; i < sections; ++i) {
            const Cursor at = p_;
            std::uint64_t structs = 0;
            std::uint64_t client = 0;
            std::uint64_t clock = 0;
            if (!number(structs)) return false;
            if (structs > structs_left) return fail(ErrorCode::limit_exceeded, at);
            structs_left -= structs;
            if (!clients_.read(client)) return fail_in(clients_);
            own_client_ = ~std::uint64_t{0};
            if (!find_slot(client, own_slot_)) return false;
            own_client_ = client;
            const Cursor clock_at = p_;
            if (!number(clock)) return false;
            if (clock > kMaxClock) return fail(ErrorCode::limit_exceeded, clock_at);
            if (!list_.begin(own_slot_, static_cast<std::uint32_t>(structs), sections > 1)) {
                return fail(ErrorCode::out_of_memory, at);
            }
            if (!section(clock, structs)) return false;
        }
        list_.finish();
        return true;
    }

    [[nodiscard]] bool section(std::uint64_t clock, std::uint64_t structs) noexcept {
        // Room is made as structs are read: declaring them costs nothing.
        constexpr std::uint64_t kAtOnce = 1024;
        while (structs > 0) {
            const std::uint64_t now = structs < kAtOnce ? structs : kAtOnce;
            structs -= now;
            if (!out_.blocks.reserve_more(static_cast<std::size_t>(now))) {
                return fail(ErrorCode::out_of_memory, p_);
            }
            BlockView* block = out_.blocks.data() + out_.blocks.size();
            for (std::uint64_t i = 0; i < now; ++i, ++block) {
                if (!one(*block, static_cast<std::uint32_t>(clock))) return false;
                clock += block->length;
                crossed_.note(*block);
                if (ROPEWALK_UNLIKELY(clock > kMaxClock)) {
                    return fail(ErrorCode::limit_exceeded, p_);
                }
            }
            out_.blocks.set_size(out_.blocks.size() + static_cast<std::size_t>(now));
        }
        return true;
    }

    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool one(BlockView& block, std::uint32_t clock) noexcept {
        std::uint8_t info = 0;
        if (ROPEWALK_UNLIKELY(!infos_.read(info))) return fail_in(infos_);
        const unsigned ref = info & 0x1fU;
        block = BlockView{};
        block.slot = own_slot_;
        block.clock = clock;
        block.kind = static_cast<ContentKind>(ref);
        if (ROPEWALK_UNLIKELY(ref == 0 || ref > 9)) {
            if (ref == 0) return length(block);
            if (ref != 10) return fail(ErrorCode::unknown_content, infos_.at());
            const Cursor at = p_;
            std::uint64_t value = 0;
            return number(value) && set_length(block, value, at);
        }
        if ((info & 0x80U) != 0 && ROPEWALK_UNLIKELY(!id(left_clocks_, block.origin, clock))) {
            return false;
        }
        if ((info & 0x40U) != 0) {
            if (ROPEWALK_UNLIKELY(!id(right_clocks_, block.right_origin, clock))) return false;
            crossed_.settle(block);
        }
        if ((info & 0xc0U) == 0 && ROPEWALK_UNLIKELY(!parent(block, (info & 0x20U) != 0))) {
            return false;
        }
        if (ROPEWALK_LIKELY(block.kind == ContentKind::string)) return string(block);
        return content(block);
    }

    [[nodiscard]] bool parent(BlockView& block, bool has_key) noexcept {
        std::uint8_t is_root = 0;
        if (!parents_.read(is_root)) return fail_in(parents_);
        if (is_root == 1) {
            block.parent = ParentRef::root;
            if (!text(block.root)) return false;
        } else {  // Yjs takes anything but 1 for 0
            block.parent = ParentRef::item;
            if (!id(left_clocks_, block.parent_item, block.clock)) return false;
        }
        block.has_key = has_key;
        return !has_key || text(block.key);
    }

    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool string(BlockView& block) noexcept {
        ColumnText text;
        if (ROPEWALK_UNLIKELY(!strings_.read(text))) return fail_in(strings_);
        if (ROPEWALK_UNLIKELY(text.units == 0)) {
            return fail(ErrorCode::invalid_struct, strings_.at());
        }
        block.length = text.units;
        if (ROPEWALK_LIKELY(text.ascii)) {
            block.content = slice(text.from, text.size);
            block.flags = BlockView::kAscii | BlockView::kCanonical;
            return true;
        }
        return wide_string(text, block);
    }
    [[nodiscard]] ROPEWALK_NEVER_INLINE bool wide_string(const ColumnText& text,
                                                         BlockView& block) noexcept {
        block.flags = BlockView::kCanonical;
        if (text.pairs > 0) block.flags |= BlockView::kPairs;
        if (text.has_halves()) {
            block.flags |= BlockView::kHalves;
            return rebuild(text, true, block.content);
        }
        block.content = slice(text.from, text.size);
        return true;
    }

    // A number of clocks that has no bytes behind it.
    [[nodiscard]] bool set_length(BlockView& block, std::uint64_t value, Cursor at) noexcept {
        if (value == 0 || value > kMaxVarUint - block.clock) {
            return fail(ErrorCode::invalid_struct, at);
        }
        if (value > kMaxClock) return fail(ErrorCode::limit_exceeded, at);
        block.length = static_cast<std::uint32_t>(value);
        block.flags = BlockView::kCanonical;
        return true;
    }
    [[nodiscard]] bool length(BlockView& block) noexcept {
        std::uint64_t value = 0;
        if (!lengths_.read(value)) return fail_in(lengths_);
        return set_length(block, value, lengths_.at());
    }

    [[nodiscard]] ROPEWALK_NEVER_INLINE bool content(BlockView& block) noexcept {
        block.length = 1;
        block.flags = BlockView::kCanonical;
        switch (block.kind) {
            case ContentKind::deleted:
                return length(block);
            case ContentKind::json:
                return json_list(block);
            case ContentKind::any:
                return any_list(block);
            case ContentKind::binary:
                return var_bytes(block.content);
            case ContentKind::embed:
                return json_value(nullptr, block);
            case ContentKind::format: {
                Slice key;
                return name(key) && json_value(&key, block);
            }
            case ContentKind::type:
                return type(block);
            default:
                return document(block);
        }
    }

    [[nodiscard]] bool any_list(BlockView& block) noexcept {
        std::uint64_t values = 0;
        if (!lengths_.read(values)) return fail_in(lengths_);
        if (values == 0) return fail(ErrorCode::invalid_struct, lengths_.at());
        if (values > left()) return fail(ErrorCode::unexpected_end, lengths_.at());
        const Cursor from = p_;
        for (std::uint64_t i = 0; i < values; ++i) {
            ByteView value;
            bool canonical = true;
            if (!any(value, canonical)) return false;
            if (!canonical) block.flags = 0;
        }
        block.length = static_cast<std::uint32_t>(values);
        block.content = slice(from, static_cast<std::size_t>(p_ - from));
        return true;
    }

    [[nodiscard]] bool json_list(BlockView& block) noexcept {
        constexpr std::string_view kUndefined = "undefined";
        std::uint64_t texts = 0;
        if (!lengths_.read(texts)) return fail_in(lengths_);
        if (texts == 0) return fail(ErrorCode::invalid_struct, lengths_.at());
        if (texts > static_cast<std::uint64_t>(end_ - begin_)) {
            return fail(ErrorCode::unexpected_end, lengths_.at());
        }
        json_.clear();
        for (std::uint64_t i = 0; i < texts; ++i) {
            Slice at;
            if (!text(at)) return false;
            const std::uint8_t* const from = rebuilt_.at(at);
            const ByteView json{from, at.size};
            if (as_text(json) != kUndefined) {
                const std::uint8_t* p = from;
                const ErrorCode code = validate_json(p, from + at.size, nesting_of(limits_));
                if (code != ErrorCode::ok) return fail(code, strings_.at());
            }
            Writer out(json_);
            out.var_bytes(json);
            if (!out.ok()) return fail(ErrorCode::out_of_memory, p_);
        }
        if (!room(json_.size())) return false;
        block.length = static_cast<std::uint32_t>(texts);
        block.content = rebuilt_.begin();
        rebuilt_.put(json_);
        rebuilt_.end(block.content);
        return true;
    }

    // The value of an embed, or that of a format behind its key: JSON text as V1 has it, unless
    // JSON cannot say it.
    [[nodiscard]] bool json_value(const Slice* key, BlockView& block) noexcept {
        ByteView value;
        bool canonical = true;
        if (!any(value, canonical)) return false;
        canonical_.clear();
        json_.clear();
        if (!canonical) {
            if (!canonicalise_any(value, canonical_)) return fail(ErrorCode::out_of_memory, p_);
            value = canonical_;
        }
        bool exact = false;
        if (!any_to_json(AnyView(value), json_, exact)) return fail(ErrorCode::out_of_memory, p_);
        if (exact) {
            value = json_;
        } else {
            block.flags |= BlockView::kAnyValue;
        }
        if (!room(2 * kMaxVarUintSize + (key == nullptr ? 0 : key->size) + value.size())) {
            return false;
        }
        block.content = rebuilt_.begin();
        if (key != nullptr) {
            rebuilt_.put_sized(*key);
            if (exact) rebuilt_.put_number(value.size());
        }
        rebuilt_.put(value);
        rebuilt_.end(block.content);
        return true;
    }

    [[nodiscard]] bool type(BlockView& block) noexcept {
        constexpr std::uint64_t kElement = 3;
        constexpr std::uint64_t kHook = 5;
        std::uint64_t ref = 0;
        if (!type_refs_.read(ref)) return fail_in(type_refs_);
        if (ref >= kTypes) return fail(ErrorCode::unknown_content, type_refs_.at());
        const bool named = ref == kElement || ref == kHook;
        if (!named && plain_types_[ref] != 0) {
            block.content = {plain_types_[ref], 1};
            return true;
        }
        Slice of;
        if (named && !name(of)) return false;
        if (!room(2 * kMaxVarUintSize + of.size)) return false;
        block.content = rebuilt_.begin();
        rebuilt_.put_number(ref);
        if (named) {
            rebuilt_.put_sized(of);
        } else {
            plain_types_[ref] = block.content.offset;
        }
        rebuilt_.end(block.content);
        return true;
    }

    [[nodiscard]] bool document(BlockView& block) noexcept {
        Slice guid;
        if (!text(guid)) return false;
        const Cursor at = p_;
        ByteView options;
        bool canonical = true;
        if (!any(options, canonical)) return false;
        if (options[0] != kTagObject) return fail(ErrorCode::invalid_struct, at);
        if (!canonical) block.flags = 0;
        if (!room(kMaxVarUintSize + guid.size + options.size())) return false;
        block.content = rebuilt_.begin();
        rebuilt_.put_sized(guid);
        rebuilt_.put(options);
        rebuilt_.end(block.content);
        return true;
    }

    // -- delete set -------------------------------------------------------------------------------

    [[nodiscard]] bool delete_set() noexcept {
        std::uint64_t clients = 0;
        if (!count(2, clients)) return false;
        for (std::uint64_t i = 0; i < clients; ++i) {
            std::uint64_t client = 0;
            std::uint32_t slot = kNoSlot;
            std::uint64_t ranges = 0;
            if (!number(client) || !slot_of(client, slot) || !count(2, ranges)) return false;
            if (!out_.deletes.reserve_more(static_cast<std::size_t>(ranges))) {
                return fail(ErrorCode::out_of_memory, p_);
            }
            std::uint64_t behind = 0;
            for (std::uint64_t k = 0; k < ranges; ++k) {
                const Cursor at = p_;
                std::uint64_t distance = 0;
                std::uint64_t less_one = 0;
                std::uint64_t clock = 0;
                std::uint64_t length = 0;
                if (!number(distance) || !number(less_one)) return false;
                const ErrorCode code = delete_range_v2(distance, less_one, behind, clock, length);
                if (ROPEWALK_UNLIKELY(code != ErrorCode::ok)) return fail(code, at);
                out_.deletes.push_back_reserved(
                    {slot, static_cast<std::uint32_t>(clock), static_cast<std::uint32_t>(length)});
            }
        }
        return true;
    }

    static constexpr std::uint64_t kTypes = 7;

    UpdateSections list_{out_};
    CrossedOrigins crossed_{out_};
    std::uint32_t plain_types_[kTypes] = {};  // offsets of contents that have been rebuilt
    Bytes json_;
    Bytes canonical_;

    // The client of the section, and the one named last besides.
    std::uint64_t own_client_ = ~std::uint64_t{0};
    std::uint32_t own_slot_ = kNoSlot;
    std::uint64_t other_client_ = ~std::uint64_t{0};
    std::uint32_t other_slot_ = kNoSlot;
};

ROPEWALK_INLINE Error decode_update_v2(ByteView input,
                                       const Limits& limits,
                                       DecodedUpdate& out) noexcept {
    out.clear();
    if (input.size() > update_bytes_of(limits)) {
        return {ErrorCode::limit_exceeded, update_bytes_of(limits)};
    }
    out.input = input;
    return UpdateDecoderV2(input, limits, out).run();
}

ROPEWALK_INLINE Error decode_update(UpdateFormat format,
                                    ByteView input,
                                    const Limits& limits,
                                    DecodedUpdate& out) noexcept {
    return format == UpdateFormat::v1 ? decode_update_v1(input, limits, out)
                                      : decode_update_v2(input, limits, out);
}

}  // namespace crdt::detail
