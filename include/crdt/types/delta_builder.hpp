// Collects a delta from the items of a text in document order: what it holds now, what it held, or
// what has changed. Who walks decides what counts.
#pragma once

#include <string>

#include "../store/store.hpp"
#include "delta.hpp"

namespace crdt {

class DeltaBuilder {
public:
    explicit DeltaBuilder(detail::Store& store) : store_(store) {}

    // `count` units of a run of text.
    void text(const detail::Run& run, std::uint32_t offset, std::uint32_t count);
    // An embed or a shared type.
    void unit(detail::RunPos at);
    // A format mark that counts: a new op starts.
    void mark(const detail::Run& run);
    // An attribute of what follows that no mark gives; undefined takes it away.
    void set(std::string_view key, const Any& value);

    [[nodiscard]] bool has(std::string_view key) const noexcept {
        return current_.find(key) != nullptr;
    }

    [[nodiscard]] Delta finish() {
        pack();
        return std::move(delta_);
    }

private:
    void pack();

    detail::Store& store_;
    Delta delta_;
    Attributes current_;
    std::string ascii_;     // the op that is being collected, while it is ASCII
    std::u16string units_;  // from the first other unit on
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/types/delta_builder.ipp"
#endif
