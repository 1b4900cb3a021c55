// What an update consists of, for people and for servers that look before they let in.
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"
#include "../base/ids.hpp"
#include "../base/result.hpp"
#include "../base/vec.hpp"
#include "../codec/limits.hpp"
#include "../codec/update_v2.hpp"

namespace crdt {

struct UpdateInfo {
    // One client's clocks [from, to), Skips included.
    struct Client {
        ClientId client{};
        Clock from{};
        Clock to{};
    };

    detail::Vec<Client> clients;  // as the update has them: highest first
    std::uint64_t items = 0;      // structs
    std::uint64_t gcs = 0;
    std::uint64_t skips = 0;
    std::uint64_t units = 0;          // clocks of items and GCs
    std::uint64_t skipped_units = 0;  // holes
    std::uint64_t delete_ranges = 0;
};

[[nodiscard]] Result<UpdateInfo> inspect(ByteView update,
                                         UpdateFormat format = UpdateFormat::v1,
                                         const Limits& limits = {}) noexcept;

// The same in words, a line for each struct and each deleted range. Texts and keys stand as they
// are, control characters included.
[[nodiscard]] Result<Bytes> describe_update(ByteView update,
                                            UpdateFormat format = UpdateFormat::v1,
                                            const Limits& limits = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/update/inspect.ipp"
#endif
