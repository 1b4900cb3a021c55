// The native part of UndoManager: looks after one document.
#include <atomic>
#include <chrono>
#include <memory>
#include <set>

#include "errors.hpp"
#include "functions.hpp"
#include "id_sets.hpp"
#include "shared_type.hpp"
#include "transaction.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

using crdt::UndoStack;

// Items are numbered as they come about, so that those of several documents have an order. The
// number is what the program's own data of an item are kept under.
constexpr std::string_view kNumber = "number";
std::atomic<std::uint64_t> items{0};

void number(crdt::UndoItem* item) noexcept {
    const std::uint64_t next = ++items;
    static_cast<void>(
        item->set_meta(kNumber, {reinterpret_cast<const std::uint8_t*>(&next), sizeof next}));
}
std::uint64_t number_of(const crdt::UndoItem* item) noexcept {
    const crdt::Bytes* const kept = item == nullptr ? nullptr : item->meta(kNumber);
    std::uint64_t made = 0;
    if (kept != nullptr) std::memcpy(&made, kept->data(), sizeof made);
    return made;
}

UndoStack stack_of(bool redo) { return redo ? UndoStack::redo : UndoStack::undo; }

class Undo {
public:
    // `clock`: None for the system's, or what answers milliseconds. `whole`: looks after all of the
    // document, else after what expand_scope() names. `over_remote`: entries of maps come back even
    // where they hide what others have set since.
    Undo(const py::object& document,
         std::uint64_t timeout,
         const py::object& clock,
         const py::object& origin,
         bool whole,
         bool over_remote)
        : doc_(opened(document.ptr())),
          origin_(origin),
          name_(hash_of_origin(origin.ptr())),
          clock_(clock.is_none() ? py::object() : clock) {
        const Entered entered(doc_);
        document_ = document;
        crdt::UndoOptions options;
        options.capture_timeout = timeout;
        options.clock = {.now = &now, .context = this};
        options.ignore_remote_map_changes = over_remote;
        options.track_remote = true;  // as Yjs does, unless they are given an origin
        options.origin = origin_name(name_);
        options.capture = &captures;
        options.context = this;
        if (whole) {
            manager_ = std::make_unique<crdt::UndoManager>(*doc_->doc, options);
        } else {
            manager_ = std::make_unique<crdt::UndoManager>(
                *doc_->doc, std::initializer_list<crdt::SharedType>{}, options);
        }
        check(manager_->status());
        added_ = manager_->on_event([](const crdt::UndoEvent& event) noexcept {
            if (event.kind == crdt::UndoEventKind::added) number(event.item);
        });
        if (!added_.active()) throw std::bad_alloc();
    }
    Undo(const Undo&) = delete;
    Undo& operator=(const Undo&) = delete;
    ~Undo() { end(); }

    // Has no effect the second time.
    void end() noexcept {
        if (manager_ == nullptr) return;
        const py::error_scope outer;
        try {
            if (ending()) {
                // A thread that runs no longer may have been at work on the document.
                static_cast<void>(manager_.release());
                static_cast<void>(new crdt::Subscription(std::move(added_)));
                return;
            }
            const Entered entered(doc_);
            added_.cancel();
            manager_.reset();
        } catch (py::error_already_set& error) {
            error.discard_as_unraisable("UndoManager");
        }
        document_ = py::object();
        clock_ = py::object();
        metas_ = py::object();
    }

    int traverse(visitproc visit, void* arg) const {
        Py_VISIT(document_.ptr());
        Py_VISIT(clock_.ptr());
        Py_VISIT(metas_.ptr());
        return 0;
    }

    [[nodiscard]] py::object document() const { return document_; }

    void expand_scope(const py::object& type) {
        if (!is_shared(type.ptr())) raise(PyExc_TypeError, "a scope is a shared type");
        const Entered entered(doc_);
        check(manager().add_to_scope({handle<crdt::Text>(as_shared(type.ptr()))}));
    }
    // None: transactions that have none.
    void include_origin(const py::object& origin) {
        if (origin.is_none()) {
            includes_none_ = true;
            return;
        }
        const Py_hash_t name = hash_of_origin(origin.ptr());
        const Entered entered(doc_);
        if (!included_.insert(name).second) return;
        check(manager().add_tracked_origin(origin_name(name)));
    }
    void exclude_origin(const py::object& origin) {
        if (origin.is_none()) {
            includes_none_ = false;
            return;
        }
        const Py_hash_t name = hash_of_origin(origin.ptr());
        const Entered entered(doc_);
        if (included_.erase(name) != 0) manager().remove_tracked_origin(origin_name(name));
    }

    // The number of the newest item; 0 if there is none.
    [[nodiscard]] std::uint64_t newest(bool redo) {
        const Entered entered(doc_);
        return number_of(redo ? manager().redo_item() : manager().undo_item());
    }
    [[nodiscard]] bool can(bool redo) {
        const Entered entered(doc_);
        return redo ? manager().can_redo() : manager().can_undo();
    }

