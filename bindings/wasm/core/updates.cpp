// Encoded updates as values: merged, compared and converted without a document.
#include "border.hpp"

namespace ropewalk {

namespace {

crdt::UpdateFormat format_of(std::uint32_t v2) noexcept {
    return v2 != 0 ? crdt::UpdateFormat::v2 : crdt::UpdateFormat::v1;
}

}  // namespace

// `in`: varUint count, then each update with its size in front.
RW_EXPORT(rw_merge)
std::uint32_t rw_merge(std::uint32_t size, std::uint32_t v2, std::uint32_t collect) {
    In in(size);
    const auto count = static_cast<std::size_t>(in.number());
    if (!room(count * sizeof(crdt::ByteView))) return no_room();
    std::vector<crdt::ByteView> updates;
    updates.reserve(count);
    while (in.more()) updates.push_back(in.bytes());
    return out_result(crdt::merge(updates, {.collect = collect != 0, .format = format_of(v2)}));
}

// `in`: the update, then a state vector of `vector_size` bytes: what that replica lacks.
RW_EXPORT(rw_diff)
std::uint32_t rw_diff(std::uint32_t size, std::uint32_t vector_size, std::uint32_t v2) {
    const auto known = crdt::StateVector::decode({in_begin() + size, vector_size});
    if (!known.ok()) return answer(known.error());
    return out_result(crdt::diff(in(size), *known, format_of(v2)));
}

RW_EXPORT(rw_vector_of_update)
std::uint32_t rw_vector_of_update(std::uint32_t size, std::uint32_t v2) {
    const auto known = crdt::state_vector_of(in(size), format_of(v2));
    if (!known.ok()) return answer(known.error());
    return out_result(known->encode());
}

// Whether all of an update can be read.
RW_EXPORT(rw_check_update) std::uint32_t rw_check_update(std::uint32_t size, std::uint32_t v2) {
    crdt::detail::DecodedUpdate decoded;
    return answer(crdt::detail::decode_update(format_of(v2), in(size), {}, decoded));
}

// Into the other format; `v2` tells the one it has.
RW_EXPORT(rw_convert) std::uint32_t rw_convert(std::uint32_t size, std::uint32_t v2) {
    return out_result(crdt::convert(in(size), format_of(v2), format_of(v2 != 0 ? 0 : 1)));
}

// `what`: 1 formatting, 2 sub-documents, 4 names of XML.
RW_EXPORT(rw_obfuscate)
std::uint32_t rw_obfuscate(std::uint32_t size, std::uint32_t v2, std::uint32_t what) {
    const crdt::ObfuscateOptions options{
        .formatting = (what & 1U) != 0, .subdocuments = (what & 2U) != 0, .xml = (what & 4U) != 0};
    return out_result(crdt::obfuscate(in(size), format_of(v2), options));
}

}  // namespace ropewalk
