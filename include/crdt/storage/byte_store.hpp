// Where stored bytes are: a file, a block of memory, whatever else can read a range, append and
// swap. Containers are read from a ByteSource; the log after a snapshot grows in a ByteStore.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "../base/bytes.hpp"
#include "../base/result.hpp"

namespace crdt {

// Bytes that can be read from any place. Offsets count from 0. Reading changes nothing, so threads
// may read at the same time.
class ByteSource {
public:
    ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;
    virtual ~ByteSource() = default;

    [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
    // Fills `into` with the bytes from `offset` on: all of them, or an error; unexpected_end with
    // the size if they are not all there.
    virtual Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept = 0;
    // The same bytes in place, where the source has them in memory and they are all there, else
    // nothing. Good until the source is written to, swapped or gone.
    [[nodiscard]] virtual ByteView view(std::uint64_t offset, std::uint64_t size) const noexcept {
        static_cast<void>(offset);
        static_cast<void>(size);
        return {};
    }

    // The range in place where that is possible, else a copy of it in `scratch`, whose content is
    // replaced then.
    [[nodiscard]] Result<ByteView> range(std::uint64_t offset,
                                         std::uint64_t size,
                                         Bytes& scratch) const noexcept;
};

// A ByteSource that can be written. One thread writes at a time, with one exception: sync() may
// run while another thread appends, and then speaks of what was appended before it began.
//
// A failed write leaves what was there before as it was; behind it there may be a part of what was
// to be appended, which cut() removes. After a failed sync() nobody knows what is durable, so every
// later call answers store_failed: open the store again and look.
class ByteStore : public ByteSource {
public:
    // Writes all parts at the end, one after another.
    virtual Status append(std::span<const ByteView> parts) noexcept = 0;
    // Writes over bytes that are there; never beyond the end.
    virtual Status overwrite(std::uint64_t offset, ByteView bytes) noexcept = 0;
    // Makes it shorter. requires: size <= size()
    virtual Status cut(std::uint64_t size) noexcept = 0;
    // What was written before is durable when this returns: it survives a loss of power, as far as
    // the machine keeps its word.
    virtual Status sync() noexcept = 0;
    // Replaces all of it, durably: whoever reads, now or after a crash at any moment, finds the old
    // bytes or the new ones, never a mixture.
    virtual Status swap(std::span<const ByteView> parts) noexcept = 0;

    Status append(std::initializer_list<ByteView> parts) noexcept {
        return append(std::span(parts.begin(), parts.size()));
    }
    Status swap(std::initializer_list<ByteView> parts) noexcept {
        return swap(std::span(parts.begin(), parts.size()));
    }
};

// Bytes of the caller as a source. They must outlive it.
class ViewSource final : public ByteSource {
public:
    explicit ViewSource(ByteView bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
    Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override;
    [[nodiscard]] ByteView view(std::uint64_t offset, std::uint64_t size) const noexcept override;

private:
    ByteView bytes_;
};

// A part of another source, as a source: a container inside a larger file. The other must outlive
// it.
class PartSource final : public ByteSource {
public:
    // requires: offset + size <= whole.size()
    PartSource(const ByteSource& whole, std::uint64_t offset, std::uint64_t size) noexcept
        : whole_(&whole), offset_(offset), size_(size) {}

    [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
    Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override;
    [[nodiscard]] ByteView view(std::uint64_t offset, std::uint64_t size) const noexcept override;

private:
    const ByteSource* whole_;
    std::uint64_t offset_;
    std::uint64_t size_;
};

// A store in memory: for tests, and for who moves the bytes himself. Nothing survives the program,
// so sync() has nothing to do.
class MemoryStore final : public ByteStore {
public:
    using ByteStore::append;
    using ByteStore::swap;

    MemoryStore() noexcept = default;
    explicit MemoryStore(Bytes bytes) noexcept : bytes_(std::move(bytes)) {}

    [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }

    [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
    Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override;
    [[nodiscard]] ByteView view(std::uint64_t offset, std::uint64_t size) const noexcept override;
    Status append(std::span<const ByteView> parts) noexcept override;
    Status overwrite(std::uint64_t offset, ByteView bytes) noexcept override;
    Status cut(std::uint64_t size) noexcept override;
    Status sync() noexcept override { return {}; }
    Status swap(std::span<const ByteView> parts) noexcept override;

private:
    Bytes bytes_;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/byte_store.ipp"
#endif
