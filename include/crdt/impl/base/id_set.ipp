#pragma once

#include "../../base/id_set.hpp"

namespace crdt {

namespace detail {

// The order of IdSet: clients descending, clocks ascending.
inline bool ends_before(const IdRange& a, const IdRange& b) noexcept {
    if (a.client != b.client) return a.client > b.client;
    return a.end() <= raw(b.start);
}

}  // namespace detail

ROPEWALK_INLINE bool IdSet::insert(ClientId client, Clock start, std::uint32_t length) noexcept {
    if (length == 0) return true;
    ROPEWALK_ASSERT(length <= detail::kEndOfClocks - raw(start), "a range past 2^32-1");
    const Place first = place_of(client, raw(start));
    std::uint32_t from = raw(start);
    std::uint32_t to = from + length;
    Place last = first;
    const Place stop = ranges_.end_place();
    while (last != stop) {
        const IdRange& range = ranges_.at(last);
        if (range.client != client || raw(range.start) > to) break;
        if (raw(range.start) < from) from = raw(range.start);
        if (range.end() > to) to = range.end();
        last = ranges_.next(last);
    }
    const IdRange joined{client, static_cast<Clock>(from), to - from};
    if (first == last) return ranges_.insert(first, joined);
    ranges_.at(first) = joined;
    ranges_.erase(ranges_.next(first), last);
    return true;
}

ROPEWALK_INLINE bool IdSet::remove(ClientId client, Clock start, std::uint32_t length) noexcept {
    if (length == 0) return true;
    const std::uint32_t from = raw(start);
    const std::uint32_t to = from + length;
    Place first = place_of(client, from + 1);
    if (first == ranges_.end_place()) return true;
    IdRange& head = ranges_.at(first);
    if (head.client != client || raw(head.start) >= to) return true;
    if (raw(head.start) < from) {
        if (head.end() > to) {
            // A hole in the middle: the range before it goes in front.
            const IdRange rest{client, head.start, from - raw(head.start)};
            const std::uint32_t end = head.end();
            if (!ranges_.insert(first, rest)) return false;
            IdRange& tail = ranges_.at(place_of(client, to));
            tail = {client, static_cast<Clock>(to), end - to};
            return true;
        }
        head.length = from - raw(head.start);
        first = ranges_.next(first);
    }
    Place last = first;
    const Place stop = ranges_.end_place();
    while (last != stop) {
        IdRange& range = ranges_.at(last);
        if (range.client != client || raw(range.start) >= to) break;
        if (range.end() > to) {
            range = {client, static_cast<Clock>(to), range.end() - to};
            break;
        }
        last = ranges_.next(last);
    }
    ranges_.erase(first, last);
    return true;
}

ROPEWALK_INLINE bool IdSet::append(const IdRange& range) noexcept {
    if (!ranges_.empty()) {
        const IdRange& last = ranges_.back();
        if (last.client == range.client && last.end() >= raw(range.start)) {
            return insert(range.client, range.start, range.length);
        }
    }
    return ranges_.push_back(range);
}

ROPEWALK_INLINE bool IdSet::unite(const IdSet& other) noexcept {
    if (other.empty()) return true;
    IdSet both;
    auto a = ranges_.begin();
    auto b = other.ranges_.begin();
    const auto a_end = ranges_.end();
    const auto b_end = other.ranges_.end();
    while (a != a_end || b != b_end) {
        const bool take_a =
            b == b_end ||
            (a != a_end && (a->client != b->client ? a->client > b->client : a->start <= b->start));
        if (!both.append(take_a ? *a++ : *b++)) return false;
    }
    *this = std::move(both);
    return true;
}

ROPEWALK_INLINE bool IdSet::subtract(const IdSet& other) noexcept {
    IdSet rest;
    auto b = other.ranges_.begin();
    const auto b_end = other.ranges_.end();
    for (IdRange range : ranges_) {
        while (b != b_end && detail::ends_before(*b, range)) ++b;
        while (range.length > 0 && b != b_end && b->client == range.client &&
               raw(b->start) < range.end()) {
            if (b->start > range.start) {
                const std::uint32_t kept = raw(b->start) - raw(range.start);
                if (!rest.append({range.client, range.start, kept})) return false;
            }
            const std::uint32_t end = range.end();
            if (b->end() >= end) {
                range.length = 0;
                break;
            }
            range.start = static_cast<Clock>(b->end());
            range.length = end - b->end();
            ++b;
        }
        if (range.length > 0 && !rest.append(range)) return false;
    }
    *this = std::move(rest);
    return true;
}

ROPEWALK_INLINE bool IdSet::intersect(const IdSet& other) noexcept {
    IdSet common;
    auto b = other.ranges_.begin();
    const auto b_end = other.ranges_.end();
    for (const IdRange& range : ranges_) {
        while (b != b_end && detail::ends_before(*b, range)) ++b;
        while (b != b_end && b->client == range.client && raw(b->start) < range.end()) {
            const std::uint32_t from = b->start > range.start ? raw(b->start) : raw(range.start);
            const std::uint32_t to = b->end() < range.end() ? b->end() : range.end();
            if (!common.append({range.client, static_cast<Clock>(from), to - from})) return false;
            if (b->end() > range.end()) break;
            ++b;
        }
    }
    *this = std::move(common);
    return true;
}

ROPEWALK_INLINE bool IdSet::contains(ClientId client,
                                     Clock start,
                                     std::uint32_t length) const noexcept {
    if (length == 0) return true;
    const Place place = place_of(client, raw(start) + 1);
    if (place == ranges_.end_place()) return false;
    const IdRange& range = ranges_.at(place);
    return range.client == client && range.start <= start && length <= range.end() - raw(start);
}

ROPEWALK_INLINE bool IdSet::contains(const IdSet& other) const noexcept {
    for (const IdRange& range : other.ranges_) {
        if (!contains(range.client, range.start, range.length)) return false;
    }
    return true;
}

ROPEWALK_INLINE bool IdSet::intersects(ClientId client,
                                       Clock start,
                                       std::uint32_t length) const noexcept {
    if (length == 0) return false;
    const Place place = place_of(client, raw(start) + 1);
    if (place == ranges_.end_place()) return false;
    const IdRange& range = ranges_.at(place);
    return range.client == client && raw(range.start) < raw(start) + length;
}

ROPEWALK_INLINE bool IdSet::intersects(const IdSet& other) const noexcept {
    auto b = other.ranges_.begin();
    const auto b_end = other.ranges_.end();
    for (const IdRange& range : ranges_) {
        while (b != b_end && detail::ends_before(*b, range)) ++b;
        if (b == b_end) return false;
        if (b->client == range.client && raw(b->start) < range.end()) return true;
    }
    return false;
}

ROPEWALK_INLINE const IdRange* IdSet::range_of(Id id) const noexcept {
    const Place place = place_of(id.client, raw(id.clock) + 1);
    if (place == ranges_.end_place()) return nullptr;
    const IdRange& range = ranges_.at(place);
    return range.client == id.client && range.start <= id.clock ? &range : nullptr;
}

ROPEWALK_INLINE std::uint32_t IdSet::same_from(ClientId client,
                                               Clock start,
                                               std::uint32_t limit,
                                               bool& inside) const noexcept {
    inside = false;
    const Place place = place_of(client, raw(start) + 1);
    if (place == ranges_.end_place()) return limit;
    const IdRange& range = ranges_.at(place);
    if (range.client != client) return limit;
    inside = range.start <= start;
    const std::uint32_t border = inside ? range.end() : raw(range.start);
    const std::uint32_t count = border - raw(start);
    return count < limit ? count : limit;
}

ROPEWALK_INLINE bool IdSet::equals(const IdSet& other) const noexcept {
    if (ranges_.size() != other.ranges_.size()) return false;
    auto b = other.ranges_.begin();
    for (const IdRange& range : ranges_) {
        if (!(range == *b)) return false;
        ++b;
    }
    return true;
}

}  // namespace crdt
