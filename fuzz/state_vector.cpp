// Promise: any bytes are read as a state vector, and as a delete set, or refused at an offset
// within them; what was read is written in one form; a document answers any state vector.
#include <crdt/codec/state_vector.hpp>
#include <crdt/codec/update_v1.hpp>

#include "support.hpp"

namespace {

void check_vector(crdt::ByteView input) {
    const crdt::Result<crdt::StateVector> read = crdt::StateVector::decode(input);
    if (!read) {
        fuzz::require(read.error().offset <= input.size(), "an error lies within the input");
        return;
    }
    const crdt::Bytes written = read->encode().value();
    const crdt::Result<crdt::StateVector> again = crdt::StateVector::decode(written);
    fuzz::require(again.ok() && *again == *read, "a state vector reads as it was written");
    fuzz::require(again->encode().value() == written, "a state vector has one form");

    const crdt::Doc doc = fuzz::seeded(0xffff);
    const crdt::Result<crdt::Bytes> diff = doc.encode_state_as_update(*read);
    fuzz::require(diff.ok(), "any state vector has an answer");
    crdt::Doc other = support::document(0x1ffff);
    fuzz::require(other.apply(*diff).ok(), "the answer can be read");
    fuzz::require_sound(other);
    // The answer completes whoever has that much.
    fuzz::require(support::receive(other, support::update_of(doc)).ok(), "whole updates apply");
    fuzz::require(!other.has_pending(), "nothing waits once all is there");
    fuzz::require_sound(other);
}

void check_delete_set(crdt::ByteView input) {
    const crdt::Result<crdt::IdSet> read = crdt::decode_delete_set_v1(input);
    if (!read) {
        fuzz::require(read.error().offset <= input.size(), "an error lies within the input");
        return;
    }
    const crdt::Bytes written = crdt::encode_delete_set_v1(*read).value();
    const crdt::Result<crdt::IdSet> again = crdt::decode_delete_set_v1(written);
    fuzz::require(again.ok() && *again == *read, "a delete set reads as it was written");
    fuzz::require(crdt::encode_delete_set_v1(*again).value() == written,
                  "a delete set has one form");
    crdt::IdSet sum;
    fuzz::require(sum.unite(*read) && sum == *read, "a union with nothing is the set");
    fuzz::require(sum.subtract(*read) && sum.empty(), "a set less itself is empty");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_vector({data, size});
    check_delete_set({data, size});
    return 0;
}
