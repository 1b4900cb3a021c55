// A listener that cannot take an update is named as such, not as a failure of a template.
// error: a listener takes \(crdt::ByteView update, const crdt::Origin& origin\)
#include <crdt/crdt.hpp>

int main() {
    crdt::Doc doc{crdt::ClientId{1}};
#ifdef ROPEWALK_MUST_NOT_COMPILE
    const auto told = doc.on_update([](std::string_view) {});
#else
    const auto told = doc.on_update([](crdt::ByteView, const crdt::Origin&) {});
#endif
    return told.active() ? 0 : 1;
}
