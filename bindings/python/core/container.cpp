// Containers: documents that are read without being opened, all of their bytes at hand or parts of
// them. Bytes are borrowed, work is done without the GIL.
#include <crdt/storage/behind.hpp>
#include <crdt/storage/container.hpp>
#include <crdt/storage/container_writer.hpp>
#include <crdt/update/update_block.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "document.hpp"
#include "errors.hpp"
#include "functions.hpp"
#include "id_sets.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

using crdt::BytePart;
using crdt::Bytes;
using crdt::ByteView;
using crdt::Container;
using crdt::JoinAnswer;
using crdt::StateVector;
using crdt::UpdateFormat;
using crdt::detail::SectionKind;

PyObject* missing_parts = nullptr;

template <class Work>
auto away(Work&& work) {
    std::optional<decltype(work())> result;
    without_gil([&] { result.emplace(work()); });
    return *std::move(result);
}

bool is_container(ByteView bytes) noexcept {
    constexpr std::size_t size = sizeof crdt::detail::kContainerMagic;
    return bytes.size() >= size &&
           std::memcmp(bytes.data(), crdt::detail::kContainerMagic, size) == 0;
}

StateVector state_of(const py::object& state) {
    return value_of(StateVector::decode(BytesOf(state.ptr()).view()));
}

// Raises MissingParts, with what is to be fetched.
[[noreturn]] void raise_missing(const crdt::detail::Vec<BytePart>& missing) {
    py::list parts;
    for (const BytePart& part : missing) parts.append(py::make_tuple(part.offset, part.size));
    const py::object error = owned(PyObject_CallFunction(missing_parts, "O", parts.ptr()));
    py::setattr(error, "parts", parts);
    PyErr_SetObject(missing_parts, error.ptr());
    throw py::error_already_set();
}

// Bytes of an object that is kept as long.
struct KeptBytes {
    explicit KeptBytes(const py::object& object) : owner(object), bytes(object.ptr()) {}
    py::object owner;
    BytesOf bytes;
    [[nodiscard]] ByteView view() const noexcept { return bytes.view(); }
};

// Any thread may call it; one at a time is let in.
class PackedDocument {
public:
    explicit PackedDocument(const py::object& data) : whole_(std::in_place, data) {
        const ByteView bytes = whole_->view();
        source_ = std::make_unique<crdt::ViewSource>(bytes);
        container_ = std::make_unique<Container>(
            value_of(away([&]() noexcept { return Container::open(*source_); })));
        size_ = bytes.size();
    }
    explicit PackedDocument(std::uint64_t size) : size_(size) {
        auto parts = std::make_unique<crdt::PartsSource>(size);
        parts_ = parts.get();
        source_ = std::move(parts);
    }

    void add_part(std::uint64_t offset, const py::object& data) {
        const std::lock_guard guard(mutex_);
        if (parts_ == nullptr) raise(PyExc_ValueError, "all of this container is at hand");
        auto held = std::make_unique<KeptBytes>(data);
        if (!parts_->add(offset, held->view())) {
            raise(PyExc_ValueError, "a part that lies behind the end of the container");
        }
        held_.push_back(std::move(held));
    }
    void drop_parts() {
        const std::lock_guard guard(mutex_);
        if (parts_ == nullptr) return;
        ++dropped_;
        parts_->clear();
        held_.clear();
    }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    py::object get_state(const py::object& behind) {
        const BytesOf update(behind.ptr());
        std::optional<StateVector> state = asked<std::optional<StateVector>>(
            [&](const Container& container) noexcept -> crdt::Result<std::optional<StateVector>> {
                if (!has_tables(container)) return crdt::ErrorCode::not_found;
                ROPEWALK_TRY(StateVector own, container.state_vector());
                if (update.view().empty()) return std::optional<StateVector>(std::move(own));
                if (container.has_waiting()) return std::optional<StateVector>{};
                return crdt::state_behind(own, update.view());
            });
        if (!state) return py::none();
        return bytes_object(value_of(state->encode()).view());
    }

