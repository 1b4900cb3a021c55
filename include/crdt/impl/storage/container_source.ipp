#pragma once

#include <new>

#include "../../storage/container_source.hpp"

namespace crdt {

ROPEWALK_INLINE Result<std::unique_ptr<HistorySource>> ContainerSource::open(
    std::unique_ptr<ByteSource> bytes, const PageCompression* compression) noexcept {
    if (bytes == nullptr) return ErrorCode::invalid_argument;
    ROPEWALK_TRY(Container container, Container::open(*bytes, compression));
    std::unique_ptr<HistorySource> source(
        new (std::nothrow) ContainerSource(std::move(bytes), std::move(container)));
    if (source == nullptr) return ErrorCode::out_of_memory;
    return source;
}

ROPEWALK_INLINE Result<std::unique_ptr<HistorySource>> ContainerSource::open(
    const ByteSource& bytes, const PageCompression* compression) noexcept {
    ROPEWALK_TRY(Container container, Container::open(bytes, compression));
    std::unique_ptr<HistorySource> source(new (std::nothrow)
                                              ContainerSource(nullptr, std::move(container)));
    if (source == nullptr) return ErrorCode::out_of_memory;
    return source;
}

}  // namespace crdt
