#pragma once

#include "../../codec/update_writer.hpp"
#include "../../update/collector.hpp"

namespace crdt::detail {

ROPEWALK_INLINE void Collector::close() noexcept {
    switch (kind_) {
        case ContentKind::gc:
            out_.gc(length_);
            break;
        case ContentKind::deleted:
            out_.raw().var_uint(length_);
            break;
        case ContentKind::string:
            // Counted in bytes, the others in values.
            if (out_.ok()) {
                close_count(out_.bytes(), hole_, out_.bytes().size() - hole_ - kCountHole);
            }
            break;
        case ContentKind::any:
        case ContentKind::json:
            if (out_.ok()) close_count(out_.bytes(), hole_, length_);
            break;
        default:
            break;
    }
    kind_ = kNothing;
}

ROPEWALK_INLINE bool Collector::is_collected(const UpdateBlock& block,
                                             std::uint32_t from) noexcept {
    if (block.kind == ContentKind::gc) return true;
    if (block.parent == ParentRef::item) return index_.is_deleted(block.parent_item);
    // What follows a collected unit of the same insertion is its sibling.
    return kind_ == ContentKind::gc && end_ == block.clock + from &&
           (from > 0 || (block.origin.exists && block.origin.client == client_ &&
                         block.origin.clock + 1 == end_));
}

ROPEWALK_INLINE bool Collector::continues(const UpdateBlock& block,
                                          std::uint32_t from,
                                          ContentKind kind) const noexcept {
    const std::uint32_t clock = block.clock + from;
    if (kind != kind_ || clock != end_) return false;
    if (kind == ContentKind::gc) return true;
    if (from == 0 && (!block.origin.exists || block.origin.clock + 1 != clock ||
                      block.origin.client != client_)) {
        return false;
    }
    if (kind == ContentKind::string && block.exact != exact_) return false;
    if (block.right_origin.exists != right_origin_.exists) return false;
    return !right_origin_.exists || block.right_origin == right_origin_;
}

ROPEWALK_INLINE void Collector::put(const UpdateBlock& block,
                                    ContentPlace& place,
                                    std::uint32_t from,
                                    std::uint32_t to,
                                    bool deleted) noexcept {
    ContentKind kind = deleted ? ContentKind::deleted : block.kind;
    if (is_collected(block, from)) kind = ContentKind::gc;
    const bool has_units =
        kind == ContentKind::string || kind == ContentKind::any || kind == ContentKind::json;
    if (continues(block, from, kind)) {
        length_ += to - from;
        end_ = block.clock + to;
        if (has_units) out_.part(block, place, from, to);
        return;
    }
    close();
    if (kind != ContentKind::gc) {
        out_.head(block, from, kind, kind == block.kind && block.exact);
        if (!has_units && kind != ContentKind::deleted) {
            out_.raw().raw({block.content, block.to});  // never longer than one unit
            return;
        }
    }
    kind_ = kind;
    exact_ = block.exact;
    end_ = block.clock + to;
    length_ = to - from;
    right_origin_ = block.right_origin;
    if (!has_units) return;
    if (!open_count(out_.bytes(), hole_)) {
        kind_ = kNothing;
        out_.fail();
        return;
    }
    out_.part(block, place, from, to);
}

ROPEWALK_INLINE void Collector::take(const UpdateBlock& block, std::uint32_t cut) noexcept {
    ContentPlace place;
    const std::uint32_t end = block.end();
    std::uint32_t clock = block.clock + cut;
    do {
        while (next_ < deletes_.size() && deletes_[next_].to <= clock) ++next_;
        bool deleted = block.kind == ContentKind::deleted;
        std::uint32_t to = end;
        if (next_ < deletes_.size()) {
            const ClockRange& range = deletes_[next_];
            const bool inside = range.from <= clock;
            const std::uint32_t edge = inside ? range.to : range.from;
            // What is deleted already, or collected, needs no cut.
            if (block.is_item() && !deleted && edge < end) to = edge;
            deleted = deleted || inside;
        }
        put(block, place, clock - block.clock, to - block.clock, deleted);
        clock = to;
    } while (clock < end);
}

}  // namespace crdt::detail
