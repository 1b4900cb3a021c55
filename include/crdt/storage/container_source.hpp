// A container as the history of a document that is not opened yet.
#pragma once

#include <memory>

#include "../store/history_source.hpp"
#include "container.hpp"

namespace crdt {

// Doc(options, std::move(source).value()): texts, the state vector and diffs come from the
// container; the first edit, remote update or other reading unpacks it.
class ContainerSource final : public HistorySource {
public:
    // Owns the bytes.
    [[nodiscard]] static Result<std::unique_ptr<HistorySource>> open(
        std::unique_ptr<ByteSource> bytes, const PageCompression* compression = nullptr) noexcept;
    // The bytes are the caller's and must outlive it.
    [[nodiscard]] static Result<std::unique_ptr<HistorySource>> open(
        const ByteSource& bytes, const PageCompression* compression = nullptr) noexcept;

    ContainerSource(std::unique_ptr<ByteSource> bytes, Container container) noexcept
        : bytes_(std::move(bytes)), container_(std::move(container)) {}

    [[nodiscard]] const Container& container() const noexcept { return container_; }

    Status text_of(std::string_view root, Bytes& out) const noexcept override {
        return container_.text_of(root, out);
    }
    Result<StateVector> state_vector() const noexcept override { return container_.state_vector(); }
    Status diff(const StateVector& known, Bytes& out) const noexcept override {
        return container_.diff(known, out);
    }
    Status unpack(Bytes& out) const noexcept override { return container_.unpack(out); }
    [[nodiscard]] UpdateFormat unpack_format() const noexcept override {
        return container_.unpack_format();
    }
    [[nodiscard]] bool unpack_blocks(detail::DecodedUpdate& out) const noexcept override {
        return container_.unpack_blocks(out);
    }

private:
    std::unique_ptr<ByteSource> bytes_;
    Container container_;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/container_source.ipp"
#endif
