// A Result is looked at; a Status need not be.
// error: unused-result
#include <crdt/crdt.hpp>

int main() {
    crdt::Doc doc{crdt::ClientId{1}};
    doc.text("letter").insert(0, "a");
#ifdef ROPEWALK_MUST_NOT_COMPILE
    doc.encode_state_as_update();
#else
    static_cast<void>(doc.encode_state_as_update());
#endif
    return 0;
}
