// IdMap: ids as ranges with attributes, such as who wrote what. Values, tied to no document.
//
//   varUint clients, ascending; each: varUint difference to the client before, varUint ranges;
//   each:
//     varUint clock, varUint length, varUint attributes; each: varUint number of the attribute; if
//       it is the next one that has no number yet: varUint number of its name (if that is the next:
//       varString name), Any value
#include <pybind11/stl.h>
#include <crdt/codec/any.hpp>
#include <crdt/codec/reader.hpp>
#include <crdt/codec/writer.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "errors.hpp"
#include "id_sets.hpp"
#include "values.hpp"

namespace ropewalk {
namespace {

struct Attribute {
    std::string name;
    crdt::Any value;
    friend bool operator==(const Attribute& a, const Attribute& b) {
        return a.name == b.name && a.value == b.value;
    }
};
using AttributePtr = std::shared_ptr<Attribute>;
using Attributes = std::vector<AttributePtr>;

bool has(const Attributes& attributes, const AttributePtr& wanted) {
    return std::any_of(attributes.begin(), attributes.end(),
                       [&](const AttributePtr& one) { return one == wanted || *one == *wanted; });
}

void unite(Attributes& attributes, const Attributes& more) {
    for (const AttributePtr& one : more) {
        if (!has(attributes, one)) attributes.push_back(one);
    }
}

bool same(const Attributes& a, const Attributes& b) {
    return a.size() == b.size() &&
           std::all_of(a.begin(), a.end(), [&](const AttributePtr& one) { return has(b, one); });
}

struct AttrRange {
    std::uint32_t start = 0;
    std::uint32_t end = 0;
    Attributes attributes;
    friend bool operator==(const AttrRange& a, const AttrRange& b) {
        return a.start == b.start && a.end == b.end && same(a.attributes, b.attributes);
    }
};
// Ascending and disjoint; those that touch have different attributes.
using Ranges = std::vector<AttrRange>;

void append(Ranges& ranges, AttrRange range) {
    if (!ranges.empty() && ranges.back().end == range.start &&
        same(ranges.back().attributes, range.attributes)) {
        ranges.back().end = range.end;
    } else {
        ranges.push_back(std::move(range));
    }
}

// Whom a stretch belongs to, and what becomes of it.
enum class Keep { either, both, first_only };

Ranges combined(std::span<const AttrRange> a, std::span<const AttrRange> b, Keep keep) {
    Ranges made;
    std::size_t i = 0;
    std::size_t k = 0;
    std::uint32_t at = 0;
    while (i < a.size() || k < b.size()) {
        const AttrRange* const first = i < a.size() && a[i].start <= at ? &a[i] : nullptr;
        const AttrRange* const second = k < b.size() && b[k].start <= at ? &b[k] : nullptr;
        std::uint32_t stop = 0xffffffffU;
        if (i < a.size()) stop = std::min(stop, first != nullptr ? a[i].end : a[i].start);
        if (k < b.size()) stop = std::min(stop, second != nullptr ? b[k].end : b[k].start);
        const bool wanted = keep == Keep::either ? first != nullptr || second != nullptr
                            : keep == Keep::both ? first != nullptr && second != nullptr
                                                 : first != nullptr && second == nullptr;
        if (wanted && stop > at) {
            Attributes attributes;
            if (first != nullptr) attributes = first->attributes;
            if (second != nullptr) unite(attributes, second->attributes);
            append(made, {at, stop, std::move(attributes)});
        }
        at = stop;
        if (i < a.size() && a[i].end <= at) ++i;
        if (k < b.size() && b[k].end <= at) ++k;
    }
    return made;
}

class IdMap {
public:
    std::map<std::uint64_t, Ranges> clients;

