// Promise: any bytes are read as one value or refused at an offset within them; what was read is
// written in one form, which reads as the same value again. So for the JSON texts of embeds.
#include <crdt/codec/any.hpp>
#include <crdt/codec/json.hpp>

#include "support.hpp"

namespace {

// Every part of a value can be asked for. Nesting is bounded, so is this.
std::size_t walk(crdt::AnyView value) {
    std::size_t count = 1 + value.as_string().size() + value.as_bytes().size();
    fuzz::require(value == value, "a value equals itself");
    for (const crdt::AnyView element : value.elements()) count += walk(element);
    for (const auto [key, member] : value.members()) {
        fuzz::require(value.find(key).has_value(), "a member is found by its key");
        count += key.size() + walk(member);
    }
    return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const crdt::Result<crdt::Any> read = crdt::Any::decode({data, size});
    if (read) {
        fuzz::require(read->valid(), "what was read is valid");
        const crdt::ByteView encoded = read->view().encoded();
        static_cast<void>(walk(*read));
        const crdt::Result<crdt::Any> again = crdt::Any::decode(encoded);
        fuzz::require(again.ok() && *again == *read, "the written form reads as the same value");
        const crdt::Any copy = *read;
        fuzz::require(copy == *read, "a copy is equal");
    } else {
        fuzz::require(read.error().offset <= size, "an error lies within the input");
    }
    if (crdt::detail::is_valid_utf8({data, size})) {
        const std::uint8_t* p = data;
        static_cast<void>(crdt::detail::validate_json(p, data + size, 128));
        fuzz::require(p >= data && p <= data + size, "JSON is read within the input");
    }
    return 0;
}
