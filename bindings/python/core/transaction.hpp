// Transaction: edits that belong together, as a context manager.
#pragma once

#include <optional>

#include "document.hpp"

namespace ropewalk {

struct TransactionObject {
    PyObject ob_base;
    PyObject* doc = nullptr;
    PyObject* origin = nullptr;  // nullptr, or anything that can be hashed
    Py_hash_t name = 0;          // the hash of the origin: its name in the engine
    unsigned leases = 0;         // `with` blocks that are open
    bool read_only = false;      // of observers
    double timeout = -1;         // seconds to wait for one's turn; negative: for ever
    unsigned long thread = 0;    // that has begun it, by its number
    std::optional<crdt::Transaction> open;
};

extern PyTypeObject* transaction_type;
extern PyTypeObject* read_transaction_type;

[[nodiscard]] inline TransactionObject* as_transaction(PyObject* object) noexcept {
    return reinterpret_cast<TransactionObject*>(object);
}

// The name by which the engine knows an origin: the bytes of its hash.
[[nodiscard]] inline std::string_view origin_name(const Py_hash_t& hash) noexcept {
    return {reinterpret_cast<const char*>(&hash), sizeof hash};
}
[[nodiscard]] Py_hash_t hash_of_origin(PyObject* origin);

// Was another thread in the middle of a change when the process was forked?
[[nodiscard]] bool is_left_open(DocObject* doc) noexcept;
void refuse_left_open(DocObject* doc);
// Is the open transaction one that this thread has to wait for? requires: doc->current
[[nodiscard]] bool of_another_thread(const DocObject* doc) noexcept;
// Until no transaction is open. Raises TimeoutError.
void wait_for_turn(DocObject* doc, double seconds = -1);

// doc.transaction(origin): the one that is open, or a new one; within observers theirs.
[[nodiscard]] py::object transaction_of(DocObject* doc, PyObject* origin);

// Around one call of the engine that is a transaction by itself: observers see its origin. In an
// open transaction it belongs to that, which must have the same origin.
class Turn {
public:
    Turn(DocObject* doc, PyObject* origin);
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();
    [[nodiscard]] crdt::Origin origin() const noexcept;

private:
    DocObject* doc_;
    py::object transaction_;
    bool begun_;
};

void add_transaction(py::module_& module);

}  // namespace ropewalk
