// What tests ask of containers: that they say the same as the document.
#pragma once

#include <crdt/crdt.hpp>
#include <crdt/storage.hpp>
#include <crdt/storage/zstd.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "document.hpp"

namespace support {

// Bytes that can only be copied, as those of a server far away. Counts what is asked for.
class FarSource final : public crdt::ByteSource {
public:
    explicit FarSource(std::string bytes) : bytes_(std::move(bytes)) {}

    [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
    crdt::Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override {
        if (offset > bytes_.size() || into.size() > bytes_.size() - offset) {
            return crdt::Error{crdt::ErrorCode::unexpected_end, bytes_.size()};
        }
        if (!into.empty()) std::memcpy(into.data(), bytes_.data() + offset, into.size());
        read_ += into.size();
        return {};
    }
    [[nodiscard]] std::uint64_t bytes_read() const { return read_; }

private:
    std::string bytes_;
    mutable std::uint64_t read_ = 0;
};

inline std::string container_of(std::string_view update,
                                crdt::UpdateFormat format = crdt::UpdateFormat::v1,
                                const crdt::ContainerOptions& options = {}) {
    return text_of(crdt::write_container(crdt::as_bytes(update), format, options).value());
}

inline std::string unpacked(const crdt::Container& container) {
    crdt::Bytes bytes;
    container.unpack(bytes).value();
    return text_of(bytes);
}
inline std::string diff_of(const crdt::Container& container, const crdt::StateVector& known) {
    crdt::Bytes bytes;
    container.diff(known, bytes).value();
    return text_of(bytes);
}
inline std::string text_in(const crdt::Container& container, std::string_view root) {
    crdt::Bytes bytes;
    container.text_of(root, bytes).value();
    return text_of(bytes);
}

// Makes the checksums of bytes that were changed right again, so that they get further.
inline void reseal(std::string& container) {
    auto* const bytes = reinterpret_cast<std::uint8_t*>(container.data());
    const std::size_t prelude = crdt::detail::kPreludeSize;
    if (container.size() < prelude) return;
    const std::uint64_t header = crdt::detail::get_u32(bytes + 8);
    const std::uint64_t directory = crdt::detail::get_u32(bytes + 12);
    const std::uint64_t front = prelude + header + directory;
    if (front > container.size()) return;
    std::uint64_t at = front;
    for (std::uint8_t* entry = bytes + prelude + header;
         entry + crdt::detail::kPageEntrySize <= bytes + front;
         entry += crdt::detail::kPageEntrySize) {
        const std::uint64_t size = crdt::detail::get_u32(entry);
        if (size > container.size() - at) break;
        crdt::detail::put_hash(entry + 4,
                               crdt::hash128({bytes + at, static_cast<std::size_t>(size)}));
        at += size;
    }
    crdt::detail::put_hash(bytes + 16, crdt::hash128({bytes + prelude, bytes + front},
                                                     crdt::detail::get_u64(bytes + 8)));
}

// Empty: the container tells what the document tells whose whole state `update` is.
inline std::string difference(const crdt::Container& container,
                              std::string_view update,
                              crdt::UpdateFormat format,
                              bool collect = true) {
    crdt::Doc doc = document(0xfffff0, collect);
    (format == crdt::UpdateFormat::v1 ? doc.apply(crdt::as_bytes(update))
                                      : doc.apply_v2(crdt::as_bytes(update)))
        .value();
    if (container.collected() != collect) return "collected or not";
    crdt::Doc opened = document(0xfffff0, collect);
    const std::string whole = unpacked(container);
    (container.unpack_format() == crdt::UpdateFormat::v1 ? opened.apply(crdt::as_bytes(whole))
                                                         : opened.apply_v2(crdt::as_bytes(whole)))
        .value();
    if (const std::string rule = broken(opened); !rule.empty()) return rule;
    if (canonical(opened) != canonical(doc)) return "another document";
    if (fingerprint(opened) != fingerprint(doc)) return "something else waits";
    const auto v2 = [](const crdt::Doc& of) {
        return text_of(of.encode_state_as_update_v2().value());
    };
    if (v2(opened) != v2(doc)) return "another document in V2";
    if (!container.has_waiting() && container.unpack_format() == crdt::UpdateFormat::v1 &&
        whole != update_of(doc)) {
        return "other bytes";
    }
    if (container.state_vector().value() != doc.state_vector().value()) return "state vector";
    for (const std::string_view root : doc.root_names()) {
        // Only one that nobody has used yet can be taken for a text.
        crdt::Doc reader = document(0xfffff1, collect);
        (format == crdt::UpdateFormat::v1 ? reader.apply(crdt::as_bytes(update))
                                          : reader.apply_v2(crdt::as_bytes(update)))
            .value();
        if (text_in(container, root) != reader.text(root).to_string()) return "text";
    }
    return {};
}

}  // namespace support
