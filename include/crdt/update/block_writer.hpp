// Writes structs that were read by UpdateReader, whole or in parts, in the same form.
#pragma once

#include "../base/vec.hpp"
#include "../codec/writer.hpp"
#include "update_block.hpp"

namespace crdt::detail {

// Where in a block's content a unit begins. Parts of one block are taken in ascending order, so
// that many of them cost no more than one walk.
struct ContentPlace {
    std::uint32_t unit = 0;
    const std::uint8_t* at = nullptr;
    bool inside_pair = false;  // `at` is behind a surrogate pair, `unit` is its second half
};

// A number of structs or sections, written in front of them when they have been: `most` bounds it
// and gives its room, so that nothing moves unless it was far too large.
class CountHole {
public:
    [[nodiscard]] bool open(Vec<std::uint8_t>& out, std::uint64_t most) noexcept {
        size_ = var_uint_size(most);
        if (!out.reserve_more(size_)) return false;
        place_ = out.size();
        out.set_size(place_ + size_);
        return true;
    }
    // requires: count <= most
    void close(Vec<std::uint8_t>& out, std::uint64_t count) const noexcept;

private:
    std::size_t place_ = 0;
    std::size_t size_ = 0;
};

// One section after the other; within one the clocks go on by themselves.
class BlockWriter {
public:
    BlockWriter(Vec<std::uint8_t>& out, UpdateForm form) noexcept
        : bytes_(out), out_(out), form_(form) {}

    // `most` bounds the number of sections.
    void begin(std::uint64_t most) noexcept { ok_ = ok_ && sections_hole_.open(bytes_, most); }
    // `most` bounds the number of structs.
    void begin_section(std::uint64_t client, std::uint32_t clock, std::uint64_t most) noexcept;
    void end_section() noexcept;
    // Ends the structs; the delete set may follow.
    void end() noexcept {
        flush();
        if (ok_) sections_hole_.close(bytes_, sections_);
    }

    void skip(std::uint32_t length) noexcept { range(ContentKind::skip, length); }
    void gc(std::uint32_t length) noexcept {
        if (gc_length_ == 0) flush_copy();
        gc_length_ += length;
    }
    // The block without its first `cut` units, as the stateless functions of Yjs write it.
    void copy(const UpdateBlock& block, std::uint32_t cut) noexcept {
        if (ROPEWALK_UNLIKELY(block.kind == ContentKind::gc)) return gc(block.length - cut);
        if (ROPEWALK_UNLIKELY(cut > 0)) return cut_block(block, cut);
        if (ROPEWALK_UNLIKELY(gc_length_ > 0)) flush_gc();
        ++structs_;
        const unsigned info = block.info;
        // They do not know the key of an item that has an origin, and so clear its bit.
        if (ROPEWALK_UNLIKELY((info & kHasKey) != 0 && (info & (kHasOrigin | kHasRight)) != 0)) {
            flush_copy();
            out_.byte(static_cast<std::uint8_t>(info & ~kHasKey));
            copy_from_ = block.from + 1;
        } else if (block.from != copy_to_) {
            flush_copy();
            copy_from_ = block.from;
        }
        copy_to_ = block.to;
    }
    // Info, origins, parent and key of the units from `cut` on with a content of this kind.
    void head(const UpdateBlock& block, std::uint32_t cut, ContentKind kind, bool exact) noexcept;
    // The units [from, to) of a String, Any or JSON, without their count or length.
    void part(const UpdateBlock& block,
              ContentPlace& place,
              std::uint32_t from,
              std::uint32_t to) noexcept;

    // Writes what was held back.
    void flush() noexcept {
        flush_copy();
        flush_gc();
    }
    [[nodiscard]] Vec<std::uint8_t>& bytes() noexcept { return bytes_; }
    [[nodiscard]] Writer& raw() noexcept { return out_; }
    void fail() noexcept { ok_ = false; }  // memory is exhausted
    [[nodiscard]] bool ok() const noexcept { return ok_ && out_.ok(); }

private:
    void range(ContentKind kind, std::uint32_t length) noexcept {
        flush();
        ++structs_;
        out_.byte(static_cast<std::uint8_t>(kind));
        out_.var_uint(length);
    }
    void id(const UpdateId& id) noexcept {
        out_.var_uint(id.client);
        out_.var_uint(id.clock);
    }
    void flush_gc() noexcept {
        if (gc_length_ == 0) return;
        ++structs_;
        out_.byte(static_cast<std::uint8_t>(ContentKind::gc));
        out_.var_uint(gc_length_);
        gc_length_ = 0;
    }
    void flush_copy() noexcept {
        if (copy_from_ != copy_to_) out_.raw({copy_from_, copy_to_});
        copy_from_ = copy_to_ = nullptr;
    }
    void cut_block(const UpdateBlock& block, std::uint32_t cut) noexcept;
    void string_part(const UpdateBlock& block,
                     ContentPlace& place,
                     std::uint32_t from,
                     std::uint32_t to) noexcept;

    Vec<std::uint8_t>& bytes_;
    Writer out_;
    UpdateForm form_;
    bool ok_ = true;
    bool in_section_ = false;
    CountHole sections_hole_;
    CountHole structs_hole_;
    std::uint64_t sections_ = 0;
    std::uint64_t structs_ = 0;
    std::uint64_t client_ = 0;
    std::uint32_t gc_length_ = 0;  // GC that may go on
    // Structs that lie one behind the other in an input are copied together.
    const std::uint8_t* copy_from_ = nullptr;
    const std::uint8_t* copy_to_ = nullptr;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/update/block_writer.ipp"
#endif
