// IdSet: ids as ranges, with the algebra of sets. Its bytes are a delete set of format V1.
#include "id_sets.hpp"

#include <crdt/codec/update_v1.hpp>
#include <crdt/codec/update_v2.hpp>

#include "errors.hpp"
#include "functions.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

using crdt::IdSet;

void done(bool memory) {
    if (!memory) throw std::bad_alloc();
}

IdSet decode(const py::object& data, bool v2) {
    const BytesOf bytes(data.ptr());
    return value_of(v2 ? crdt::decode_delete_set_v2(bytes.view())
                       : crdt::decode_delete_set_v1(bytes.view()));
}

py::object encode(const IdSet& self, bool v2) {
    return bytes_object(
        value_of(v2 ? crdt::encode_delete_set_v2(self) : crdt::encode_delete_set_v1(self)).view());
}

py::list ranges(const IdSet& self) {
    py::list made;
    for (const crdt::IdRange& range : self) {
        made.append(py::make_tuple(raw(range.client), raw(range.start), range.end()));
    }
    return made;
}

std::string repr(const IdSet& self) {
    std::string text = "IdSet(";
    const char* between = "";
    std::size_t count = 0;
    for (const crdt::IdRange& range : self) {
        if (++count > 8) {
            text += ", ...";
            break;
        }
        text += between + std::to_string(raw(range.client)) + ": " +
                std::to_string(raw(range.start)) + ".." + std::to_string(range.end());
        between = ", ";
    }
    return text + ")";
}

}  // namespace

GivenRange range_of(std::uint64_t client, std::uint64_t clock, std::uint64_t length) {
    if (client > crdt::kMaxClientId) raise(PyExc_ValueError, "a client id has at most 53 bits");
    if (clock > crdt::kMaxClock || length > crdt::kMaxClock - clock) {
        raise(PyExc_ValueError, "clocks end at 2^31-1");
    }
    return {crdt::ClientId{client}, static_cast<std::uint32_t>(clock),
            static_cast<std::uint32_t>(length)};
}

void add_id_sets(py::module_& module) {
    py::class_<IdSet>(module, "IdSet", "Ids of units, such as deleted ones, as ranges of clocks.")
        .def(py::init<>(), "An empty set.")
        .def_static(
            "decode", [](const py::object& data) { return decode(data, false); }, py::arg("data"),
            "From bytes. Raises DecodeError.")
        .def_static(
            "decode_v2", [](const py::object& data) { return decode(data, true); }, py::arg("data"),
            "The same from a delete set of format V2.")
        .def(
            "encode", [](const IdSet& self) { return encode(self, false); }, "The set as bytes.")
        .def(
            "encode_v2", [](const IdSet& self) { return encode(self, true); },
            "The same in format V2.")
        .def(
            "insert",
            [](IdSet& self, std::uint64_t client, std::uint64_t clock, std::uint64_t length) {
                const GivenRange range = range_of(client, clock, length);
                done(self.insert(range.client, crdt::Clock{range.start}, range.length));
            },
            py::arg("client"), py::arg("clock"), py::arg("length"),
            "Adds `length` clocks of a client.")
        .def(
            "remove",
            [](IdSet& self, std::uint64_t client, std::uint64_t clock, std::uint64_t length) {
                const GivenRange range = range_of(client, clock, length);
                done(self.remove(range.client, crdt::Clock{range.start}, range.length));
            },
            py::arg("client"), py::arg("clock"), py::arg("length"),
            "Takes `length` clocks of a client out, as far as they are there.")
        .def(
            "contains",
            [](const IdSet& self, std::uint64_t client, std::uint64_t clock) {
                if (client > crdt::kMaxClientId || clock > crdt::kMaxClock) return false;
                return self.contains({crdt::ClientId{client}, static_cast<crdt::Clock>(clock)});
            },
            py::arg("client"), py::arg("clock"), "Whether this id is in the set.")
        .def("ranges", &ranges, "Every (client, first clock, clock behind the last).")
        .def("is_empty", &IdSet::empty, "Whether there is no id in it.")
        .def("__iter__", [](const IdSet& self) { return py::iter(ranges(self)); })
        .def("__bool__", [](const IdSet& self) { return !self.empty(); })
        .def(
            "__eq__", [](const IdSet& a, const IdSet& b) { return a == b; }, py::is_operator())
        .def("__repr__", &repr)
        .def("__copy__", &copy_of)
        .def("__deepcopy__", [](const IdSet& self, const py::dict&) { return copy_of(self); })
        .def(py::pickle([](const IdSet& self) { return encode(self, false); },
                        [](const py::bytes& data) { return decode(data, false); }))
        .def(
            "__or__",
            [](const IdSet& a, const IdSet& b) {
                IdSet made = copy_of(a);
                done(made.unite(b));
                return made;
            },
            py::is_operator())
        .def(
            "__and__",
            [](const IdSet& a, const IdSet& b) {
                IdSet made = copy_of(a);
                done(made.intersect(b));
                return made;
            },
            py::is_operator())
        .def(
            "__sub__",
            [](const IdSet& a, const IdSet& b) {
                IdSet made = copy_of(a);
                done(made.subtract(b));
                return made;
            },
            py::is_operator())
        .def(
            "__ior__",
            [](const py::object& self, const IdSet& b) {
                done(self.cast<IdSet&>().unite(b));
                return self;
            },
            py::is_operator())
        .def(
            "__iand__",
            [](const py::object& self, const IdSet& b) {
                done(self.cast<IdSet&>().intersect(b));
                return self;
            },
            py::is_operator())
        .def(
            "__isub__",
            [](const py::object& self, const IdSet& b) {
                done(self.cast<IdSet&>().subtract(b));
                return self;
            },
            py::is_operator());
    add_id_map(module);
}

}  // namespace ropewalk
