// fwd.hpp declares the public types as what they are: class or struct, and with their enum's size.
#include <crdt/fwd.hpp>

struct Caret;
crdt::Text letter_of(crdt::Doc& doc);

#include <crdt/crdt.hpp>

crdt::Text letter_of(crdt::Doc& doc) { return doc.text("letter"); }
