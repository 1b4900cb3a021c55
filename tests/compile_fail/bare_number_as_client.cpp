// A number is no client until somebody says so.
// error: ClientId|no matching function
#include <crdt/crdt.hpp>

int main() {
    const std::uint64_t number = 7;
#ifdef ROPEWALK_MUST_NOT_COMPILE
    const crdt::Doc doc{number};
#else
    const crdt::Doc doc{crdt::ClientId{number}};
#endif
    return doc.has_pending() ? 1 : 0;
}
