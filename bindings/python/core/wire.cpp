// What updates and messages are made of, as values: for programs that look into them.
#include <cmath>
#include <crdt/codec/any_to_json.hpp>
#include <crdt/codec/columns_v2.hpp>
#include <crdt/codec/json_to_any.hpp>
#include <crdt/codec/update_v2.hpp>

#include "errors.hpp"
#include "functions.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

using crdt::detail::BlockView;
using crdt::detail::ContentKind;
using crdt::detail::DecodedUpdate;
using crdt::detail::ParentRef;
using crdt::detail::WireId;

void require_memory(bool good) {
    if (!good) throw std::bad_alloc();
}

// -- values and state vectors --------------------------------------------------------------------

py::object encode_any(const py::object& value) {
    return bytes_object(any_of(value.ptr()).view().encoded());
}

// The value that begins at `start`, and where it ends.
py::tuple read_any(const py::object& data, std::size_t start) {
    const BytesOf bytes(data.ptr());
    const crdt::ByteView view = bytes.view();
    if (start > view.size()) raise(PyExc_IndexError, "the value begins behind the end");
    const std::uint8_t* const begin = view.data() + start;
    const std::uint8_t* end = begin;
    bool canonical = false;
    check(crdt::Status(crdt::detail::validate_any(end, view.data() + view.size(), {}, canonical)));
    const crdt::ByteView value(begin, static_cast<std::size_t>(end - begin));
    return py::make_tuple(to_python(value_of(crdt::Any::decode(value)).view()),
                          start + value.size());
}

// JSON has no such numbers, no bytes and no BigInts. As deep as the engine lets values nest.
bool is_json(const crdt::AnyView& value) {
    switch (value.kind()) {
        case crdt::AnyKind::undefined:
        case crdt::AnyKind::bigint:
        case crdt::AnyKind::bytes:
            return false;
        case crdt::AnyKind::number:
            return std::isfinite(value.as_number());
        case crdt::AnyKind::array:
            for (const crdt::AnyView element : value.elements()) {
                if (!is_json(element)) return false;
            }
            return true;
        case crdt::AnyKind::object:
            for (const auto [key, member] : value.members()) {
                if (!is_json(member)) return false;
            }
            return true;
        default:
            return true;
    }
}

// The text that JSON.stringify() would make.
py::object to_json(const py::object& value) {
    const crdt::Any any = any_of(value.ptr());
    if (!is_json(any.view())) {
        raise(PyExc_ValueError,
              "the value is not JSON compliant: it holds bytes, an integer of "
              "more than 53 bits, Undefined, NaN or an infinity");
    }
    crdt::Bytes text;
    bool exact = true;
    require_memory(crdt::detail::any_to_json(any.view(), text, exact));
    return to_python(crdt::as_text(text.view()));
}

py::object encode_state_vector(const py::dict& clocks) {
    crdt::StateVector vector;
    for (const auto& [client, clock] : clocks) {
        const auto id = client.cast<std::uint64_t>();
        const auto number = clock.cast<std::uint64_t>();
        if (id > crdt::kMaxClientId) raise(PyExc_ValueError, "a client id has at most 53 bits");
        if (number > crdt::kMaxClock) raise(PyExc_ValueError, "clocks end at 2^31-1");
        require_memory(
            vector.set(crdt::ClientId{id}, crdt::Clock{static_cast<std::uint32_t>(number)}));
    }
    return bytes_object(value_of(vector.encode()).view());
}

py::dict decode_state_vector(const py::object& data) {
    const crdt::StateVector vector =
        value_of(crdt::StateVector::decode(BytesOf(data.ptr()).view()));
    py::dict clocks;
    for (const auto& [client, clock] : vector) clocks[py::int_(raw(client))] = raw(clock);
    return clocks;
}

// -- updates -------------------------------------------------------------------------------------

py::tuple id_of(const DecodedUpdate& update, const WireId& id) {
    return py::make_tuple(raw(update.clients[id.slot]), id.clock);
}

const char* name_of_type(std::uint64_t number) {
    static constexpr const char* kNames[] = {"array",        "map",      "text",    "xml_element",
                                             "xml_fragment", "xml_hook", "xml_text"};
    return number < std::size(kNames) ? kNames[number] : "unknown";
}

