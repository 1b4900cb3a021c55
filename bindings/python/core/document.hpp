// Doc: the engine's document as an object of Python's, and what everything that belongs to one has
// to go through.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "lock.hpp"
#include "python.hpp"

namespace ropewalk {

struct DocObject;
struct TransactionObject;

// In what indexes and lengths of texts are counted.
using Unit = crdt::Unit;

// A callback of Python's that the engine calls. Owned by the document, so that the garbage
// collector sees what it refers to.
struct Listener {
    DocObject* doc;
    PyObject* callback;  // nullptr once it is dropped
    crdt::Subscription heard;

    Listener(DocObject* of, PyObject* called) noexcept : doc(of), callback(Py_NewRef(called)) {}
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { Py_XDECREF(callback); }
};

// The Docs that stand for sub-documents, by the guid; see content.hpp.
struct Subdocs {
    struct Entry {
        crdt::Subdoc place;
        PyObject* object;  // owned
    };
    std::unordered_multimap<std::string, Entry> places;
    std::size_t enough = 16;  // places at which those that were deleted are forgotten
};

struct DocObject {
    PyObject ob_base;
    std::unique_ptr<crdt::Doc> doc;  // nullptr until it is opened
    DocLock lock;
    Unit unit = Unit::code_point;
    bool keeps_pairs = false;  // UTF-16 units, but no place inside a surrogate pair
    bool may_wait = false;     // transactions of other threads wait for their turn
    bool collect = true;
    TransactionObject* current = nullptr;  // the open transaction, borrowed
    Signal turn;                           // `current` has become nullptr
    unsigned begun = 0;                    // in which generation `current` was
    unsigned reading = 0;                  // observers at work: nothing may be written
    unsigned walks = 0;                    // Walking: neither
    PyObject* reader = nullptr;            // the ReadTransaction of those observers
    PyObject* guid = nullptr;
    std::vector<PyObject*> errors;  // raised by observers, told when the transaction is over
    std::vector<std::shared_ptr<Listener>> listeners;
    Subdocs subdocs;
    PyObject* outer = nullptr;  // the Doc that holds this one, if one does
    crdt::Subdoc place;         // and where
};

extern PyTypeObject* doc_type;

[[nodiscard]] inline DocObject* as_doc(PyObject* object) noexcept {
    return reinterpret_cast<DocObject*>(object);
}
// The document, if it is one and was opened; else raises.
[[nodiscard]] DocObject* opened(PyObject* object);

// While it lives the document belongs to this thread.
class Entered {
public:
    ROPEWALK_ALWAYS_INLINE explicit Entered(DocObject* doc) : doc_(doc) { doc->lock.enter(); }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;
    ROPEWALK_ALWAYS_INLINE ~Entered() { doc_->lock.leave(); }

protected:
    DocObject* doc_;
};

// While it lives what stands in a document that this thread has entered is read bit by bit, and
// becomes objects of Python's. Making those may run anything, such as a finalizer: it may read,
// too, but what it writes is refused.
class Walking {
public:
    explicit Walking(DocObject* doc) noexcept : doc_(doc) { ++doc->walks; }
    Walking(const Walking&) = delete;
    Walking& operator=(const Walking&) = delete;
    ~Walking() { --doc_->walks; }

private:
    DocObject* doc_;
};
// Raises if this thread is in the middle of that.
void refuse_while_walking(const DocObject* doc);

// For writers: waits for the work and the transaction of another thread, and refuses what observers
// write, what is written while it is read, and all if a fork has left an open change behind.
void before_writing(DocObject* doc);
// What observers have raised, as one exception.
[[noreturn]] void raise_errors(DocObject* doc);

// The same for who writes: refused while observers are told. done() raises what observers have
// raised, unless a transaction is still open, which will.
class Writing : public Entered {
public:
    ROPEWALK_ALWAYS_INLINE explicit Writing(DocObject* doc) : Entered(ready(doc)) {}
    ROPEWALK_ALWAYS_INLINE void done() const {
        if (!doc_->errors.empty() && doc_->current == nullptr) [[unlikely]]
            raise_errors(doc_);
    }

private:
    ROPEWALK_ALWAYS_INLINE static DocObject* ready(DocObject* doc) {
        if ((doc->reading | doc->walks) != 0 || doc->lock.taken() || doc->lock.abandoned() ||
            (doc->current != nullptr && (doc->may_wait || doc->begun != generation))) [[unlikely]] {
            before_writing(doc);
        }
        return doc;
    }
};

// Around the call of an observer: takes the GIL; false where Python is shutting down.
class Telling {
public:
    explicit Telling(DocObject* doc) noexcept;
    Telling(const Telling&) = delete;
    Telling& operator=(const Telling&) = delete;
    ~Telling();
    [[nodiscard]] explicit operator bool() const noexcept { return awake_; }
    // tell() calls the observer; what it raises is kept until the transaction is over.
    template <class Tell>
    void operator()(Tell&& tell) noexcept {
        if (!awake_) return;
        if (answered([&]() -> PyObject* {
                tell();
                return Py_None;
            }) == nullptr) {
            keep_error();
        }
    }

private:
    void keep_error() noexcept;

    DocObject* doc_;
    PyGILState_STATE state_{};
    bool awake_ = false;
    bool working_ = false;  // the thread is in long work
};

// Makes `callback` a listener. subscribe(Listener*) asks the engine to call it, and what it returns
// ends with the ropewalk.Subscription that is the answer.
template <class Subscribe>
[[nodiscard]] py::object listen(DocObject* doc, PyObject* callback, Subscribe&& subscribe);

// A ropewalk.Subscription.
class Heard {
public:
    explicit Heard(const std::shared_ptr<Listener>& listener) noexcept : listener_(listener) {}
    void drop();

private:
    std::weak_ptr<Listener> listener_;
};

template <class Subscribe>
py::object listen(DocObject* doc, PyObject* callback, Subscribe&& subscribe) {
    if (PyCallable_Check(callback) == 0) raise(PyExc_TypeError, "an observer is a callable");
    const auto listener = std::make_shared<Listener>(doc, callback);
    const Entered entered(doc);
    listener->heard = subscribe(listener.get());
    if (!listener->heard.active()) PyErr_NoMemory(), throw py::error_already_set();
    std::erase_if(doc->listeners, [](const auto& one) { return one->callback == nullptr; });
    doc->listeners.push_back(listener);
    return py::cast(Heard(listener));
}

void add_document(py::module_& module);

}  // namespace ropewalk
