// Commands that need no document: updates as values. FORMAT is 1 or 2.
//
//   merge FORMAT COLLECT UPDATE...   diff FORMAT VECTOR UPDATE   vector FORMAT UPDATE
//   convert FORMAT UPDATE            (into the other one)        obfuscate FORMAT UPDATE
//   compact FORMAT UPDATE            store FORMAT UPDATE   (in a container, and what comes out of
//   it) renumber FORMAT SEED UPDATE
//                                    -> ok BYTES
#pragma once

#include <crdt/crdt.hpp>
#include <crdt/storage.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tokens.hpp"

namespace differential {

inline crdt::Result<crdt::Bytes> merge_updates(Tokens& args, crdt::UpdateFormat format) {
    const bool collect = args.number() != 0;
    std::vector<std::string> updates;
    while (!args.done()) updates.push_back(unhex(args.next()));
    std::vector<crdt::ByteView> views;
    for (const std::string& update : updates) views.push_back(crdt::as_bytes(update));
    return crdt::merge(views, {.collect = collect, .format = format});
}

inline crdt::Result<crdt::Bytes> diff_update(Tokens& args, crdt::UpdateFormat format) {
    const std::string vector = unhex(args.next());
    const std::string update = unhex(args.next());
    const auto known = crdt::StateVector::decode(crdt::as_bytes(vector));
    if (!known.ok()) return known.error();
    return crdt::diff(crdt::as_bytes(update), *known, format);
}

inline crdt::Result<crdt::Bytes> renumber_update(Tokens& args, crdt::UpdateFormat format) {
    const std::uint64_t seed = args.number();
    const std::string history = unhex(args.next());
    crdt::Result<crdt::Renumbered> made =
        crdt::renumber(crdt::as_bytes(history), {.format = format, .seed = seed});
    if (!made.ok()) return made.error();
    return std::move(made->history);
}

// As a document has it that was opened from the container.
inline crdt::Result<crdt::Bytes> store_update(crdt::ByteView update, crdt::UpdateFormat format) {
    const crdt::Result<crdt::Bytes> container = crdt::write_container(update, format);
    if (!container.ok()) return container.error();
    const crdt::ViewSource source(*container);
    auto history = crdt::ContainerSource::open(source);
    if (!history.ok()) return history.error();
    const crdt::Doc doc(crdt::DocOptions{.client = crdt::ClientId{1}}, std::move(*history));
    const crdt::Status opened = doc.store()->open_history();
    if (!opened) return opened.error();
    return format == crdt::UpdateFormat::v2 ? doc.encode_state_as_update_v2()
                                            : doc.encode_state_as_update();
}

// False: it is none of these.
inline bool is_update_command(std::string_view verb) {
    return verb == "merge" || verb == "diff" || verb == "vector" || verb == "convert" ||
           verb == "obfuscate" || verb == "compact" || verb == "store" || verb == "renumber";
}

inline crdt::Result<crdt::Bytes> run_update_command(std::string_view verb, Tokens& args) {
    using crdt::UpdateFormat;
    const UpdateFormat format = args.number() == 2 ? UpdateFormat::v2 : UpdateFormat::v1;
    if (verb == "merge") return merge_updates(args, format);
    if (verb == "diff") return diff_update(args, format);
    if (verb == "renumber") return renumber_update(args, format);
    const std::string update = unhex(args.next());
    const crdt::ByteView bytes = crdt::as_bytes(update);
    if (verb == "compact") return crdt::compact(bytes, {.format = format});
    if (verb == "store") return store_update(bytes, format);
    if (verb == "vector") {
        const auto vector = crdt::state_vector_of(bytes, format);
        if (!vector.ok()) return vector.error();
        return vector->encode();
    }
    if (verb == "obfuscate") return crdt::obfuscate(bytes, format);
    const UpdateFormat other = format == UpdateFormat::v1 ? UpdateFormat::v2 : UpdateFormat::v1;
    return crdt::convert(bytes, format, other);
}

}  // namespace differential