    // What somebody lacks, as an update, or as the message of y-protocols that carries it. It is
    // made where it will stay: there is no other copy of it.
    py::object get_update(const py::object& state, const py::object& behind, bool message) {
        const StateVector known = state_of(state);
        const BytesOf update(behind.ptr());
        for (;;) {
            Question question;
            std::optional<crdt::Result<JoinAnswer>> answer;
            unsigned dropped = 0;
            ask(question, [&](const Container& container) noexcept -> crdt::Status {
                dropped = dropped_;
                if (parts_ != nullptr) {
                    ROPEWALK_TRY(const bool there, container.plan_diff(known, *parts_));
                    if (!there) return crdt::ErrorCode::not_found;
                }
                answer.emplace(JoinAnswer::of(container, known, update.view()));
                return answer->ok() ? crdt::Status{} : crdt::Status{answer->error()};
            });
            const std::size_t most = (*answer)->most();
            const std::size_t front = message ? kStepSize + crdt::detail::var_uint_size(most) : 0;
            py::object made =
                owned(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(front + most)));
            auto* const bytes = reinterpret_cast<std::uint8_t*>(PyBytes_AS_STRING(made.ptr()));
            std::optional<crdt::Result<std::size_t>> size;
            without_gil([&] {
                const std::lock_guard guard(mutex_);
                if (dropped != dropped_) return;  // what it was to be made from has gone
                size.emplace((*answer)->write({bytes + front, most}));
                if (size->ok() && message) *size = put_step(bytes, front, **size);
            });
            if (!size) continue;
            cut(made, value_of(std::move(*size)));
            drop_parts();
            return made;
        }
    }

    py::object to_update(bool v2) {
        const UpdateFormat format = v2 ? UpdateFormat::v2 : UpdateFormat::v1;
        const Bytes made =
            asked<Bytes>([&](const Container& container) noexcept -> crdt::Result<Bytes> {
                Bytes out;
                ROPEWALK_CHECK(container.unpack(out));
                if (container.unpack_format() == format) return out;
                return crdt::convert(out, container.unpack_format(), format);
            });
        return bytes_object(made.view());
    }

    crdt::IdSet deletions() {
        return asked<crdt::IdSet>(
            [&](const Container& container) noexcept -> crdt::Result<crdt::IdSet> {
                ROPEWALK_TRY(const StateVector own, container.state_vector());
                if (parts_ != nullptr) {
                    ROPEWALK_TRY(const bool there, container.plan_diff(own, *parts_));
                    if (!there) return crdt::ErrorCode::not_found;
                }
                Bytes out;
                ROPEWALK_CHECK(container.diff(own, out));
                crdt::IdSet made;
                crdt::detail::UpdateReader reader(out, crdt::detail::UpdateForm::v1,
                                                  {.structs = 0xffffffffU});
                std::uint64_t sections = 0;
                crdt::detail::UpdateBlock block;
                if (!reader.begin_sections(sections)) return reader.error();
                for (; sections > 0; --sections) {  // of what waits
                    if (!reader.begin_section()) return reader.error();
                    while (reader.structs_left() > 0) {
                        if (!reader.next(block)) return reader.error();
                    }
                }
                const bool read = reader.deletes(
                    [&](std::uint64_t client, std::uint32_t clock, std::uint32_t length) {
                        return made.insert(crdt::ClientId{client}, crdt::Clock{clock}, length);
                    });
                if (!read) return reader.error();
                return made;
            });
    }

    py::object text(const std::string& root) {
        const Bytes made =
            asked<Bytes>([&](const Container& container) noexcept -> crdt::Result<Bytes> {
                Bytes out;
                ROPEWALK_CHECK(container.text_of(root, out));
                return out;
            });
        return to_python(crdt::as_text(made.view()));
    }

    void verify() {
        asked<bool>([](const Container& container) noexcept -> crdt::Result<bool> {
            ROPEWALK_CHECK(container.verify());
            return true;
        });
    }

    py::object note(const std::string& name) {
        const Bytes made =
            asked<Bytes>([&](const Container& container) noexcept -> crdt::Result<Bytes> {
                Bytes out;
                if (!out.append(container.note(name))) return crdt::ErrorCode::out_of_memory;
                return out;
            });
        return bytes_object(made.view());
    }

    py::dict describe() {
        struct Told {
            std::uint64_t units;
            std::uint32_t clients;
            bool collected;
            bool waits;
            bool v2;
        };
        const Told told = asked<Told>([](const Container& container) noexcept {
            return crdt::Result<Told>(Told{container.units(), container.clients(),
                                           container.collected(), container.has_waiting(),
                                           container.unpack_format() == UpdateFormat::v2});
        });
        py::dict made;
        made["units"] = told.units;
        made["clients"] = told.clients;
        made["collected"] = told.collected;
        made["waits"] = told.waits;
        made["v2"] = told.v2;
        return made;
    }

