#include "transaction.hpp"

#include "errors.hpp"

namespace ropewalk {

PyTypeObject* transaction_type = nullptr;
PyTypeObject* read_transaction_type = nullptr;

namespace {

py::object new_transaction(PyTypeObject* type) {
    py::object made = owned(type->tp_alloc(type, 0));
    auto* self = as_transaction(made.ptr());
    const PyObject head = self->ob_base;
    ::new (self) TransactionObject;
    self->ob_base = head;
    return made;
}

void set_origin(TransactionObject* self, PyObject* origin) {
    if (origin == nullptr || origin == Py_None) return;
    self->name = hash_of_origin(origin);
    self->origin = Py_NewRef(origin);
}

DocObject* document_of(TransactionObject* self) {
    if (self->doc == nullptr) raise(PyExc_RuntimeError, "the transaction has no document");
    return opened(self->doc);
}

// Takes the turn of a document: only one transaction is open at a time.
// `wait`: for the transaction of another thread.
void begin(TransactionObject* self, bool wait) {
    DocObject* const doc = document_of(self);
    if (doc->current != nullptr && !is_left_open(doc)) {
        if (!of_another_thread(doc)) raise(PyExc_RuntimeError, "Already in a transaction");
        wait_for_turn(doc, wait ? self->timeout : 0);
    }
    const Writing writing(doc);
    self->thread = this_thread();
    doc->begun = generation;
    doc->current = self;
    self->open.emplace(doc->doc->transact(
        self->origin == nullptr ? crdt::Origin() : crdt::Origin(origin_name(self->name))));
}

void end(TransactionObject* self) {
    DocObject* const doc = document_of(self);
    const Entered entered(doc);
    crdt::Status committed;
    if (self->open.has_value()) committed = self->open->commit();  // not of a Turn that was joined
    self->open.reset();
    doc->current = nullptr;
    doc->turn.tell();
    if (!doc->errors.empty()) raise_errors(doc);
    // What calls within the block were answered with has been raised there.
    if (committed.error().code == crdt::ErrorCode::out_of_memory) check(committed);
}

void enter(TransactionObject* self, bool wait) {
    if (self->leases == 0 && !self->read_only) begin(self, wait);
    ++self->leases;
}

void leave(TransactionObject* self) {
    if (self->leases == 0) raise(PyExc_RuntimeError, "the transaction is not open");
    if (self->doc != nullptr) refuse_while_walking(as_doc(self->doc));
    if (--self->leases == 0 && !self->read_only) end(self);
}

PyObject* make(PyTypeObject* type, PyObject*, PyObject*) noexcept {
    return answered([&] {
        py::object made = new_transaction(type);
        as_transaction(made.ptr())->read_only = PyType_IsSubtype(type, read_transaction_type) != 0;
        return made.release().ptr();
    });
}

int init(PyObject* object, PyObject* args, PyObject* keywords) noexcept {
    return done([&] {
        static const char* const names[] = {"doc", "_txn", "origin", "timeout", nullptr};
        PyObject* doc = nullptr;
        PyObject* unused = nullptr;
        PyObject* origin = Py_None;
        PyObject* timeout = Py_None;
        if (PyArg_ParseTupleAndKeywords(args, keywords, "O|O$OO", const_cast<char**>(names), &doc,
                                        &unused, &origin, &timeout) == 0) {
            throw py::error_already_set();
        }
        auto* self = as_transaction(object);
        if (self->leases != 0) raise(PyExc_RuntimeError, "the transaction is open");
        static_cast<void>(opened(doc));
        Py_XSETREF(self->doc, Py_NewRef(doc));
        set_origin(self, origin);
        if (timeout != Py_None) {
            self->timeout = PyFloat_AsDouble(timeout);
            if (PyErr_Occurred() != nullptr) throw py::error_already_set();
        }
    });
}

void dealloc(PyObject* object) noexcept {
    PyObject_GC_UnTrack(object);
    auto* self = as_transaction(object);
    if (self->open.has_value()) {
        // Dropped inside its block, which only an interpreter that ends can do.
        DocObject* const doc = as_doc(self->doc);
        if (doc->current == self) doc->current = nullptr;
        self->open.reset();
    }
    Py_CLEAR(self->doc);
    Py_CLEAR(self->origin);
    self->open.~optional();
    PyTypeObject* const type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

int traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(as_transaction(object)->doc);
    Py_VISIT(as_transaction(object)->origin);
    return 0;
}

int clear(PyObject* object) {
    Py_CLEAR(as_transaction(object)->origin);
    return 0;
}

PyObject* enter_block(PyObject* self,
                      PyObject* const* args,
                      Py_ssize_t count,
                      PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<1> given(args, count, keywords, {"_acquire_transaction"}, 0);
        enter(as_transaction(self), given[0] == nullptr || PyObject_IsTrue(given[0]) != 0);
        return Py_NewRef(self);
    });
}

PyObject* leave_block(PyObject* self, PyObject* const*, Py_ssize_t, PyObject*) noexcept {
    return answered([&] {
        leave(as_transaction(self));
        return Py_NewRef(Py_None);
    });
}

PyObject* get_origin(PyObject* object, void*) noexcept {
    return answered([&] {
        auto* self = as_transaction(object);
        if (self->leases == 0 && !self->read_only) {
            raise(PyExc_RuntimeError, "No current transaction");
        }
        return Py_NewRef(self->origin == nullptr ? Py_None : self->origin);
    });
}

PyObject* get_leases(PyObject* object, void*) noexcept {
    return PyLong_FromUnsignedLong(as_transaction(object)->leases);
}

PyObject* get_doc(PyObject* object, void*) noexcept {
    PyObject* const doc = as_transaction(object)->doc;
    return Py_NewRef(doc == nullptr ? Py_None : doc);
}