    // Replaces the ranges that meet or touch `range` by what they are together.
    void change(std::uint64_t client, const AttrRange& range, Keep keep) {
        const auto found =
            keep == Keep::either ? clients.try_emplace(client).first : clients.find(client);
        if (found == clients.end()) return;
        Ranges& ranges = found->second;
        const auto from =
            std::partition_point(ranges.begin(), ranges.end(),
                                 [&](const AttrRange& one) { return one.end < range.start; });
        const auto to = std::partition_point(
            from, ranges.end(), [&](const AttrRange& one) { return one.start <= range.end; });
        Ranges made = combined({from, to}, {&range, 1}, keep);
        const auto at = ranges.erase(from, to);
        ranges.insert(at, std::make_move_iterator(made.begin()),
                      std::make_move_iterator(made.end()));
        if (ranges.empty()) clients.erase(found);
    }
    void combine(const IdMap& other, Keep keep) {
        if (keep == Keep::either) {
            for (const auto& [client, ranges] : other.clients) clients.try_emplace(client);
        }
        for (auto at = clients.begin(); at != clients.end();) {
            const auto found = other.clients.find(at->first);
            static const Ranges none;
            at->second =
                combined(at->second, found == other.clients.end() ? none : found->second, keep);
            at = at->second.empty() ? clients.erase(at) : std::next(at);
        }
    }
    [[nodiscard]] const Ranges& of(std::uint64_t client) const {
        static const Ranges none;
        const auto found = clients.find(client);
        return found == clients.end() ? none : found->second;
    }
    friend bool operator==(const IdMap& a, const IdMap& b) { return a.clients == b.clients; }
};

IdMap map_of(const crdt::IdSet& set, const Attributes& attributes) {
    IdMap map;
    Attributes once;
    unite(once, attributes);
    for (const crdt::IdRange& range : set) {
        map.clients[raw(range.client)].push_back({raw(range.start), range.end(), once});
    }
    return map;
}

crdt::IdSet set_of(const IdMap& map) {
    crdt::IdSet set;
    for (const auto& [client, ranges] : map.clients) {
        for (const AttrRange& range : ranges) {
            if (!set.insert(crdt::ClientId{client}, crdt::Clock{range.start},
                            range.end - range.start)) {
                throw std::bad_alloc();
            }
        }
    }
    return set;
}

void insert(IdMap& self,
            std::uint64_t client,
            std::uint64_t clock,
            std::uint64_t length,
            const Attributes& attributes) {
    const GivenRange given = range_of(client, clock, length);
    if (given.length == 0 || attributes.empty()) return;
    Attributes once;
    unite(once, attributes);
    self.change(client, {given.start, given.start + given.length, std::move(once)}, Keep::either);
}

void remove(IdMap& self, std::uint64_t client, std::uint64_t clock, std::uint64_t length) {
    const GivenRange given = range_of(client, clock, length);
    if (given.length == 0) return;
    self.change(client, {given.start, given.start + given.length, {}}, Keep::first_only);
}

bool contains(const IdMap& self, std::uint64_t client, std::uint64_t clock) {
    const Ranges& ranges = self.of(client);
    const auto at = std::partition_point(
        ranges.begin(), ranges.end(), [&](const AttrRange& range) { return range.end <= clock; });
    return at != ranges.end() && at->start <= clock;
}

// All of the asked range: gaps have no attributes.
Ranges attributions(const IdMap& self,
                    std::uint64_t client,
                    std::uint64_t clock,
                    std::uint64_t length) {
    const GivenRange given = range_of(client, clock, length);
    const AttrRange asked{given.start, given.start + given.length, {}};
    Ranges made;
    if (given.length == 0) return {asked};
    std::uint32_t at = asked.start;
    for (const AttrRange& range : combined(self.of(client), {&asked, 1}, Keep::both)) {
        if (range.start > at) made.push_back({at, range.start, {}});
        made.push_back(range);
        at = range.end;
    }
    if (at < asked.end) made.push_back({at, asked.end, {}});
    return made;
}

py::list entries(const IdMap& self) {
    py::list made;
    for (const auto& [client, ranges] : self.clients) {
        for (const AttrRange& range : ranges) made.append(py::make_tuple(client, range));
    }
    return made;
}

IdMap filter(const IdMap& self, const py::object& predicate) {
    IdMap made;
    const IdMap all = self;  // the predicate may change the map
    for (const auto& [client, ranges] : all.clients) {
        for (const AttrRange& range : ranges) {
            const int holds = PyObject_IsTrue(predicate(py::cast(range.attributes)).ptr());
            if (holds < 0) throw py::error_already_set();
            if (holds != 0) append(made.clients[client], range);
        }
    }
    std::erase_if(made.clients, [](const auto& entry) { return entry.second.empty(); });
    return made;
}

IdMap without(const IdMap& self, const py::object& other) {
    IdMap made = self;
    if (py::isinstance<crdt::IdSet>(other)) {
        made.combine(map_of(other.cast<const crdt::IdSet&>(), {}), Keep::first_only);
    } else if (py::isinstance<IdMap>(other)) {
        made.combine(other.cast<const IdMap&>(), Keep::first_only);
    } else {
        raise(PyExc_TypeError, "an IdMap or an IdSet was expected");
    }
    return made;
}

// -- bytes ----------------------------------------------------------------------------------------

py::object encode(const IdMap& self) {
    crdt::Bytes bytes;
    crdt::detail::Writer out(bytes);
    Attributes known;
    std::vector<std::string_view> names;
    std::uint64_t before = 0;
    out.var_uint(self.clients.size());
    for (const auto& [client, ranges] : self.clients) {
        out.var_uint(client - before);
        before = client;
        out.var_uint(ranges.size());
        for (const AttrRange& range : ranges) {
            out.var_uint(range.start);
            out.var_uint(range.end - range.start);
            out.var_uint(range.attributes.size());
            for (const AttributePtr& attribute : range.attributes) {
                const auto number = static_cast<std::size_t>(
                    std::find_if(known.begin(), known.end(),
                                 [&](const AttributePtr& one) {
                                     return one == attribute || *one == *attribute;
                                 }) -
                    known.begin());
                out.var_uint(number);
                if (number < known.size()) continue;
                known.push_back(attribute);
                const auto name = static_cast<std::size_t>(
                    std::find(names.begin(), names.end(), attribute->name) - names.begin());
                out.var_uint(name);
                if (name == names.size()) {
                    names.push_back(attribute->name);
                    out.var_string(attribute->name);
                }
                out.raw(attribute->value.view().encoded());
            }
        }
    }
    if (!out.ok()) throw std::bad_alloc();
    return bytes_object(bytes.view());
}

class MapReader {
public:
    explicit MapReader(crdt::ByteView input) : input_(input), in_(input) {}

