// ropewalk._core: what of the package is native.
#include "errors.hpp"
#include "events.hpp"
#include "functions.hpp"
#include "shared_type.hpp"
#include "text.hpp"
#include "transaction.hpp"

PYBIND11_MODULE(_core, module) {
    module.doc() = "The native part of ropewalk: the engine, as objects of Python's.";
    module.attr("__version__") = std::string(crdt::kVersion);
    ropewalk::add_errors(module);
    ropewalk::add_fork_hooks();
    ropewalk::add_document(module);
    ropewalk::add_transaction(module);
    ropewalk::add_shared_type(module);
    ropewalk::add_formatted(module);
    ropewalk::add_text(module);
    ropewalk::add_array(module);
    ropewalk::add_map(module);
    ropewalk::add_xml(module);
    ropewalk::add_xml_hook(module);
    ropewalk::add_document_events(module);
    ropewalk::add_type_events(module);
    ropewalk::add_id_sets(module);
    ropewalk::add_snapshot(module);
    ropewalk::add_sticky_index(module);
    ropewalk::add_undo(module);
    ropewalk::add_updates(module);
    ropewalk::add_document_state(module);
    ropewalk::add_subdocs(module);
    ropewalk::add_epochs(module);
    ropewalk::add_files(module);
    ropewalk::add_containers(module);
    ropewalk::add_wire(module);
}
