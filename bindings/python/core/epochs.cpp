// Compaction of both kinds, and what leads from epoch to epoch. Histories are borrowed; long work
// is done without the GIL.
#include <crdt/storage/compact.hpp>
#include <crdt/storage/renumber.hpp>

#include <vector>

#include "client_of.hpp"
#include "document.hpp"
#include "errors.hpp"
#include "functions.hpp"
#include "id_sets.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

using crdt::Bytes;
using crdt::EpochMap;
using crdt::UpdateFormat;

UpdateFormat format_of(bool v2) { return v2 ? UpdateFormat::v2 : UpdateFormat::v1; }

template <class T, class Work>
T worked(Work&& work) {
    std::optional<crdt::Result<T>> result;
    without_gil([&] { result.emplace(work()); });
    return value_of(std::move(*result));
}

py::object compact(const py::object& history, bool v2) {
    const BytesOf bytes(history.ptr());
    const Bytes made = worked<Bytes>(
        [&]() noexcept { return crdt::compact(bytes.view(), {.format = format_of(v2)}); });
    return bytes_object(made.view());
}

py::tuple renumber(const py::object& history,
                   std::uint64_t from_epoch,
                   std::uint64_t to_epoch,
                   std::uint64_t seed,
                   const py::object& taken,
                   bool v2) {
    const BytesOf bytes(history.ptr());
    std::vector<crdt::ClientId> used;
    for (const py::handle client : taken) used.push_back(client_of(client.cast<std::uint64_t>()));
    crdt::Renumbered made = worked<crdt::Renumbered>([&]() noexcept {
        return crdt::renumber(bytes.view(), {.format = format_of(v2),
                                             .from_epoch = from_epoch,
                                             .to_epoch = to_epoch,
                                             .seed = seed,
                                             .taken = used});
    });
    return py::make_tuple(
        bytes_object(made.history.view()),
        py::cast(new EpochMap(std::move(made.map)), py::return_value_policy::take_ownership));
}

EpochMap decode(const py::object& data) {
    const BytesOf bytes(data.ptr());
    return worked<EpochMap>([&]() noexcept { return EpochMap::decode(bytes.view()); });
}

py::list old_clients(const EpochMap& self) {
    py::list made;
    for (const crdt::ClientId client : self.old_clients()) made.append(raw(client));
    return made;
}

py::object old_state(const EpochMap& self) {
    return bytes_object(value_of(value_of(self.old_state_vector()).encode()).view());
}

// Reads nothing that others change: several threads may translate at once.
py::object translate_update(const EpochMap& self, const py::object& update, bool v2) {
    const BytesOf bytes(update.ptr());
    const Bytes made = worked<Bytes>(
        [&]() noexcept { return self.translate_update(bytes.view(), format_of(v2)); });
    return bytes_object(made.view());
}

py::object translate_position(const EpochMap& self, const py::object& position) {
    const BytesOf bytes(position.ptr());
    return bytes_object(value_of(self.translate_position(bytes.view())).view());
}

py::object translate_json(const EpochMap& self, const std::string& json) {
    const Bytes made = value_of(self.translate_json(json));
    return to_python(crdt::as_text(made.view()));
}

py::object translate_id(const EpochMap& self, std::uint64_t client, std::uint64_t clock) {
    const GivenRange given = range_of(client, clock, 0);
    const auto found = self.translate_id({given.client, crdt::Clock{given.start}});
    if (!found) return py::none();
    return py::make_tuple(raw(found->client), raw(found->clock));
}

crdt::IdSet translate_ids(const EpochMap& self, const crdt::IdSet& ids, const py::object& redone) {
    std::vector<crdt::RedoneSpan> spans;
    for (const py::handle one : redone) {
        const auto [old_client, old_clock, client, clock, length] =
            one.cast<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                                std::uint64_t>>();
        const GivenRange old = range_of(old_client, old_clock, length);
        const GivenRange copy = range_of(client, clock, length);
        spans.push_back({{old.client, crdt::Clock{old.start}},
                         {copy.client, crdt::Clock{copy.start}},
                         old.length});
    }
    return value_of(self.translate_ids(ids, spans));
}

}  // namespace

crdt::ClientId client_of(std::uint64_t number) {
    if (number > crdt::kMaxClientId) raise(PyExc_ValueError, "a client id has at most 53 bits");
    return crdt::ClientId{number};
}

void add_epochs(py::module_& module) {
    module.def("compact", &compact);
    module.def("renumber", &renumber);
    py::class_<EpochMap>(module, "EpochMap",
                         "From the ids of one epoch of a document to those of the next.")
        .def_static("decode", &decode, py::arg("data"), "From bytes. Raises DecodeError.")
        .def(
            "encode", [](const EpochMap& self) { return bytes_object(self.encoded()); },
            "The map as bytes, to be kept as long as the old epoch is supported.")
        .def_property_readonly("from_epoch", &EpochMap::from_epoch)
        .def_property_readonly("to_epoch", &EpochMap::to_epoch)
        .def_property_readonly(
            "new_client", [](const EpochMap& self) { return raw(self.new_client()); },
            "The client under which all stands that was there when the new epoch began.")
        .def("old_clients", &old_clients, "Who had written in the old epoch, ascending.")
        .def("old_state", &old_state, "The state vector of the old epoch when it ended.")
        .def("translate_update", &translate_update, py::arg("update"), py::arg("v2") = false,
             "The update of the new epoch that does what one of the old epoch has done. Known "
             "changes are left out. Raises DecodeError where it builds on changes that are neither "
             "in it nor in the map.")
        .def("translate_position", &translate_position, py::arg("position"),
             "The bytes of a relative position (StickyIndex.encode()). Raises RuntimeError where "
             "the type it lay in is gone.")
        .def("translate_json", &translate_json, py::arg("json"),
             "JSON, such as a presence state, with every relative position in it translated.")
        .def(
            "translate_client",
            [](const EpochMap& self, std::uint64_t client) {
                return raw(self.translate_client(client_of(client)));
            },
            py::arg("client"), "Who has the pending changes of a client of the old epoch.")
        .def("translate_id", &translate_id, py::arg("client"), py::arg("clock"),
             "(client, clock) of a unit, None if it had been deleted.")
        .def(
            "translate_ids", &translate_ids, py::arg("ids"), py::arg("redone") = py::tuple(),
            "What of a set of ids still is. `redone`: (client, clock, client of the copy, clock of "
            "the copy, length) of what undo has brought back.");
}

}  // namespace ropewalk
