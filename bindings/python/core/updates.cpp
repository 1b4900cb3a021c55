// Updates as values, without a document. The bytes are borrowed, large ones are worked on without
// the GIL.
#include <crdt/codec/reader.hpp>

#include <map>
#include <vector>

#include "document.hpp"
#include "errors.hpp"
#include "functions.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

using crdt::Bytes;
using crdt::ByteView;
using crdt::UpdateFormat;

// Smaller inputs are done with before another thread could have the GIL.
constexpr std::size_t kLongInput = 2048;

UpdateFormat format_of(bool v2) { return v2 ? UpdateFormat::v2 : UpdateFormat::v1; }

template <class T, class Work>
T worked(std::size_t size, Work&& work) {
    std::optional<crdt::Result<T>> result;
    if (size < kLongInput) {
        result.emplace(work());
    } else {
        without_gil([&] { result.emplace(work()); });
    }
    return value_of(std::move(*result));
}

// The bytes of many objects; most often each is a `bytes`, which needs no more than its address.
class ManyBytes {
public:
    explicit ManyBytes(const py::handle& updates) {
        held_ = owned(PySequence_Tuple(updates.ptr()));
        const auto count = static_cast<std::size_t>(PyTuple_GET_SIZE(held_.ptr()));
        views_.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            PyObject* const update = PyTuple_GET_ITEM(held_.ptr(), i);
            if (PyBytes_Check(update)) {
                views_.emplace_back(
                    reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(update)),
                    static_cast<std::size_t>(PyBytes_GET_SIZE(update)));
            } else {
                views_.push_back(buffers_.emplace_back(std::make_unique<BytesOf>(update))->view());
            }
            size_ += views_.back().size();
        }
    }
    [[nodiscard]] std::span<const ByteView> views() const noexcept { return views_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    py::object held_;
    std::vector<ByteView> views_;
    std::vector<std::unique_ptr<BytesOf>> buffers_;
    std::size_t size_ = 0;
};

py::object merge_updates(const py::object& updates, bool collect, bool v2) {
    const ManyBytes many(updates);
    if (many.views().empty() && !v2) return py::bytes("\0\0", 2);
    const Bytes merged = worked<Bytes>(many.size(), [&]() noexcept {
        return crdt::merge(many.views(),
                           crdt::MergeOptions{.collect = collect, .format = format_of(v2)});
    });
    return bytes_object(merged.view());
}

py::object get_state(const py::object& update, bool v2) {
    const BytesOf bytes(update.ptr());
    const auto state = worked<crdt::StateVector>(bytes.view().size(), [&]() noexcept {
        return crdt::state_vector_of(bytes.view(), format_of(v2));
    });
    return bytes_object(value_of(state.encode()).view());
}

py::object get_update(const py::object& update, const py::object& state, bool v2) {
    const BytesOf bytes(update.ptr());
    const crdt::StateVector known =
        value_of(crdt::StateVector::decode(BytesOf(state.ptr()).view()));
    const Bytes rest = worked<Bytes>(bytes.view().size(), [&]() noexcept {
        return crdt::diff(bytes.view(), known, format_of(v2));
    });
    return bytes_object(rest.view());
}

py::object convert_update(const py::object& update, bool from_v2, bool to_v2) {
    const BytesOf bytes(update.ptr());
    const Bytes made = worked<Bytes>(bytes.view().size(), [&]() noexcept {
        return crdt::convert(bytes.view(), format_of(from_v2), format_of(to_v2));
    });
    return bytes_object(made.view());
}

py::object obfuscate_update(
    const py::object& update, bool formatting, bool subdocuments, bool xml, bool v2) {
    const BytesOf bytes(update.ptr());
    const Bytes made = worked<Bytes>(bytes.view().size(), [&]() noexcept {
        return crdt::obfuscate(
            bytes.view(), format_of(v2),
            crdt::ObfuscateOptions{
                .formatting = formatting, .subdocuments = subdocuments, .xml = xml});
    });
    return bytes_object(made.view());
}

py::object describe_update(const py::object& update, bool v2) {
    const BytesOf bytes(update.ptr());
    const Bytes words = worked<Bytes>(bytes.view().size(), [&]() noexcept {
        return crdt::describe_update(bytes.view(), format_of(v2));
    });
    return to_python(crdt::as_text(words.view()));
}

