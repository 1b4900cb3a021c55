#pragma once

#include "../../base/utf.hpp"
#include "../../storage/packed_blocks.hpp"

namespace crdt::detail {

ROPEWALK_INLINE bool PackedBlocks::run() noexcept {
    out_.clear();
    out_.input = pages_.in_place();
    if (out_.input.empty() || out_.input.size() > 0xffffffffU) return false;
    PageScratch unused;
    const Result<ByteView> text = pages_.all(SectionKind::text, unused);
    if (!text.ok() || !reader_.open_all().ok()) return false;
    text_ = *text;
    ascii_ = is_ascii(text_);
    std::uint64_t structs = 0;
    for (std::uint32_t i = 0; i < tables_.client_count(); ++i) structs += tables_.structs(i);
    // What the history can hold at most, and what it says that it does.
    const std::uint64_t most =
        2 * (pages_.section(SectionKind::history).size + pages_.section(SectionKind::deletes).size);
    if (structs > most || !out_.blocks.reserve(static_cast<std::size_t>(structs + structs / 4)) ||
        !out_.clients.reserve(tables_.client_count())) {
        return false;
    }
    for (std::uint32_t i = 0; i < tables_.client_count(); ++i) {
        if (tables_.client(i) > kMaxClientId || tables_.units(i) > kMaxClock) return false;
        if (i > 0 && tables_.client(i) >= tables_.client(i - 1)) return false;
        out_.clients.push_back_reserved(static_cast<ClientId>(tables_.client(i)));
    }
    for (std::uint32_t i = 0; i < tables_.client_count(); ++i) {
        if (!section(i)) return false;
    }
    return true;
}

ROPEWALK_INLINE bool PackedBlocks::section(std::uint32_t client) noexcept {
    const std::uint32_t end = tables_.units(client);
    const auto first = static_cast<std::uint32_t>(out_.blocks.size());
    if (end == 0 || !reader_.seek(client, 0).ok()) return false;
    for (;;) {
        if (!add(client)) return false;
        if (reader_.stretch().end() == end) break;
        if (!reader_.next().ok()) return false;
    }
    const auto count = static_cast<std::uint32_t>(out_.blocks.size()) - first;
    return out_.sections.push_back({client, first, count});
}

ROPEWALK_INLINE bool PackedBlocks::slice_of(std::uint32_t name, Slice& slice) const noexcept {
    ByteView bytes;
    if (!tables_.name(name, bytes) || !is_valid_utf8(bytes)) return false;
    slice = slice_of(bytes);
    return true;
}

ROPEWALK_ALWAYS_INLINE bool PackedBlocks::add_deletion(const BlockView& block) noexcept {
    if (!out_.deletes.empty()) {
        DeleteRange& last = out_.deletes.back();
        if (last.slot == block.slot && last.clock + last.length == block.clock) {
            last.length += block.length;
            return true;
        }
    }
    return out_.deletes.push_back({block.slot, block.clock, block.length});
}

// In place: what is written field by field and then copied is waited for.
ROPEWALK_ALWAYS_INLINE BlockView* PackedBlocks::next_block() noexcept {
    Vec<BlockView>& blocks = out_.blocks;
    if (ROPEWALK_UNLIKELY(!blocks.reserve_more(1))) return nullptr;
    BlockView* const block = blocks.data() + blocks.size();
    blocks.set_size(blocks.size() + 1);
    return block;
}

ROPEWALK_INLINE bool PackedBlocks::add(std::uint32_t client) noexcept {
    const HistoryReader::Stretch& stretch = reader_.stretch();
    const bool is_text = stretch.kind == static_cast<unsigned>(ContentKind::string);
    if (!is_text && stretch.kind > static_cast<unsigned>(ContentKind::deleted)) return false;
    BlockView* const block = next_block();
    if (block == nullptr) return false;
    block->slot = client;
    block->clock = stretch.clock;
    block->length = stretch.length;
    block->kind = static_cast<ContentKind>(stretch.kind);
    block->parent = ParentRef::inherit;
    block->has_key = false;
    block->flags = 0;
    block->origin = {stretch.origin.client, stretch.origin.clock};
    block->right_origin = {stretch.right.client, stretch.right.clock};
    block->parent_item = {};
    block->root = block->key = block->content = {};
    if (ROPEWALK_UNLIKELY(!stretch.origin.exists() && !stretch.right.exists()) &&
        block->kind != ContentKind::gc) {
        if (stretch.root != kNoSlot) {
            block->parent = ParentRef::root;
            if (!slice_of(tables_.root(stretch.root, 0), block->root)) return false;
        } else {
            block->parent = ParentRef::item;
            block->parent_item = {stretch.parent_item.client, stretch.parent_item.clock};
        }
        block->has_key = stretch.has_key;
        if (stretch.has_key && !slice_of(stretch.key, block->key)) return false;
    }
    if (stretch.dead && !add_deletion(*block)) return false;
    return !is_text || add_text(block);
}

// A block for each part: whoever integrates them joins them again.
ROPEWALK_ALWAYS_INLINE bool PackedBlocks::add_text(BlockView* block) noexcept {
    std::uint32_t units = block->length;
    for (;;) {
        TextPart part;
        if (!reader_.take_text(units, part).ok()) return false;
        if (part.at > text_.size() || part.bytes > text_.size() - part.at) return false;
        const ByteView text = text_.subspan(static_cast<std::size_t>(part.at), part.bytes);
        block->length = part.units;
        block->content = slice_of(text);
        if (ROPEWALK_LIKELY(ascii_)) {
            if (part.bytes != part.units) return false;
            block->flags = BlockView::kAscii | BlockView::kCanonical;
        } else {
            const Utf8Scan scan = scan_utf8(text);
            if (!scan.valid || scan.utf16_length != part.units) return false;
            block->flags = BlockView::kCanonical;
            if (scan.ascii) block->flags |= BlockView::kAscii;
            if (scan.pairs() > 0) block->flags |= BlockView::kPairs;
        }
        if (ROPEWALK_LIKELY(units == 0)) return true;
        const WireId right = block->right_origin;
        const std::uint32_t slot = block->slot;
        const std::uint32_t clock = block->clock + part.units;
        block = next_block();
        if (block == nullptr) return false;
        *block = {};
        block->slot = slot;
        block->clock = clock;
        block->kind = ContentKind::string;
        block->origin = {slot, clock - 1};
        block->right_origin = right;
    }
}

}  // namespace crdt::detail
