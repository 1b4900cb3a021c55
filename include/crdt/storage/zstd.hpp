// Pages compressed by zstd. Needs <zstd.h> (libzstd-dev) and its library: the CMake target
// ropewalk::zstd has both. Nothing includes this by default.
#pragma once

#if __has_include(<zstd.h>)
#include <zstd.h>
#else
#error "crdt/storage/zstd.hpp needs <zstd.h>: install libzstd-dev (Debian) or zstd (Homebrew)"
#endif

#include "page_compression.hpp"

namespace crdt {

class ZstdPages final : public PageCompression {
public:
    // 1 is fast, 19 is small; it does not matter to who reads.
    explicit ZstdPages(int level = 19) noexcept : level_(level) {}

    [[nodiscard]] std::uint8_t number() const noexcept override { return 1; }
    [[nodiscard]] bool compress(ByteView plain, Bytes& out) const noexcept override {
        const std::size_t most = ZSTD_compressBound(plain.size());
        detail::Vec<std::uint8_t>& bytes = out.storage();
        if (!bytes.reserve_more(most)) return false;
        const std::size_t size =
            ZSTD_compress(bytes.data() + bytes.size(), most, plain.data(), plain.size(), level_);
        if (ZSTD_isError(size) != 0) return false;
        bytes.set_size(bytes.size() + size);
        return true;
    }
    [[nodiscard]] bool decompress(ByteView stored,
                                  std::span<std::uint8_t> plain) const noexcept override {
        const std::size_t size =
            ZSTD_decompress(plain.data(), plain.size(), stored.data(), stored.size());
        return ZSTD_isError(size) == 0 && size == plain.size();
    }

private:
    int level_;
};

}  // namespace crdt
