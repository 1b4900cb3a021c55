// Containers: read a range at a time where only a little is asked for, in one piece where all is.
#include "host.hpp"

namespace ropewalk {

RW_IMPORT(read)
std::uint32_t host_read(double offset, std::uint8_t* to, std::uint32_t size);
RW_IMPORT(decompress)
std::uint32_t host_decompress(const std::uint8_t* from,
                              std::uint32_t size,
                              std::uint8_t* to,
                              std::uint32_t plain);

crdt::Status HostSource::read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept {
    if (!crdt::detail::lies_within(offset, into.size(), size_)) {
        return crdt::Error{crdt::ErrorCode::unexpected_end, size_};
    }
    return static_cast<crdt::ErrorCode>(host_read(static_cast<double>(offset), into.data(),
                                                  static_cast<std::uint32_t>(into.size())));
}

bool HostPages::decompress(crdt::ByteView stored, std::span<std::uint8_t> plain) const noexcept {
    return host_decompress(stored.data(), static_cast<std::uint32_t>(stored.size()), plain.data(),
                           static_cast<std::uint32_t>(plain.size())) != 0;
}

namespace {

const HostPages host_pages;

// Opened for one call: what it needs of header and directory JavaScript has at hand.
template <class Use>
std::uint32_t with_container(double size, std::uint32_t zstd, Use&& use) noexcept {
    const HostSource source(size);
    const auto container = crdt::Container::open(source, zstd != 0 ? &host_pages : nullptr);
    return container.ok() ? use(*container) : answer(container.error());
}

// The same for a container in `in`.
template <class Use>
std::uint32_t with_whole(std::uint32_t size, std::uint32_t zstd, Use&& use) noexcept {
    const crdt::ViewSource source(in(size));
    const auto container = crdt::Container::open(source, zstd != 0 ? &host_pages : nullptr);
    return container.ok() ? use(*container) : answer(container.error());
}

}  // namespace

// -- a range at a time ----------------------------------------------------------------------------

// Units, clients, pages; 1 collected and 2 something waits.
RW_EXPORT(rw_container) std::uint32_t rw_container(double size, std::uint32_t zstd) {
    return with_container(size, zstd, [](const crdt::Container& container) {
        Out out;
        out.number(container.units());
        out.number(container.clients());
        out.number(container.pages());
        out.number((container.collected() ? 1U : 0U) | (container.has_waiting() ? 2U : 0U));
        return out.done();
    });
}

// UTF-8 of the root whose name is in `in`, from byte `from` on, `count` bytes at most.
RW_EXPORT(rw_container_text)
std::uint32_t rw_container_text(
    double size, std::uint32_t zstd, std::uint32_t name_size, double from, double count) {
    return with_container(size, zstd, [&](const crdt::Container& container) {
        crdt::detail::PageScratch scratch;
        const auto text = container.text(in_text(name_size), static_cast<std::uint64_t>(from),
                                         static_cast<std::uint64_t>(count), scratch);
        if (!text.ok()) return answer(text.error());
        crdt::Bytes& out = out_bytes();
        return out.append(*text) ? out_done() : no_room();
    });
}
RW_EXPORT(rw_container_text_size)
std::uint32_t rw_container_text_size(double size, std::uint32_t zstd, std::uint32_t name_size) {
    return with_container(size, zstd, [&](const crdt::Container& container) {
        const auto bytes = container.text_size(in_text(name_size));
        if (!bytes.ok()) return answer(bytes.error());
        Out out;
        out.number(*bytes);
        return out.done();
    });
}
RW_EXPORT(rw_container_vector)
std::uint32_t rw_container_vector(double size, std::uint32_t zstd) {
    return with_container(size, zstd, [](const crdt::Container& container) {
        const auto known = container.state_vector();
        if (!known.ok()) return answer(known.error());
        return out_result(known->encode());
    });
}

// -- in one piece ---------------------------------------------------------------------------------

// `in`: the container, then a state vector: what that replica lacks, in V1.
RW_EXPORT(rw_container_diff)
std::uint32_t rw_container_diff(std::uint32_t size, std::uint32_t zstd, std::uint32_t vector_size) {
    crdt::StateVector known;
    if (vector_size > 0) {
        auto decoded = crdt::StateVector::decode({in_begin() + size, vector_size});
        if (!decoded.ok()) return answer(decoded.error());
        known = *std::move(decoded);
    }
    return with_whole(size, zstd, [&](const crdt::Container& container) {
        return out_status(container.diff(known, out_bytes()));
    });
}
// All of it. report.made: 1 if it is V2, 0 if it is V1.
RW_EXPORT(rw_container_unpack)
std::uint32_t rw_container_unpack(std::uint32_t size, std::uint32_t zstd) {
    return with_whole(size, zstd, [](const crdt::Container& container) {
        report.made = container.unpack_format() == crdt::UpdateFormat::v2 ? 1 : 0;
        return out_status(container.unpack(out_bytes()));
    });
}
RW_EXPORT(rw_container_verify)
std::uint32_t rw_container_verify(std::uint32_t size, std::uint32_t zstd) {
    return with_whole(size, zstd,
                      [](const crdt::Container& container) { return answer(container.verify()); });
}
// The update in `in` as a container.
RW_EXPORT(rw_container_write)
std::uint32_t rw_container_write(std::uint32_t size, std::uint32_t v2, std::uint32_t collect) {
    return out_result(crdt::write_container(in(size), format_of(v2), {.collect = collect != 0}));
}

}  // namespace ropewalk
