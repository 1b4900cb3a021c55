// One way to replay a trace into the engine and into the gap buffer, for figures and benchmarks.
#pragma once

#include <crdt/doc/doc.hpp>
#include <cstdint>

#include "../traces/trace.hpp"
#include "gap_buffer.hpp"

namespace bench {

inline constexpr const char* kRoot = "text";

inline void edit(const crdt::Text& text,
                 const Trace& trace,
                 const Patch& patch,
                 std::uint32_t shift = 0) {
    if (patch.deleted > 0) text.erase(patch.at + shift, patch.deleted);
    if (patch.size > 0) text.insert(patch.at + shift, trace.inserted(patch));
}

inline void replay(GapBuffer& buffer, const Trace& trace) {
    for (const Patch& patch : trace.patches) {
        buffer.replace(patch.at, patch.deleted, trace.inserted(patch));
    }
}

// All of it in one transaction.
inline void replay(crdt::Doc& doc, const Trace& trace) {
    const crdt::Text text = doc.text(kRoot);
    const crdt::Transaction open = doc.transact();
    for (const Patch& patch : trace.patches) edit(text, trace, patch);
}

// One transaction for each of the recording.
inline void replay_keystrokes(crdt::Doc& doc, const Trace& trace) {
    const crdt::Text text = doc.text(kRoot);
    std::uint32_t i = 0;
    for (const std::uint32_t end : trace.transaction_ends) {
        const crdt::Transaction open = doc.transact();
        for (; i < end; ++i) edit(text, trace, trace.patches[i]);
    }
}

// The updates of all transactions, one behind the other.
struct Updates {
    std::vector<std::uint8_t> bytes;
    std::vector<std::size_t> ends;

    template <class F>
    void for_each(F&& f) const {
        std::size_t start = 0;
        for (const std::size_t end : ends) {
            f(crdt::ByteView(bytes.data() + start, end - start));
            start = end;
        }
    }
};

inline Updates keystroke_updates(const Trace& trace) {
    Updates updates;
    crdt::Doc doc(crdt::ClientId{1});
    const crdt::Subscription told =
        doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
            updates.bytes.insert(updates.bytes.end(), update.begin(), update.end());
            updates.ends.push_back(updates.bytes.size());
        });
    replay_keystrokes(doc, trace);
    return updates;
}

}  // namespace bench