// Reads content that the decoder has accepted.
class Content {
public:
    explicit Content(crdt::ByteView bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

    std::uint64_t var_uint() { return crdt::detail::get_var_uint(at_); }
    std::string_view text() {
        const auto size = static_cast<std::size_t>(var_uint());
        const crdt::ByteView bytes(at_, size);
        at_ += size;
        return crdt::as_text(bytes);
    }
    py::object any() {
        const std::uint8_t* const behind = crdt::detail::skip_any(at_);
        const crdt::ByteView value(at_, static_cast<std::size_t>(behind - at_));
        at_ = behind;
        // Through an owned value: of duplicate keys the last one counts.
        return to_python(value_of(crdt::Any::decode(value)).view());
    }
    [[nodiscard]] bool done() const { return at_ == end_; }

private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

py::object value_of_json(std::string_view json) {
    crdt::Bytes encoded;
    require_memory(crdt::detail::json_to_any(json, encoded));
    return to_python(crdt::AnyView(encoded.view()));
}

py::object text_of(const DecodedUpdate& update, const BlockView& block) {
    const std::string_view text = update.text(block.content);
    // Halves of surrogate pairs stay what they are: this is a look at what is there.
    return owned(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()),
                                      block.has_halves() ? "surrogatepass" : nullptr));
}

const char* add_content(const DecodedUpdate& update, const BlockView& block, py::dict& made) {
    Content content(update.bytes(block.content));
    switch (block.kind) {
        case ContentKind::gc:
            return "gc";
        case ContentKind::skip:
            return "skip";
        case ContentKind::deleted:
            return "deleted";
        case ContentKind::string:
            made["text"] = text_of(update, block);
            return "string";
        case ContentKind::binary:
            made["value"] = bytes_object(update.bytes(block.content));
            return "binary";
        case ContentKind::any:
        case ContentKind::json: {
            const bool json = block.kind == ContentKind::json;
            py::list values;
            while (!content.done()) {
                values.append(json ? value_of_json(content.text()) : content.any());
            }
            made["values"] = values;
            return json ? "json" : "any";
        }
        case ContentKind::embed:
            made["value"] =
                block.has_any_value() ? content.any() : value_of_json(update.text(block.content));
            return "embed";
        case ContentKind::format:
            made["key"] = to_python(content.text());
            made["value"] = block.has_any_value() ? content.any() : value_of_json(content.text());
            return "format";
        case ContentKind::type: {
            const std::uint64_t type = content.var_uint();
            made["type"] = name_of_type(type);
            if (!content.done()) made["name"] = to_python(content.text());
            return "type";
        }
        case ContentKind::document:
            made["guid"] = to_python(content.text());
            made["options"] = content.any();
            return "document";
    }
    return "unknown";
}

py::dict struct_of(const DecodedUpdate& update, const BlockView& block) {
    py::dict made;
    made["id"] = id_of(update, {block.slot, block.clock});
    made["length"] = block.length;
    made["kind"] = add_content(update, block, made);
    if (!block.is_item()) return made;
    if (block.origin.exists()) made["origin"] = id_of(update, block.origin);
    if (block.right_origin.exists()) made["right_origin"] = id_of(update, block.right_origin);
    if (block.parent == ParentRef::root) {
        made["parent"] = to_python(update.text(block.root));
    } else if (block.parent == ParentRef::item) {
        made["parent"] = id_of(update, block.parent_item);
    }
    if (block.has_key) made["parent_key"] = to_python(update.text(block.key));
    return made;
}

py::dict decode_update(const py::object& data, bool v2) {
    const BytesOf bytes(data.ptr());
    DecodedUpdate update;
    const auto format = v2 ? crdt::UpdateFormat::v2 : crdt::UpdateFormat::v1;
    const crdt::Error error = crdt::detail::decode_update(format, bytes.view(), {}, update);
    check(crdt::Status(error));
    py::list structs;
    for (const crdt::detail::ClientSection& section : update.sections) {
        for (std::uint32_t i = 0; i < section.count; ++i) {
            structs.append(struct_of(update, update.blocks[section.first + i]));
        }
    }
    py::list deletes;
    for (const crdt::detail::DeleteRange& range : update.deletes) {
        deletes.append(py::make_tuple(raw(update.clients[range.slot]), range.clock,
                                      std::uint64_t{range.clock} + range.length));
    }
    py::dict made;
    made["structs"] = structs;
    made["deletes"] = deletes;
    return made;
}

// -- columns of format V2 ------------------------------------------------------------------------

