#pragma once

#include <algorithm>

#include "../../storage/parts_source.hpp"

namespace crdt {

ROPEWALK_INLINE bool PartsSource::add(std::uint64_t offset, ByteView bytes) noexcept {
    if (offset > size_ || bytes.size() > size_ - offset) return false;
    return parts_.push_back({offset, bytes});
}

// The newest first: it was fetched because it is needed.
ROPEWALK_INLINE ByteView PartsSource::find(std::uint64_t offset,
                                           std::uint64_t size) const noexcept {
    for (std::size_t i = parts_.size(); i > 0; --i) {
        const Part& part = parts_[i - 1];
        if (offset < part.offset || offset - part.offset > part.bytes.size()) continue;
        const std::uint64_t at = offset - part.offset;
        if (size <= part.bytes.size() - at) {
            return part.bytes.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
        }
    }
    return {};
}

ROPEWALK_INLINE void PartsSource::want(BytePart part) const noexcept {
    for (const BytePart& known : missing_) {
        if (known == part) return;
    }
    // Without memory to remember it, reading fails all the same.
    static_cast<void>(missing_.push_back(part));
}

ROPEWALK_INLINE detail::Vec<BytePart> PartsSource::take_missing() noexcept {
    std::sort(missing_.begin(), missing_.end(),
              [](const BytePart& a, const BytePart& b) { return a.offset < b.offset; });
    std::size_t count = 0;
    for (const BytePart& part : missing_) {
        BytePart* const last = count == 0 ? nullptr : &missing_[count - 1];
        if (last != nullptr && part.offset <= last->offset + last->size) {
            last->size = std::max(last->size, part.offset + part.size - last->offset);
        } else {
            missing_[count++] = part;
        }
    }
    missing_.truncate(count);
    return std::move(missing_);
}

ROPEWALK_INLINE Status PartsSource::read(std::uint64_t offset,
                                         std::span<std::uint8_t> into) const noexcept {
    if (into.empty()) return {};
    if (offset > size_ || into.size() > size_ - offset) {
        return Error{ErrorCode::unexpected_end, size_};
    }
    const ByteView found = find(offset, into.size());
    if (found.empty()) {
        want({offset, into.size()});
        return ErrorCode::not_found;
    }
    std::memcpy(into.data(), found.data(), found.size());
    return {};
}

}  // namespace crdt
