// What a history can do without: compaction, a new epoch, and what leads from one to the next. A
// map is bytes on both sides of the border, so there is nothing to free.
#include "host.hpp"

namespace ropewalk {

namespace {

// `in`: the map with its size in front, then what is to be translated.
template <class Use>
std::uint32_t with_map(std::uint32_t size, Use&& use) noexcept {
    In in(size);
    const auto map = crdt::EpochMap::decode(in.bytes());
    if (!map.ok()) return answer(map.error());
    return use(*map, in.bytes());
}

}  // namespace

RW_EXPORT(rw_compact) std::uint32_t rw_compact(std::uint32_t size, std::uint32_t v2) {
    return out_result(crdt::compact(in(size), {.format = format_of(v2)}));
}

// `in`: the history with its size in front, 8 random bytes, client ids that are taken. `out`: the
// new history and the map, each with its size in front.
RW_EXPORT(rw_renumber)
std::uint32_t rw_renumber(std::uint32_t size, std::uint32_t v2, double from, double to) {
    In in(size);
    const crdt::ByteView history = in.bytes();
    const crdt::ByteView seed = in.bytes();
    crdt::detail::Vec<crdt::ClientId> taken;
    while (in.more()) {
        if (!taken.push_back(crdt::ClientId{in.number()})) return no_room();
    }
    const auto made = crdt::renumber(history, {.format = format_of(v2),
                                               .from_epoch = static_cast<std::uint64_t>(from),
                                               .to_epoch = static_cast<std::uint64_t>(to),
                                               .seed = crdt::detail::get_u64(seed.data()),
                                               .taken = {taken.data(), taken.size()}});
    if (!made.ok()) return answer(made.error());
    Out out;
    out.number(made->history.size());
    out.raw(made->history.view());
    out.number(made->map.encoded().size());
    out.raw(made->map.encoded());
    return out.done();
}

// From, to, the client that has what was there, the old state vector with its size in front.
RW_EXPORT(rw_map) std::uint32_t rw_map(std::uint32_t size) {
    return with_map(size, [](const crdt::EpochMap& map, crdt::ByteView) {
        const auto known = map.old_state_vector();
        if (!known.ok()) return answer(known.error());
        const auto encoded = known->encode();
        if (!encoded.ok()) return answer(encoded.error());
        Out out;
        out.number(map.from_epoch());
        out.number(map.to_epoch());
        out.number(crdt::raw(map.new_client()));
        out.number(encoded->size());
        out.raw(encoded->view());
        return out.done();
    });
}
RW_EXPORT(rw_map_update) std::uint32_t rw_map_update(std::uint32_t size, std::uint32_t v2) {
    return with_map(size, [&](const crdt::EpochMap& map, crdt::ByteView update) {
        return out_result(map.translate_update(update, format_of(v2)));
    });
}
RW_EXPORT(rw_map_position) std::uint32_t rw_map_position(std::uint32_t size) {
    return with_map(size, [](const crdt::EpochMap& map, crdt::ByteView position) {
        return out_result(map.translate_position(position));
    });
}
RW_EXPORT(rw_map_json) std::uint32_t rw_map_json(std::uint32_t size) {
    return with_map(size, [](const crdt::EpochMap& map, crdt::ByteView json) {
        return out_result(map.translate_json(crdt::as_text(json)));
    });
}

}  // namespace ropewalk
