// What tests of undo managers share: a clock that stands still, and two documents that tell each
// other all.
#pragma once

#include <cstdint>
#include <string>

#include "support/document.hpp"

namespace test {

struct Clock {
    std::uint64_t now = 1000;
    [[nodiscard]] crdt::UndoOptions options(std::uint64_t timeout = 500) {
        crdt::UndoOptions made;
        made.capture_timeout = timeout;
        made.clock = {[](void* self) noexcept { return static_cast<Clock*>(self)->now; }, this};
        return made;
    }
};

inline void exchange(crdt::Doc& a, crdt::Doc& b) {
    const std::string of_a = support::update_of(a);
    support::receive(a, support::update_of(b)).value();
    support::receive(b, of_a).value();
}

}  // namespace test
