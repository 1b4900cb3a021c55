// A small JSON reader and printer for tests. Numbers are doubles. Strings are UTF-8 in which a lone
// surrogate is written as UTF-8 would write its number (WTF-8), so that every JavaScript string has
// exactly one form and strings can be compared as bytes.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace support {

class Json {
public:
    using Array = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;  // in the order of the text

    Json() = default;
    Json(std::nullptr_t) {}
    Json(bool value) : value_(value) {}
    Json(double value) : value_(value) {}
    Json(int value) : value_(static_cast<double>(value)) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    Json(Object value) : value_(std::move(value)) {}

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    [[nodiscard]] bool is_boolean() const { return std::holds_alternative<bool>(value_); }
    [[nodiscard]] bool is_number() const { return std::holds_alternative<double>(value_); }
    [[nodiscard]] bool is_string() const { return std::holds_alternative<std::string>(value_); }
    [[nodiscard]] bool is_array() const { return std::holds_alternative<Array>(value_); }
    [[nodiscard]] bool is_object() const { return std::holds_alternative<Object>(value_); }
    // Which of the six: equal for two values of one kind.
    [[nodiscard]] std::size_t kind() const { return value_.index(); }

    // These throw std::runtime_error where the value is of another kind.
    [[nodiscard]] bool boolean() const { return as<bool>("a boolean"); }
    [[nodiscard]] double number() const { return as<double>("a number"); }
    [[nodiscard]] const std::string& string() const { return as<std::string>("a string"); }
    [[nodiscard]] const Array& array() const { return as<Array>("an array"); }
    [[nodiscard]] const Object& object() const { return as<Object>("an object"); }
    [[nodiscard]] Array& array() { return const_cast<Array&>(std::as_const(*this).array()); }
    [[nodiscard]] Object& object() { return const_cast<Object&>(std::as_const(*this).object()); }

    // The member of that name; nullptr if there is none or this is no object.
    [[nodiscard]] const Json* find(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
    // The member or element; throws if there is none.
    [[nodiscard]] const Json& operator[](std::string_view name) const;
    [[nodiscard]] const Json& operator[](std::size_t index) const;

    // Strings: the member as string, or `otherwise`.
    [[nodiscard]] std::string text_or(std::string_view name, std::string_view otherwise) const;
    [[nodiscard]] bool flag(std::string_view name) const;  // is it there and true?

private:
    template <class T>
    const T& as(const char* what) const {
        const T* value = std::get_if<T>(&value_);
        if (value == nullptr) throw std::runtime_error(std::string("this is not ") + what);
        return *value;
    }

    std::variant<std::monostate, bool, double, std::string, Array, Object> value_;
};

// Throws std::runtime_error with the byte offset of the first mistake. Nests at most 2,000 deep.
[[nodiscard]] Json parse_json(std::string_view text);

// Compact text; beyond `limit` bytes cut, with "..." at the end. Never splits a character.
[[nodiscard]] std::string to_text(const Json& value, std::size_t limit = std::string::npos);

}  // namespace support
