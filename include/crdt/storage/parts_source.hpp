// Bytes of which some are at hand and others far away: in a database, behind HTTP. Whoever reads a
// container from it is told which bytes to fetch, fetches them however long that takes, and asks
// again.
#pragma once

#include "../base/vec.hpp"
#include "byte_store.hpp"

namespace crdt {

// A range of bytes.
struct BytePart {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    friend constexpr bool operator==(const BytePart&, const BytePart&) = default;
};

// Parts are the caller's, and must outlive this. A range can be read that lies within one part.
// Reading another one fails with `not_found`, and is remembered. One thread at a time.
class PartsSource final : public ByteSource {
public:
    explicit PartsSource(std::uint64_t size) noexcept : size_(size) {}

    // False: it does not lie within the size, or memory is exhausted.
    [[nodiscard]] bool add(std::uint64_t offset, ByteView bytes) noexcept;
    // Lets go of all parts.
    void clear() noexcept {
        parts_.reset();
        missing_.reset();
    }
    // Is there a part that holds this range?
    [[nodiscard]] bool has(BytePart part) const noexcept {
        return part.size == 0 || !find(part.offset, part.size).empty();
    }
    // Remembers that a range is needed.
    void want(BytePart part) const noexcept;
    // What was asked for in vain since this was last called, by offset; ranges that touch are one.
    [[nodiscard]] detail::Vec<BytePart> take_missing() noexcept;

    [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
    Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override;
    [[nodiscard]] ByteView view(std::uint64_t offset, std::uint64_t size) const noexcept override {
        return find(offset, size);
    }

private:
    struct Part {
        std::uint64_t offset = 0;
        ByteView bytes;
    };
    [[nodiscard]] ByteView find(std::uint64_t offset, std::uint64_t size) const noexcept;

    std::uint64_t size_;
    detail::Vec<Part> parts_;
    mutable detail::Vec<BytePart> missing_;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/parts_source.ipp"
#endif