    bool pop(bool redo) {
        const Writing writing(doc_);
        if (doc_->current != nullptr) {
            raise(PyExc_RuntimeError, "Cannot acquire transaction: one is open");
        }
        crdt::UndoManager& undo = manager();
        std::optional<crdt::Undone> undone;
        {
            const Turn turn(doc_, origin_.ptr());  // observers see who it was
            without_gil([&] { undone.emplace(redo ? undo.redo() : undo.undo()); });
        }
        writing.done();
        check(undone->status());
        return static_cast<bool>(*undone);
    }
    void clear(bool undo, bool redo) {
        const Entered entered(doc_);
        if (undo) manager().clear(UndoStack::undo);
        if (redo) manager().clear(UndoStack::redo);
        if (undo && redo) metas_ = py::object();
    }
    void stop_capturing() {
        const Entered entered(doc_);
        manager().stop_capturing();
    }

    void push(bool redo,
              const crdt::IdSet& deletions,
              const crdt::IdSet& insertions,
              const py::object& meta) {
        const Entered entered(doc_);
        const UndoStack stack = stack_of(redo);
        check(manager().push(stack, insertions, deletions));
        crdt::UndoItem* const item = redo ? manager().redo_item() : manager().undo_item();
        number(item);
        if (meta.is_none()) return;
        if (!metas_) metas_ = py::dict();
        metas_[py::int_(number_of(item))] = meta;
    }
    // (number, deletions, insertions, meta) of each, the oldest first.
    [[nodiscard]] py::list stack(bool redo) {
        const Entered entered(doc_);
        py::list made;
        const crdt::UndoManager& undo = manager();
        for (std::size_t i = 0;; ++i) {
            const crdt::UndoItem* const item = undo.item(stack_of(redo), i);
            if (item == nullptr) return made;
            const py::int_ number(number_of(item));
            const py::object meta =
                metas_ ? py::object(metas_.attr("get")(number)) : py::object(py::none());
            made.append(py::make_tuple(number, py::cast(copy_of(item->deletions())),
                                       py::cast(copy_of(item->insertions())), meta));
        }
    }

private:
    crdt::UndoManager& manager() {
        if (manager_ == nullptr) raise(PyExc_RuntimeError, "the document is gone");
        return *manager_;
    }

    // Called when a transaction ends, perhaps without the GIL.
    static std::uint64_t now(void* context) noexcept {
        const auto* const self = static_cast<const Undo*>(context);
        if (!self->clock_) {
            using std::chrono::milliseconds;
            return static_cast<std::uint64_t>(
                std::chrono::duration_cast<milliseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count());
        }
        std::uint64_t time = 0;
        Telling telling(self->doc_);
        telling([&] {
            const py::object answer = owned(PyObject_CallNoArgs(self->clock_.ptr()));
            time = PyLong_AsUnsignedLongLong(answer.ptr());
            if (PyErr_Occurred() != nullptr) throw py::error_already_set();
        });
        return time;
    }
    // Who names origins does not mean those that have none.
    static bool captures(void* context, const crdt::Origin& origin) noexcept {
        const auto* const self = static_cast<const Undo*>(context);
        return !origin.name().empty() || self->included_.empty() || self->includes_none_;
    }

    DocObject* doc_;  // as long as `document_`
    py::object document_;
    py::object origin_;
    Py_hash_t name_;
    py::object clock_;
    py::object metas_;
    std::set<Py_hash_t> included_;
    bool includes_none_ = false;
    std::unique_ptr<crdt::UndoManager> manager_;
    crdt::Subscription added_;
};

// It refers to the document and to a clock, which may refer to it.
void collected(PyHeapTypeObject* heap) {
    PyTypeObject* const type = &heap->ht_type;
    type->tp_flags |= Py_TPFLAGS_HAVE_GC;
    type->tp_traverse = [](PyObject* object, visitproc visit, void* arg) {
        Py_VISIT(Py_TYPE(object));
        if (!py::detail::is_holder_constructed(object)) return 0;
        return py::cast<const Undo&>(py::handle(object)).traverse(visit, arg);
    };
    type->tp_clear = [](PyObject* object) {
        if (py::detail::is_holder_constructed(object)) {
            py::cast<Undo&>(py::handle(object)).end();
        }
        return 0;
    };
}

}  // namespace

void add_undo(py::module_& module) {
    py::class_<Undo>(module, "UndoManager", py::custom_type_setup(&collected))
        .def(py::init<const py::object&, std::uint64_t, const py::object&, const py::object&, bool,
                      bool>())
        .def_property_readonly("document", &Undo::document)
        .def("expand_scope", &Undo::expand_scope)
        .def("include_origin", &Undo::include_origin)
        .def("exclude_origin", &Undo::exclude_origin)
        .def("newest", &Undo::newest)
        .def("can", &Undo::can)
        .def("pop", &Undo::pop)
        .def("clear", &Undo::clear)
        .def("stop_capturing", &Undo::stop_capturing)
        .def("push", &Undo::push)
        .def("stack", &Undo::stack);
}

}  // namespace ropewalk