private:
    // Of parts, a container is opened anew for each question: they come and go, and what was proven
    // of one that has gone says nothing of the next.
    struct Question {
        std::optional<crdt::Result<Container>> opened;
    };

    // Its container lives as long as the question. Raises whatever `work` gives.
    template <class Work>
    void ask(Question& question, Work&& work) {
        crdt::Status status;
        crdt::detail::Vec<BytePart> missing;
        without_gil([&] {
            const std::lock_guard guard(mutex_);
            if (container_ != nullptr) {
                status = work(*container_);
                return;
            }
            const crdt::Result<Container>& opened =
                question.opened.emplace(Container::open(*source_));
            status = opened.ok() ? work(*opened) : crdt::Status{opened.error()};
            missing = parts_->take_missing();
        });
        if (!status.ok() && !missing.empty()) raise_missing(missing);
        if (!status.ok()) raise(status.error());
    }

    template <class T, class Work>
    T asked(Work&& work) {
        Question question;
        std::optional<T> made;
        ask(question, [&](const Container& container) noexcept -> crdt::Status {
            ROPEWALK_TRY(T value, work(container));
            made.emplace(std::move(value));
            return {};
        });
        return *std::move(made);
    }

    // Tables, if they are small: an answer will need them soon, and one look is enough for all.
    // False: some are missing.
    [[nodiscard]] bool has_tables(const Container& container) const noexcept {
        if (parts_ == nullptr) return true;
        bool there = true;
        for (const SectionKind kind :
             {SectionKind::roots, SectionKind::clients, SectionKind::chunks}) {
            const BytePart place = container.place_of(kind);
            if (place.size > crdt::detail::kPageSize || parts_->has(place)) continue;
            parts_->want(place);
            there = false;
        }
        return there;
    }

    // Makes bytes shorter that nobody has seen yet. A few too many stay reserved: the C library
    // would take a block that was cut for smaller than the next answer to the same, and have the
    // system make all its pages anew.
    static void cut(py::object& bytes, std::size_t size) {
        const auto reserved = static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr()));
        if (reserved - size <= size / 32) {
            Py_SET_SIZE(bytes.ptr(), static_cast<Py_ssize_t>(size));
            PyBytes_AS_STRING(bytes.ptr())[size] = '\0';
            return;
        }
        PyObject* shorter = bytes.release().ptr();
        if (_PyBytes_Resize(&shorter, static_cast<Py_ssize_t>(size)) != 0) {
            throw py::error_already_set();
        }
        bytes = owned(shorter);
    }

    // Sync, step 2 and the size of the update, for which `front` bytes were left.
    static std::size_t put_step(std::uint8_t* bytes, std::size_t front, std::size_t size) noexcept {
        const std::size_t needed = kStepSize + crdt::detail::var_uint_size(size);
        if (needed < front) std::memmove(bytes + needed, bytes + front, size);
        bytes[0] = 0;
        bytes[1] = 1;
        crdt::detail::put_var_uint(bytes + kStepSize, size);
        return needed + size;
    }
    static constexpr std::size_t kStepSize = 2;

    std::uint64_t size_ = 0;
    std::optional<KeptBytes> whole_;
    std::vector<std::unique_ptr<KeptBytes>> held_;
    std::unique_ptr<crdt::ByteSource> source_;
    crdt::PartsSource* parts_ = nullptr;
    unsigned dropped_ = 0;  // how often
    std::unique_ptr<Container> container_;
    std::mutex mutex_;
};

