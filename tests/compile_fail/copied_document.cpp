// A document has one owner: it moves and does not copy. Its types are copied freely.
// error: deleted function|call to deleted constructor
#include <crdt/crdt.hpp>

int main() {
    crdt::Doc doc{crdt::ClientId{1}};
    const crdt::Text letter = doc.text("letter");
    const crdt::Text same = letter;
#ifdef ROPEWALK_MUST_NOT_COMPILE
    const crdt::Doc other = doc;
#else
    const crdt::Doc other = std::move(doc);
#endif
    return same.length() == 0 && !other.has_pending() ? 0 : 1;
}
