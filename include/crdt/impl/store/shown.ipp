#pragma once

#include "../../store/shown.hpp"

namespace crdt::detail {

// Of what was known the last item counts: it is the value, or it was deleted and there was none.
ROPEWALK_INLINE RunPos value_then(Store& store,
                                  std::uint32_t key_seq,
                                  const PastState& then) noexcept {
    const std::uint32_t node = store.sequences.seqs[key_seq].last;
    if (node == kNone) return {};
    Place at{node, store.sequences.nodes.leaf(node).count - 1U, 0};
    for (; at.leaf != kNone; at = store.sequences.previous(at)) {
        const Span& span = store.sequences.span(at);
        const Run& run = store.runs[span.run];
        const auto client = static_cast<ClientId>(store.clients[run.client].id);
        const std::uint32_t end = raw(then.known.get(client));
        if (end <= run.clock + span.offset) continue;
        const std::uint32_t known = end - run.clock;
        const RunPos last{span.run, (known < span.end() ? known : span.end()) - 1};
        std::uint32_t count = 1;
        const bool dead = store.content.deleted(run, last.offset);
        const bool held = run.kind > RunKind::deleted &&
                          (!dead || !store.collect || store.keeping.keeps(store, last, count));
        return held && then.shows(store, last, count) ? last : RunPos{};
    }
    return {};
}

}  // namespace crdt::detail
