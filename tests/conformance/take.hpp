// What a call of the engine gives, or an exception that says why it gives nothing.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <crdt/crdt.hpp>

namespace conformance {

// `what` was tried.
template <class T>
T take(crdt::Result<T> result, const char* what = nullptr) {
    if (result.ok()) return *std::move(result);
    const std::string why = result.error().message();
    throw std::runtime_error(what == nullptr ? why : std::string(what) + ": " + why);
}

}  // namespace conformance