    IdMap read() {
        IdMap map;
        std::uint64_t client = 0;
        bool first = true;
        for (std::uint64_t left = in_.count(2); in_.ok() && left > 0; --left) {
            const std::uint64_t step = in_.var_uint();
            if (step > crdt::kMaxClientId - client || (step == 0 && !first)) fail();
            client += step;
            first = false;
            Ranges& ranges = map.clients[client];
            for (std::uint64_t of = in_.count(3); in_.ok() && of > 0; --of) read_range(ranges);
            if (ranges.empty()) map.clients.erase(client);
        }
        if (!in_.ok()) raise(in_.error());
        return map;
    }

private:
    void fail() { in_.fail(crdt::ErrorCode::invalid_struct); }

    // Ranges come ascending and disjoint, as they were written.
    void read_range(Ranges& ranges) {
        const std::uint64_t start = in_.var_uint();
        const std::uint64_t length = in_.var_uint();
        if (start > crdt::kMaxClock || length > crdt::kMaxClock - start || length == 0 ||
            (!ranges.empty() && ranges.back().end > start)) {
            fail();
        }
        AttrRange range{
            static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(start + length), {}};
        for (std::uint64_t left = in_.count(1); in_.ok() && left > 0; --left) {
            if (const AttributePtr attribute = read_attribute()) {
                range.attributes.push_back(attribute);
            }
        }
        if (in_.ok()) append(ranges, std::move(range));
    }