// What crdt::inspect() does not tell: which roots there are, and how much is deleted.
struct Contents {
    crdt::UpdateInfo info;
    std::map<std::string, const char*, std::less<>> roots;
    std::uint64_t deleted_units = 0;
};

// What holds such a block is most probably this; nullptr: nothing can be said. The wire does not
// tell what roots are.
const char* kind_of_root(const crdt::detail::DecodedUpdate& update,
                         const crdt::detail::BlockView& block) {
    using crdt::detail::ContentKind;
    if (block.has_key) return "map";
    switch (block.kind) {
        case ContentKind::string:
        case ContentKind::format:
        case ContentKind::embed:
            return "text";
        case ContentKind::type: {
            const std::uint64_t ref = crdt::detail::Reader(update.bytes(block.content)).var_uint();
            return ref == 3 || ref == 5 || ref == 6 ? "xml" : "array";
        }
        case ContentKind::any:
        case ContentKind::json:
        case ContentKind::binary:
        case ContentKind::document:
            return "array";
        default:
            return nullptr;
    }
}

crdt::Result<Contents> contents_of(crdt::ByteView bytes, UpdateFormat format) {
    using crdt::detail::ContentKind;
    crdt::detail::DecodedUpdate update;
    const crdt::Error error = crdt::detail::decode_update(format, bytes, {}, update);
    if (error.code != crdt::ErrorCode::ok) return error;
    Contents made;
    ROPEWALK_TRY(made.info, crdt::inspect(bytes, format));
    crdt::IdSet units;
    crdt::IdSet deleted;
    bool memory = true;
    for (const crdt::detail::ClientSection& section : update.sections) {
        const crdt::ClientId client = update.clients[section.slot];
        for (std::uint32_t i = 0; i < section.count; ++i) {
            const crdt::detail::BlockView& block = update.blocks[section.first + i];
            if (block.kind == ContentKind::skip) continue;
            const auto clock = static_cast<crdt::Clock>(block.clock);
            memory = memory && units.insert(client, clock, block.length);
            if (block.kind == ContentKind::gc || block.kind == ContentKind::deleted) {
                memory = memory && deleted.insert(client, clock, block.length);
            }
            if (block.parent != crdt::detail::ParentRef::root) continue;
            const std::string_view name = update.text(block.root);
            const auto found = made.roots.find(name);
            const char* const kind = kind_of_root(update, block);
            if (found == made.roots.end()) {
                made.roots.emplace(name, kind);
            } else if (found->second == nullptr) {
                found->second = kind;
            }
        }
    }
    for (const crdt::detail::DeleteRange& range : update.deletes) {
        memory = memory && deleted.insert(update.clients[range.slot],
                                          static_cast<crdt::Clock>(range.clock), range.length);
    }
    if (!memory || !deleted.intersect(units)) return crdt::ErrorCode::out_of_memory;
    for (const crdt::IdRange& range : deleted) made.deleted_units += range.length;
    return made;
}

py::dict inspect_update(const py::object& update, bool v2) {
    const BytesOf bytes(update.ptr());
    const auto found = worked<Contents>(
        bytes.view().size(), [&]() noexcept { return contents_of(bytes.view(), format_of(v2)); });
    py::dict clients;
    for (const crdt::UpdateInfo::Client& client : found.info.clients) {
        clients[py::int_(raw(client.client))] = py::make_tuple(raw(client.from), raw(client.to));
    }
    py::dict roots;
    for (const auto& [name, kind] : found.roots) {
        roots[to_python(name)] =
            kind == nullptr ? py::object(py::none()) : py::object(py::str(kind));
    }
    py::dict made;
    made["clients"] = clients;
    made["roots"] = roots;
    made["items"] = found.info.items;
    made["gcs"] = found.info.gcs;
    made["skips"] = found.info.skips;
    made["units"] = found.info.units;
    made["deleted_units"] = found.deleted_units;
    made["skipped_units"] = found.info.skipped_units;
    made["delete_ranges"] = found.info.delete_ranges;
    return made;
}

}  // namespace

void add_updates(py::module_& module) {
    module.def("merge_updates", &merge_updates);
    module.def("get_state", &get_state);
    module.def("get_update", &get_update);
    module.def("convert_update", &convert_update);
    module.def("obfuscate_update", &obfuscate_update);
    module.def("describe_update", &describe_update);
    module.def("inspect_update", &inspect_update);
}

}  // namespace ropewalk
