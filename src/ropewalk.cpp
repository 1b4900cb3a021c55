// The compiled library: the bodies of impl/, once. For users ROPEWALK_COMPILED=1 keeps the headers
// from including them; here each header brings its own, and config.hpp has made them not inline.
#include <crdt/config.hpp>

#undef ROPEWALK_COMPILED
#include <crdt/crdt.hpp>
#include <crdt/store/check.hpp>  // for tests and tools; crdt.hpp leaves it out