PyObject* get_timeout(PyObject* object, void*) noexcept {
    return PyFloat_FromDouble(as_transaction(object)->timeout);
}

PyMethodDef methods[] = {
    {"__enter__", as_function(&enter_block), kVector,
     "__enter__($self, _acquire_transaction=True)\n--\n\nBegins the transaction, or joins it."},
    {"__exit__", as_function(&leave_block), kVector,
     "__exit__($self, exc_type, exc_val, exc_tb)\n--\n\n"
     "Ends the block; the outermost one commits."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef attributes[] = {
    {"origin", &get_origin, nullptr, "Who or what makes the change; None if nobody said.", nullptr},
    {"_leases", &get_leases, nullptr, "How many blocks are open.", nullptr},
    {"_doc", &get_doc, nullptr, "The document.", nullptr},
    {"_timeout", &get_timeout, nullptr, "Seconds to wait; negative: for ever.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot slots[] = {
    {Py_tp_doc,
     const_cast<char*>("Transaction(doc, _txn=None, *, origin=None, timeout=None)\n--\n\n"
                       "Edits that belong together: they are told to observers as one change.\n\n"
                       "    with doc.transaction(origin=\"keyboard\"):\n        text += \"!\"")},
    {Py_tp_new, reinterpret_cast<void*>(&make)},
    {Py_tp_init, reinterpret_cast<void*>(&init)},
    {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc)},
    {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(&clear)},
    {Py_tp_methods, methods},
    {Py_tp_getset, attributes},
    {0, nullptr}};

PyType_Spec spec = {"ropewalk.Transaction", sizeof(TransactionObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

PyType_Slot read_slots[] = {
    {Py_tp_doc,
     const_cast<char*>(
         "ReadTransaction(doc, _txn=None, *, origin=None, timeout=None)\n--\n\n"
         "The transaction that an observer sees: it is over, and nothing can be written in it.")},
    {0, nullptr}};

PyType_Spec read_spec = {"ropewalk.ReadTransaction", sizeof(TransactionObject), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, read_slots};

}  // namespace

Py_hash_t hash_of_origin(PyObject* origin) {
    const Py_hash_t hash = PyObject_Hash(origin);
    if (hash == -1 && PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        raise(PyExc_TypeError, "Origin must be hashable");
    }
    return hash;
}

bool of_another_thread(const DocObject* doc) noexcept {
    return doc->may_wait && doc->current->thread != this_thread();
}

bool is_left_open(DocObject* doc) noexcept {
    if (doc->lock.abandoned()) {
        if (doc->reading != 0 || doc->doc->store()->change.depth != 0) return true;
        doc->lock.looked_after();  // it was only reading, or about to write
    }
    return doc->current != nullptr && left_behind(doc->current->thread, doc->begun);
}

void refuse_left_open(DocObject* doc) {
    if (!is_left_open(doc)) return;
    raise(PyExc_RuntimeError,
          "another thread was changing the document when the process was forked, and will never be "
          "done here: the document can be read and copied, but not written");
}

void wait_for_turn(DocObject* doc, double seconds) {
    if (!doc->turn.wait([&] { return doc->current == nullptr; }, seconds)) {
        raise(PyExc_TimeoutError, "Could not acquire transaction");
    }
}

py::object transaction_of(DocObject* doc, PyObject* origin) {
    if (doc->reading != 0 && doc->lock.mine()) {
        if (doc->reader == nullptr) {
            py::object reader = new_transaction(read_transaction_type);
            auto* made = as_transaction(reader.ptr());
            made->read_only = true;
            made->doc = Py_NewRef(reinterpret_cast<PyObject*>(doc));
            if (doc->current != nullptr) set_origin(made, doc->current->origin);
            doc->reader = reader.release().ptr();
        }
        return shared(doc->reader);
    }
    if (doc->current != nullptr && !of_another_thread(doc) && !is_left_open(doc)) {
        if (origin != nullptr && origin != Py_None) {
            PyObject* const open = doc->current->origin == nullptr ? Py_None : doc->current->origin;
            const int same = PyObject_RichCompareBool(open, origin, Py_EQ);
            if (same < 0) throw py::error_already_set();
            if (same == 0) {
                raise(PyExc_RuntimeError,
                      "Nested transactions must have same origin as root transaction");
            }
        }
        return shared(reinterpret_cast<PyObject*>(doc->current));
    }
    py::object made = new_transaction(transaction_type);
    auto* self = as_transaction(made.ptr());
    self->doc = Py_NewRef(reinterpret_cast<PyObject*>(doc));
    set_origin(self, origin);
    return made;
}

Turn::Turn(DocObject* doc, PyObject* origin)
    : doc_(doc), transaction_(transaction_of(doc, origin)), begun_(doc->current == nullptr) {
    if (!begun_) return;
    TransactionObject* const self = as_transaction(transaction_.ptr());
    self->leases = 1;
    self->thread = this_thread();
    doc->begun = generation;
    doc->current = self;
}

Turn::~Turn() {
    if (!begun_) return;
    // Another thread may have joined meanwhile; then it is the one that ends it.
    if (--as_transaction(transaction_.ptr())->leases != 0) return;
    doc_->current = nullptr;
    doc_->turn.tell();
}

crdt::Origin Turn::origin() const noexcept {
    const TransactionObject* const self = as_transaction(transaction_.ptr());
    return self->origin == nullptr ? crdt::Origin() : crdt::Origin(origin_name(self->name));
}

void add_transaction(py::module_& module) {
    transaction_type = add_type(module, spec);
    read_transaction_type = add_type(module, read_spec, transaction_type);
}

}  // namespace ropewalk