// Histories as updates in one format, merged.
crdt::Result<Bytes> merged(std::span<const ByteView> histories,
                           UpdateFormat given,
                           UpdateFormat& format) noexcept {
    std::vector<Bytes> unpacked(histories.size());
    std::vector<UpdateFormat> formats(histories.size(), given);
    for (std::size_t i = 0; i < histories.size(); ++i) {
        if (!is_container(histories[i])) continue;
        const crdt::ViewSource source(histories[i]);
        ROPEWALK_TRY(const Container container, Container::open(source));
        ROPEWALK_CHECK(container.unpack(unpacked[i]));
        formats[i] = container.unpack_format();
    }
    // What only V2 can say is not to be lost.
    format = UpdateFormat::v1;
    for (const UpdateFormat one : formats) {
        if (one == UpdateFormat::v2) format = one;
    }
    std::vector<ByteView> updates;
    for (std::size_t i = 0; i < histories.size(); ++i) {
        const ByteView update = unpacked[i].empty() ? histories[i] : unpacked[i].view();
        if (formats[i] != format) {
            ROPEWALK_TRY(unpacked[i], crdt::convert(update, formats[i], format));
        }
        updates.push_back(unpacked[i].empty() ? histories[i] : unpacked[i].view());
    }
    return crdt::merge(updates, {.format = format});
}

py::object pack(const py::object& histories, const py::dict& notes, bool collect, bool v2) {
    std::vector<std::unique_ptr<BytesOf>> held;
    std::vector<ByteView> views;
    for (const py::handle history : histories) {
        held.push_back(std::make_unique<BytesOf>(history.ptr()));
        views.push_back(held.back()->view());
    }
    std::vector<std::pair<std::string, std::string>> texts;
    for (const auto& [name, bytes] : notes) {
        const BytesOf note(bytes.ptr());
        texts.emplace_back(name.cast<std::string>(), crdt::as_text(note.view()));
    }
    std::vector<crdt::ContainerNote> told;
    for (const auto& [name, bytes] : texts) told.push_back({name, crdt::as_bytes(bytes)});
    const Bytes made = value_of(away([&]() -> crdt::Result<Bytes> {
        const crdt::ContainerOptions options{.collect = collect, .notes = told};
        const UpdateFormat given = v2 ? UpdateFormat::v2 : UpdateFormat::v1;
        static constexpr std::uint8_t kNothing[] = {0, 0};
        if (views.empty()) return crdt::write_container(kNothing, UpdateFormat::v1, options);
        if (views.size() == 1 && !is_container(views[0])) {
            return crdt::write_container(views[0], given, options);
        }
        UpdateFormat format = given;
        ROPEWALK_TRY(const Bytes all, merged(views, given, format));
        return crdt::write_container(all, format, options);
    }));
    return bytes_object(made.view());
}

}  // namespace

void add_containers(py::module_& module) {
    py::dict members;
    members["parts"] = py::list();
    missing_parts = checked(PyErr_NewExceptionWithDoc(
        "ropewalk.MissingParts",
        "Bytes that are needed are not at hand: fetch `parts`, add them, ask again.",
        PyExc_LookupError, members.ptr()));
    module.attr("MissingParts") = shared(missing_parts);
    py::class_<PackedDocument>(module, "PackedDocument", "A container.")
        .def(py::init<std::uint64_t>())
        .def(py::init<const py::object&>())
        .def("add_part", &PackedDocument::add_part)
        .def("drop_parts", &PackedDocument::drop_parts)
        .def("get_state", &PackedDocument::get_state)
        .def("get_update", &PackedDocument::get_update)
        .def("to_update", &PackedDocument::to_update)
        .def("deletions", &PackedDocument::deletions)
        .def("text", &PackedDocument::text)
        .def("verify", &PackedDocument::verify)
        .def("note", &PackedDocument::note)
        .def("describe", &PackedDocument::describe)
        .def_property_readonly("size", &PackedDocument::size);
    module.def("pack_container", &pack);
    module.def("is_container",
               [](const py::object& data) { return is_container(BytesOf(data.ptr()).view()); });
}

}  // namespace ropewalk
