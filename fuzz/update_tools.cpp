// Promise: any bytes are refused or worked on as an update, by all functions that take updates as
// values; what they make can be read and does to a document what its input does.
#include <crdt/update/exact_form.hpp>
#include <crdt/update/update_block.hpp>
#include <set>

#include "support.hpp"

namespace {

using crdt::UpdateFormat;

crdt::Doc after(crdt::ByteView update, UpdateFormat format, bool& applies) {
    crdt::Doc doc = support::document(0xffff);
    applies = (format == UpdateFormat::v1 ? doc.apply(update) : doc.apply_v2(update)).ok();
    return doc;
}

void same_state(const crdt::Doc& doc,
                const crdt::Result<crdt::Bytes>& update,
                UpdateFormat format) {
    fuzz::require(update.ok(), "what can be applied can be worked on");
    bool applies = false;
    const crdt::Doc other = after(*update, format, applies);
    fuzz::require(applies, "what we make can be applied");
    fuzz::require_sound(other);
    fuzz::require(support::canonical(other) == support::canonical(doc), "it does the same");
}

// Whether it has one section for each client: of what is said twice a reader takes either, and of
// sections without structs inspect() does not tell.
bool honest(crdt::ByteView update, UpdateFormat format) {
    crdt::detail::ReadableUpdate readable;
    if (readable.open(update, format, {}).code != crdt::ErrorCode::ok) return false;
    crdt::detail::UpdateReader reader = readable.reader();
    std::uint64_t sections = 0;
    if (!reader.begin_sections(sections)) return false;
    std::set<std::uint64_t> clients;
    crdt::detail::UpdateBlock block;
    for (; sections > 0; --sections) {
        if (!reader.begin_section() || !clients.insert(reader.client()).second) return false;
        while (reader.structs_left() > 0) {
            if (!reader.next(block)) return false;
        }
    }
    return true;
}

void one(crdt::ByteView update, UpdateFormat format) {
    bool applies = false;
    const crdt::Doc doc = after(update, format, applies);
    const crdt::Result<crdt::UpdateInfo> info = crdt::inspect(update, format);
    const crdt::Result<crdt::StateVector> vector = crdt::state_vector_of(update, format);
    const crdt::Result<crdt::Bytes> merged = crdt::merge({update, update}, {.format = format});
    const crdt::Result<crdt::Bytes> small =
        crdt::merge({update}, {.collect = true, .format = format});
    const crdt::Result<crdt::Bytes> rest = crdt::diff(update, {}, format);
    const crdt::Result<crdt::Bytes> hidden = crdt::obfuscate(update, format);
    static_cast<void>(crdt::describe_update(update, format));
    const UpdateFormat other = format == UpdateFormat::v1 ? UpdateFormat::v2 : UpdateFormat::v1;
    static_cast<void>(crdt::convert(update, format, other));
    const crdt::UpdateSegment framed[] = {{update}};
    static_cast<void>(crdt::merge_segments(framed, {.collect = true, .format = format}));
    for (const auto* made : {&merged, &small, &rest, &hidden}) {
        if (!made->ok()) {
            fuzz::require(made->error().offset <= update.size(), "an error lies within the input");
            continue;
        }
        fuzz::require(crdt::inspect(**made, format).ok(), "what we make can be read");
    }
    fuzz::require(info.ok() == merged.ok() && info.ok() == rest.ok(), "all read alike");
    if (!applies || doc.has_pending() || !honest(update, format)) return;
    same_state(doc, merged, format);
    same_state(doc, small, format);
    same_state(doc, rest, format);
    fuzz::require(vector.ok() && hidden.ok(), "what can be applied can be worked on");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    one({data, size}, UpdateFormat::v1);
    one({data, size}, UpdateFormat::v2);
    return 0;
}
