// Containers from updates.
#pragma once

#include <span>
#include <string_view>

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "../codec/limits.hpp"
#include "../codec/update_v2.hpp"
#include "page_compression.hpp"

namespace crdt {

// Something of the caller's beside the document. Short: it is part of the header.
struct ContainerNote {
    std::string_view name;
    ByteView bytes;
};

struct ContainerOptions {
    // What is deleted loses its content, and what lay in deleted types becomes GC.
    bool collect = true;
    // Pages are stored compressed where that is shorter. Who reads needs the same.
    const PageCompression* compression = nullptr;
    std::span<const ContainerNote> notes = {};
    Limits limits = {};  // for the update
};

// The document that this update makes, as a container. What waits for causes that the update does
// not have is kept, and waits in whoever opens it. Equal documents have equal containers, but for
// what waits. Errors: those of the update; limit_exceeded for text of 4 GiB; out_of_memory
[[nodiscard]] Result<Bytes> write_container(ByteView update,
                                            UpdateFormat format = UpdateFormat::v1,
                                            const ContainerOptions& options = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/container_writer.ipp"
#endif
