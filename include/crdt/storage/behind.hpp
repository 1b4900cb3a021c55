// A packed history, and updates that have come since: what both together have, and what somebody
// lacks of it, without a document.
#pragma once

#include <optional>

#include "../base/bytes.hpp"
#include "../base/id_set.hpp"
#include "../base/result.hpp"
#include "../codec/limits.hpp"
#include "../codec/state_vector.hpp"
#include "container.hpp"

namespace crdt {

// The state vector of a complete history when it has taken an update (V1) as well. Nothing: a part
// of the update would wait for what is in neither, or may: only a document knows then.
[[nodiscard]] Result<std::optional<StateVector>> state_behind(const StateVector& state,
                                                              ByteView update,
                                                              const Limits& limits = {}) noexcept;

// What somebody lacks of a container and of an update behind it: diff(known) of both together. It
// is written into room that the caller makes, in one go and nowhere else before: most of it is what
// was deleted, which no state vector tells.
class JoinAnswer {
public:
    // `behind`: an update in V1 that belongs to the container's history, or nothing. The container
    // must outlive the answer. Errors: those of Container::diff() and crdt::diff().
    [[nodiscard]] static Result<JoinAnswer> of(const Container& container,
                                               const StateVector& known,
                                               ByteView behind = {}) noexcept;

    // Bytes that it takes at most.
    [[nodiscard]] std::size_t most() const noexcept { return most_; }
    // The update, in V1: how many bytes it is. Reads the container. requires: room for most() bytes
    [[nodiscard]] Result<std::size_t> write(std::span<std::uint8_t> room) const noexcept;

private:
    explicit JoinAnswer(const Container& container) noexcept : container_(&container) {}
    Status plan(const StateVector& known, ByteView rest) noexcept;
    Status put_together(const StateVector& known, ByteView rest) noexcept;

    const Container* container_;
    Bytes front_;  // all but the deletions of the container, or all
    IdSet more_;   // deletions of the update
    std::size_t most_ = 0;
    bool complete_ = false;  // `front_` is all of it
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/behind.ipp"
#endif
