// What is bound by pybind11, a file each: see there.
#pragma once

#include "python.hpp"

namespace ropewalk {

void add_id_sets(py::module_& module);
void add_snapshot(py::module_& module);
void add_sticky_index(py::module_& module);
void add_undo(py::module_& module);
void add_updates(py::module_& module);
void add_document_state(py::module_& module);
void add_subdocs(py::module_& module);
void add_epochs(py::module_& module);
void add_files(py::module_& module);
void add_containers(py::module_& module);
void add_wire(py::module_& module);

}  // namespace ropewalk
