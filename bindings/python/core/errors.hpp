// What the engine answers, as Python's exceptions with the engine's own sentence.
#pragma once

#include "python.hpp"

namespace ropewalk {

// DecodeError is a ValueError, LimitError a DecodeError.
void add_errors(py::module_& module);

[[noreturn]] void raise(const crdt::Error& error);
inline void check(const crdt::Status& status) {
    if (!status.ok()) [[unlikely]]
        raise(status.error());
}
template <class T>
T value_of(crdt::Result<T>&& result) {
    if (!result.ok()) [[unlikely]]
        raise(result.error());
    return *std::move(result);
}

}  // namespace ropewalk
