// xxHash behind two functions. The one header that needs <xxhash.h> (libxxhash-dev): nothing
// includes it by default, so the engine builds without; storage/ and state_hash do.
#pragma once

#include <compare>
#include <cstdint>

#if __has_include(<xxhash.h>)
#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>
#else
#error "crdt/base/hash.hpp needs <xxhash.h>: install libxxhash-dev (Debian) or xxhash (Homebrew)"
#endif

#include "bytes.hpp"

namespace crdt {

struct Hash128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;
};

// XXH3, 64 bits. Not for untrusted keys: it does not resist an attacker.
[[nodiscard]] inline std::uint64_t hash64(ByteView bytes, std::uint64_t seed = 0) noexcept {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}
// XXH3, 128 bits: detects damage, not forgery.
[[nodiscard]] inline Hash128 hash128(ByteView bytes, std::uint64_t seed = 0) noexcept {
    const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
    return {hash.high64, hash.low64};
}

}  // namespace crdt
