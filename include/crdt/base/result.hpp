// Errors are values: a code, and the offset of the first bad byte where bytes were read.
#pragma once

#include <cstdint>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "../config.hpp"

#if defined(__cpp_exceptions)
#include <stdexcept>
#endif

namespace crdt {

enum class ErrorCode : std::uint8_t {
    ok,
    // bytes
    unexpected_end,    // the input ends inside a value
    invalid_varint,    // a number above 2^53-1, or without its last byte
    invalid_utf8,      // text that is not well-formed UTF-8
    invalid_json,      // JSON text that is not well-formed
    unknown_tag,       // a tag of Any that does not exist
    unknown_content,   // a struct or content kind that does not exist
    invalid_struct,    // a struct that no editor can have made
    invalid_message,   // a message whose parts contradict one another
    unknown_message,   // a message of a kind that does not exist
    limit_exceeded,    // more than Limits allow
    nesting_too_deep,  // values inside values beyond Limits::nesting
    // arguments
    index_out_of_range,
    inside_character,  // a UTF-8 or code point position inside a character
    wrong_type,        // a root or value of another type
    deleted_type,      // the shared type, or one around it, was deleted
    invalid_argument,
    no_document,  // a handle that was never attached
    collected,    // what is asked for needs a document that keeps deleted content
    // the machine
    out_of_memory,
    // what is stored
    not_found,       // no such file
    not_permitted,   // the system refuses
    no_space,        // the disk, or the quota, is full
    io_failed,       // another failure of the system; the offset is its errno
    in_use,          // another writer has it open
    read_only,       // opened for reading only
    store_failed,    // an earlier write or sync failed, and nobody knows what is durable
    not_ours,        // bytes that are no document, container or log of this library
    newer_format,    // of a version that this library does not know
    other_document,  // sound, and of another document than the one it is found in
    damaged,         // other bytes than those that were written
    // epochs
    incomplete,     // it builds on what is not here
    unknown_epoch,  // no map leads from or to that epoch
};

// "update ends inside a value" and the like: what happened and what to do. Static text.
[[nodiscard]] const char* describe(ErrorCode code) noexcept;

struct Error {
    ErrorCode code = ErrorCode::ok;
    std::uint64_t offset = 0;  // of the first bad byte; the index for index errors

    // One sentence: what, where, what to do.
    [[nodiscard]] std::string message() const;
    friend constexpr bool operator==(const Error&, const Error&) = default;
};

// The outcome of a write. May be ignored: an ignored error sticks to the open transaction, whose
// commit() returns it.
class Status {
public:
    constexpr Status() noexcept = default;
    constexpr Status(Error error) noexcept : error_(error) {}
    constexpr Status(ErrorCode code) noexcept : error_{code, 0} {}

    [[nodiscard]] constexpr bool ok() const noexcept { return error_.code == ErrorCode::ok; }
    constexpr explicit operator bool() const noexcept { return ok(); }
    [[nodiscard]] constexpr const Error& error() const noexcept { return error_; }
#if defined(__cpp_exceptions)
    void value() const {
        if (!ok()) throw std::runtime_error(error_.message());
    }
#endif

private:
    Error error_{};
};

// A value or an error.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) noexcept(std::is_nothrow_move_constructible_v<T>)
        : value_(std::move(value)), error_{} {}
    Result(Error error) noexcept : error_(error) {
        ROPEWALK_ASSERT(error.code != ErrorCode::ok, "an error without a code");
    }
    Result(ErrorCode code) noexcept : Result(Error{code, 0}) {}
    Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
        : error_(other.error_) {
        if (ok()) ::new (static_cast<void*>(&value_)) T(std::move(other.value_));
    }
    Result& operator=(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
        if (this != &other) {
            this->~Result();
            ::new (static_cast<void*>(this)) Result(std::move(other));
        }
        return *this;
    }
    Result(const Result&) = delete;
    Result& operator=(const Result&) = delete;
    ~Result() {
        if (ok()) value_.~T();
    }

    [[nodiscard]] bool ok() const noexcept { return error_.code == ErrorCode::ok; }
    explicit operator bool() const noexcept { return ok(); }
    [[nodiscard]] const Error& error() const noexcept { return error_; }
    [[nodiscard]] Status status() const noexcept { return error_; }

    // requires: ok()
    [[nodiscard]] T& operator*() & noexcept { return checked(); }
    [[nodiscard]] const T& operator*() const& noexcept { return checked(); }
    [[nodiscard]] T operator*() && noexcept { return std::move(checked()); }
    [[nodiscard]] T* operator->() noexcept { return &checked(); }
    [[nodiscard]] const T* operator->() const noexcept { return &checked(); }

    [[nodiscard]] T value_or(T fallback) && {
        return ok() ? std::move(value_) : std::move(fallback);
    }

    // The one door to an exception; without exceptions an error ends the program here.
    [[nodiscard]] T value() && {
        raise_unless_ok();
        return std::move(value_);
    }
    [[nodiscard]] T& value() & {
        raise_unless_ok();
        return value_;
    }

private:
    T& checked() noexcept {
        ROPEWALK_ASSERT(ok(), "the value of a failed Result was used");
        return value_;
    }
    const T& checked() const noexcept {
        ROPEWALK_ASSERT(ok(), "the value of a failed Result was used");
        return value_;
    }
    void raise_unless_ok() const {
        if (ok()) return;
#if defined(__cpp_exceptions)
        throw std::runtime_error(error_.message());
#else
        std::abort();
#endif
    }

    union {
        T value_;
    };
    Error error_;
};

}  // namespace crdt

#define ROPEWALK_CONCAT_(a, b) a##b
#define ROPEWALK_CONCAT(a, b) ROPEWALK_CONCAT_(a, b)
// ROPEWALK_TRY(auto x, f());   x = the value of f(), or return its error
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses
#define ROPEWALK_TRY(declaration, expression)                     \
    auto ROPEWALK_CONCAT(ropewalk_try_, __LINE__) = (expression); \
    if (!ROPEWALK_CONCAT(ropewalk_try_, __LINE__)) [[unlikely]]   \
        return ROPEWALK_CONCAT(ropewalk_try_, __LINE__).error();  \
    declaration = *std::move(ROPEWALK_CONCAT(ropewalk_try_, __LINE__))
// NOLINTEND(bugprone-macro-parentheses)
// ROPEWALK_CHECK(f());   return the error of a Status, if it has one
#define ROPEWALK_CHECK(expression)                                                    \
    do {                                                                              \
        if (const auto ropewalk_status = (expression); !ropewalk_status) [[unlikely]] \
            return ropewalk_status.error();                                           \
    } while (false)

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/base/result.ipp"
#endif
