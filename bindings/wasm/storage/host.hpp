// The module of what is stored: a second one beside the engine's, so that who stores nothing does
// not load it. It knows bytes and no documents; the border is that of ../core/border.hpp.
#pragma once

#include <crdt/storage/compact.hpp>
#include <crdt/storage/container.hpp>
#include <crdt/storage/container_writer.hpp>
#include <crdt/storage/log_scan.hpp>
#include <crdt/storage/renumber.hpp>

#include "../core/border.hpp"

namespace ropewalk {

// Stored bytes, wherever JavaScript has them. What it does not have at hand it notes, fails with
// `not_found`, and asks again when it has.
class HostSource final : public crdt::ByteSource {
public:
    explicit HostSource(double size) noexcept : size_(static_cast<std::uint64_t>(size)) {}

    [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
    crdt::Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override;

private:
    std::uint64_t size_;
};

// Pages compressed with zstd, if JavaScript knows how.
class HostPages final : public crdt::PageCompression {
public:
    [[nodiscard]] std::uint8_t number() const noexcept override { return 1; }
    [[nodiscard]] bool compress(crdt::ByteView, crdt::Bytes&) const noexcept override {
        return false;
    }
    [[nodiscard]] bool decompress(crdt::ByteView stored,
                                  std::span<std::uint8_t> plain) const noexcept override;
};

[[nodiscard]] inline crdt::UpdateFormat format_of(std::uint32_t v2) noexcept {
    return v2 != 0 ? crdt::UpdateFormat::v2 : crdt::UpdateFormat::v1;
}
// Of a call that has appended to `out`.
[[nodiscard]] inline std::uint32_t out_status(const crdt::Status& status) noexcept {
    return status.ok() ? out_done() : answer(status);
}

}  // namespace ropewalk
