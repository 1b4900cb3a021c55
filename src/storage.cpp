// The compiled library of storage/: the bodies of impl/storage, once, as ropewalk.cpp has the rest.
#include <crdt/config.hpp>
#include <crdt/crdt.hpp>
// What storage/ uses of other rooms and crdt.hpp does not reach: its bodies are in ropewalk.cpp.
#include <crdt/base/sort.hpp>
#include <crdt/codec/any_to_json.hpp>
#include <crdt/codec/json.hpp>
#include <crdt/codec/json_to_any.hpp>
#include <crdt/codec/update_writer.hpp>
#include <crdt/store/apply.hpp>
#include <crdt/store/encode.hpp>
#include <crdt/store/encode_v2.hpp>
#include <crdt/update/block_writer.hpp>
#include <crdt/update/exact_form.hpp>

#undef ROPEWALK_COMPILED
#include <crdt/storage.hpp>
