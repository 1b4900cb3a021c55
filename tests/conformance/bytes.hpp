// Level 3: our update bytes against those of Yjs.
//
// Yjs writes its items where it happened to cut them; we write no cuts. So bytes are compared after
// both have been read by fresh documents and written again, which forgets cuts and nothing else:
// ids, origins, keys, contents, deletions and what waits all show in the second writing. An update
// that builds on earlier ones is read on top of the state before it. That alone would not notice an
// update that repeats what the document has, or leaves out what follows from the rest; so the ids
// that the two updates carry and delete must be the same, too. Ours is never the longer one.
// (The reading is ours on both sides; that Yjs reads our bytes alike is the differential test's.)
#pragma once

#include <string>
#include <vector>

#include "values.hpp"

namespace conformance {

// Two updates that should do the same to a document whose state is `before` (in V2, or empty).
// `where` names them in what is found.
void compare_updates(const std::string& where,
                     const Blob& before,
                     bool collect,
                     crdt::UpdateFormat format,
                     const Blob& expected,
                     const Blob& got,
                     std::vector<Difference>& found);

// A whole document: `got` is what it encodes as its state, `canonical` its canonical form.
void compare_states(const std::string& where,
                    bool collect,
                    crdt::UpdateFormat format,
                    const Blob& expected,
                    const Blob& got,
                    const Blob& canonical,
                    std::vector<Difference>& found);

}  // namespace conformance
