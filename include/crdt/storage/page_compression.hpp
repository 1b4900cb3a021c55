// How pages of a container are compressed, for who wants that. The core knows none; zstd.hpp brings
// one.
#pragma once

#include <cstdint>
#include <span>

#include "../base/bytes.hpp"

namespace crdt {

class PageCompression {
public:
    PageCompression() = default;
    PageCompression(const PageCompression&) = delete;
    PageCompression& operator=(const PageCompression&) = delete;
    virtual ~PageCompression() = default;

    // Its number in the file: docs/formats/container.md. Not 0.
    [[nodiscard]] virtual std::uint8_t number() const noexcept = 0;
    // Appends. False: memory is exhausted.
    [[nodiscard]] virtual bool compress(ByteView plain, Bytes& out) const noexcept = 0;
    // Fills `plain`, all of it. False: these bytes do not make just so many.
    [[nodiscard]] virtual bool decompress(ByteView stored,
                                          std::span<std::uint8_t> plain) const noexcept = 0;
};

}  // namespace crdt