template <class Writer, class Value>
py::object number_column(const py::iterable& values) {
    Writer writer;
    for (const py::handle value : values) {
        const auto number = value.cast<std::uint64_t>();
        if (number > std::numeric_limits<Value>::max() || number > crdt::detail::kMaxVarUint) {
            raise(PyExc_ValueError, "the number is too great for its column");
        }
        writer.write(static_cast<Value>(number));
    }
    require_memory(writer.finish());
    return bytes_object(writer.bytes());
}

py::object string_column(const py::iterable& texts) {
    crdt::detail::StringColumnWriter writer;
    for (const py::handle text : texts) {
        if (!PyUnicode_Check(text.ptr())) raise(PyExc_TypeError, "a column of strings holds str");
        const std::u16string units = units_of(text.ptr());
        writer.write(units.data(), units.size());
    }
    require_memory(writer.finish());
    crdt::Bytes column;
    crdt::detail::Writer out(column);
    out.var_bytes(writer.text());
    out.raw(writer.lengths());
    require_memory(out.ok());
    return bytes_object(column.view());
}

py::object encode_column(std::string_view kind, const py::iterable& values) {
    using namespace crdt::detail;
    if (kind == "uint_opt_rle") return number_column<UintOptRleWriter, std::uint64_t>(values);
    if (kind == "int_diff_opt_rle")
        return number_column<IntDiffOptRleWriter, std::uint64_t>(values);
    if (kind == "rle") return number_column<RleWriter, std::uint8_t>(values);
    if (kind == "string") return string_column(values);
    raise(PyExc_ValueError, "columns are uint_opt_rle, int_diff_opt_rle, rle and string");
}

[[noreturn]] void column_ended() { raise(crdt::Error{crdt::ErrorCode::unexpected_end, 0}); }

template <class Reader, class Value>
py::list read_numbers(crdt::ByteView column, std::size_t count) {
    Reader reader(column);
    py::list values;
    for (std::size_t i = 0; i < count; ++i) {
        Value value{};
        if (!reader.read(value)) column_ended();
        values.append(py::int_(value));
    }
    return values;
}

py::list read_strings(crdt::ByteView column, std::size_t count) {
    crdt::detail::StringColumnReader reader;
    check(crdt::Status(reader.open(column)));
    py::list texts;
    for (std::size_t i = 0; i < count; ++i) {
        crdt::detail::ColumnText text;
        if (!reader.read(text)) column_ended();
        std::u16string units;
        if (text.first_half != 0) units.push_back(text.first_half);
        const std::string_view utf8(reinterpret_cast<const char*>(text.from), text.size);
        const py::object inner = to_python(utf8);
        units += units_of(inner.ptr());
        if (text.last_half != 0) units.push_back(text.last_half);
        int order = -1;  // little-endian
        texts.append(owned(PyUnicode_DecodeUTF16(reinterpret_cast<const char*>(units.data()),
                                                 static_cast<Py_ssize_t>(units.size() * 2),
                                                 "surrogatepass", &order)));
    }
    return texts;
}

py::list decode_column(std::string_view kind, const py::object& data, std::size_t count) {
    using namespace crdt::detail;
    const BytesOf bytes(data.ptr());
    if (kind == "uint_opt_rle") {
        return read_numbers<UintOptRleReader, std::uint64_t>(bytes.view(), count);
    }
    if (kind == "int_diff_opt_rle") {
        return read_numbers<IntDiffOptRleReader, std::uint64_t>(bytes.view(), count);
    }
    if (kind == "rle") return read_numbers<RleReader, std::uint8_t>(bytes.view(), count);
    if (kind == "string") return read_strings(bytes.view(), count);
    raise(PyExc_ValueError, "columns are uint_opt_rle, int_diff_opt_rle, rle and string");
}

}  // namespace

void add_wire(py::module_& module) {
    module.def("_set_values", &set_values);
    module.def("encode_any", &encode_any, py::arg("value"));
    module.def("read_any", &read_any, py::arg("data"), py::arg("start"));
    module.def("_to_json", &to_json);
    module.def("encode_state_vector", &encode_state_vector, py::arg("clocks"));
    module.def("decode_state_vector", &decode_state_vector, py::arg("data"));
    module.def("decode_update", &decode_update, py::arg("update"), py::arg("v2"));
    module.def("encode_column", &encode_column, py::arg("kind"), py::arg("values"));
    module.def("decode_column", &decode_column, py::arg("kind"), py::arg("data"), py::arg("count"));
}

}  // namespace ropewalk
