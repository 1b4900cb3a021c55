// A client and a clock cannot be swapped.
// error: ClientId|Clock
#include <crdt/base/ids.hpp>

int main() {
    const crdt::ClientId client{7};
    const crdt::Clock clock{1};
#ifdef ROPEWALK_MUST_NOT_COMPILE
    const crdt::Id id{clock, client};
#else
    const crdt::Id id{client, clock};
#endif
    return static_cast<int>(raw(id.clock)) - 1;
}