    AttributePtr read_attribute() {
        const std::uint64_t number = in_.var_uint();
        if (number < known_.size()) return known_[number];
        if (number > known_.size()) fail();
        const std::uint64_t name = in_.var_uint();
        if (name > names_.size()) fail();
        if (!in_.ok()) return nullptr;
        if (name == names_.size()) names_.emplace_back(in_.var_string());
        if (!in_.ok()) return nullptr;
        const std::uint8_t* at = input_.data() + in_.offset();
        bool canonical = true;
        const crdt::Error error = crdt::detail::validate_any(at, input_.data() + input_.size(),
                                                             crdt::Limits{}, canonical);
        if (error.code != crdt::ErrorCode::ok) {
            in_.fail(error.code);
            return nullptr;
        }
        const crdt::ByteView value =
            in_.raw(static_cast<std::size_t>(at - input_.data()) - in_.offset());
        crdt::Any any = value_of(crdt::Any::decode(value));
        return known_.emplace_back(
            std::make_shared<Attribute>(Attribute{names_[name], std::move(any)}));
    }

    crdt::ByteView input_;
    crdt::detail::Reader in_;
    Attributes known_;
    std::vector<std::string> names_;
};

// -- words ----------------------------------------------------------------------------------------

py::object value_object(const Attribute& attribute) { return to_python(attribute.value.view()); }

py::str repr_of_attribute(const Attribute& self) {
    return py::str("ContentAttribute(name={!r}, value={!r})")
        .format(to_python(self.name), value_object(self));
}

py::str repr_of_range(const AttrRange& self) {
    return py::str("AttrRange(start={}, end={}, attributes={})")
        .format(self.start, self.end, py::cast(self.attributes));
}

py::object taken(const py::object& self, IdMap made) {
    self.cast<IdMap&>() = std::move(made);
    return self;
}

IdMap both(const IdMap& a, const IdMap& b, Keep keep) {
    IdMap made = a;
    made.combine(b, keep);
    return made;
}

}  // namespace

void add_id_map(py::module_& module) {
    py::class_<Attribute, AttributePtr>(module, "ContentAttribute",
                                        "A name and a value that ranges of an IdMap bear.")
        .def(py::init([](const py::str& name, const py::object& value) {
                 return Attribute{std::string(key_of(name.ptr())), any_of(value.ptr())};
             }),
             py::arg("name"), py::arg("value"))
        .def_property_readonly("name", [](const Attribute& self) { return to_python(self.name); })
        .def_property_readonly("value", &value_object)
        .def(
            "__eq__", [](const Attribute& a, const Attribute& b) { return a == b; },
            py::is_operator())
        .def("__hash__",
             [](const Attribute& self) {
                 const crdt::ByteView value = self.value.view().encoded();
                 return py::hash(py::make_tuple(to_python(self.name), bytes_object(value)));
             })
        .def("__repr__", &repr_of_attribute);

    py::class_<AttrRange>(module, "AttrRange", "A stretch of clocks and the attributes it bears.")
        .def_property_readonly(
            "start", [](const AttrRange& self) { return self.start; }, "The first clock.")
        .def_property_readonly(
            "end", [](const AttrRange& self) { return self.end; }, "The clock behind the last.")
        .def_property_readonly("attributes",
                               [](const AttrRange& self) { return py::cast(self.attributes); })
        .def(
            "__eq__", [](const AttrRange& a, const AttrRange& b) { return a == b; },
            py::is_operator())
        .def("__repr__", &repr_of_range);

    const auto read = [](const py::object& data) {
        const BytesOf bytes(data.ptr());
        return MapReader(bytes.view()).read();
    };
    py::class_<IdMap>(module, "IdMap", "Ids of units as ranges of clocks that bear attributes.")
        .def(py::init<>(), "An empty map.")
        .def_static("decode", read, py::arg("data"), "From bytes. Raises DecodeError.")
        .def("encode", &encode, "The map as bytes.")
        .def("insert", &insert, py::arg("client"), py::arg("clock"), py::arg("length"),
             py::arg("attributes"), "Gives attributes to `length` clocks of a client, in addition.")
        .def("remove", &remove, py::arg("client"), py::arg("clock"), py::arg("length"),
             "Takes `length` clocks of a client out.")
        .def("contains", &contains, py::arg("client"), py::arg("clock"),
             "Whether this id is in the map.")
        .def(
            "is_empty", [](const IdMap& self) { return self.clients.empty(); },
            "Whether there is no id in it.")
        .def("attributions", &attributions, py::arg("client"), py::arg("clock"), py::arg("length"),
             "The asked clocks as ranges; those that are not in the map have no attributes.")
        .def("entries", &entries, "Every (client, AttrRange).")
        .def(
            "merge_with",
            [](IdMap& self, const IdMap& other) { self.combine(IdMap(other), Keep::either); },
            py::arg("other"), "Adds all of another map.")
        .def_static(
            "merge_many",
            [](const std::vector<const IdMap*>& maps) {
                IdMap made;
                for (const IdMap* map : maps) made.combine(*map, Keep::either);
                return made;
            },
            py::arg("maps"), "One map of all.")
        .def(
            "intersect_with",
            [](IdMap& self, const IdMap& other) { self.combine(IdMap(other), Keep::both); },
            py::arg("other"), "Keeps what is in both, with the attributes of both.")
        .def(
            "diff_with",
            [](const py::object& self, const py::object& other) {
                taken(self, without(self.cast<const IdMap&>(), other));
            },
            py::arg("other"), "Takes out what is in another IdMap or IdSet.")
        .def("filter", &filter, py::arg("predicate"),
             "The ranges for whose list of attributes the predicate holds.")
        .def("as_id_set", &set_of, "The ids alone.")
        .def_static("from_set", &map_of, py::arg("id_set"), py::arg("attributes"),
                    "The ids of a set, all with these attributes.")
        .def("__bool__", [](const IdMap& self) { return !self.clients.empty(); })
        .def("__iter__", [](const IdMap& self) { return py::iter(entries(self)); })
        .def(
            "__eq__", [](const IdMap& a, const IdMap& b) { return a == b; }, py::is_operator())
        .def(
            "__or__", [](const IdMap& a, const IdMap& b) { return both(a, b, Keep::either); },
            py::is_operator())
        .def(
            "__and__", [](const IdMap& a, const IdMap& b) { return both(a, b, Keep::both); },
            py::is_operator())
        .def("__sub__", &without, py::is_operator())
        .def(
            "__ior__",
            [](const py::object& self, const IdMap& other) {
                return taken(self, both(self.cast<const IdMap&>(), other, Keep::either));
            },
            py::is_operator())
        .def(
            "__iand__",
            [](const py::object& self, const IdMap& other) {
                return taken(self, both(self.cast<const IdMap&>(), other, Keep::both));
            },
            py::is_operator())
        .def(
            "__isub__",
            [](const py::object& self, const py::object& other) {
                return taken(self, without(self.cast<const IdMap&>(), other));
            },
            py::is_operator())
        .def("__copy__", [](const IdMap& self) { return IdMap(self); })
        .def("__deepcopy__", [](const IdMap& self, const py::dict&) { return IdMap(self); })
        .def("__repr__",
             [](const IdMap& self) { return py::str("IdMap({})").format(entries(self)); })
        .def(py::pickle([](const IdMap& self) { return encode(self); },
                        [read](const py::bytes& data) { return read(data); }));
}

}  // namespace ropewalk
