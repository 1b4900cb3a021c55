// What an element of an array or an entry of a map is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "../codec/any.hpp"
#include "shared_type.hpp"

namespace crdt {

class Text;
class Array;
class Map;
class Subdoc;
class XmlElement;
class XmlFragment;
class XmlHook;
class XmlText;

enum class ValueKind : std::uint8_t {
    absent,
    any,
    binary,
    text,
    array,
    map,
    xml_element,
    xml_fragment,
    xml_hook,
    xml_text,
    document,
    embed,
};

namespace detail {
// What a value is that holds a shared type; absent if nobody has given it a type.
[[nodiscard]] ValueKind value_kind(TypeKind kind) noexcept;
}  // namespace detail

// Views into the document: good until its next write. Shared types in it stay good.
class Value {
public:
    Value() noexcept = default;

    [[nodiscard]] ValueKind kind() const noexcept;
    [[nodiscard]] bool exists() const noexcept { return unit_.exists(); }
    // The same unit of the same document.
    friend bool operator==(const Value&, const Value&) noexcept = default;
    // undefined unless kind() is any or embed.
    [[nodiscard]] AnyView any() const noexcept;
    // empty unless kind() is binary.
    [[nodiscard]] ByteView binary() const noexcept;
    // The shared type; a handle that answers wrong_type if it is another.
    [[nodiscard]] Text text() const noexcept;
    [[nodiscard]] Array array() const noexcept;
    [[nodiscard]] Map map() const noexcept;
    [[nodiscard]] XmlElement xml_element() const noexcept;
    // An element is a fragment, too.
    [[nodiscard]] XmlFragment xml_fragment() const noexcept;
    [[nodiscard]] XmlText xml_text() const noexcept;
    [[nodiscard]] XmlHook xml_hook() const noexcept;
    // The sub-document (doc/subdoc.hpp); one that does not exist if it is something else.
    [[nodiscard]] Subdoc document() const noexcept;

    // The UTF-16 unit where a list holds text, which only damaged updates bring about; else 0.
    [[nodiscard]] char16_t character() const noexcept;

    // The value as bool, integer, double or std::string, if it is one.
    template <class T>
    [[nodiscard]] std::optional<T> as() const {
        if (kind() != ValueKind::any) return std::nullopt;
        const AnyView view = any();
        if constexpr (std::is_same_v<T, bool>) {
            if (view.kind() == AnyKind::boolean) return view.as_bool();
        } else if constexpr (std::is_integral_v<T>) {
            if (view.kind() == AnyKind::number) {
                const double number = view.as_number();
                constexpr auto low = static_cast<double>(std::numeric_limits<T>::min());
                constexpr auto high = static_cast<double>(std::numeric_limits<T>::max());
                if (number >= low && number <= high &&
                    (number < high || sizeof(T) < sizeof(double))) {
                    const T whole = static_cast<T>(number);
                    if (static_cast<double>(whole) == number) return whole;
                }
            }
        } else if constexpr (std::is_floating_point_v<T>) {
            if (view.kind() == AnyKind::number) return static_cast<T>(view.as_number());
        } else {
            static_assert(std::is_same_v<T, std::string>, "bool, a number or std::string");
            if (view.kind() == AnyKind::string) return std::string(view.as_string());
        }
        return std::nullopt;
    }

private:
    friend class Array;
    friend class InsertedValues;
    friend class KeyChange;
    friend class Map;
    friend class Text;
    friend class DeltaBuilder;
    friend class Snapshot;
    friend struct UndoCore;
    friend struct detail::Access;
    Value(detail::Store* store, detail::RunPos unit) noexcept : store_(store), unit_(unit) {}
    [[nodiscard]] std::uint32_t type_as(detail::TypeKind kind) const noexcept;

    detail::Store* store_ = nullptr;
    detail::RunPos unit_;
};

namespace detail {

// For types that make each other's handles.
struct Access {
    [[nodiscard]] static Value value(Store* store, RunPos unit) noexcept { return {store, unit}; }
    [[nodiscard]] static Store* store(const Value& value) noexcept { return value.store_; }
    [[nodiscard]] static RunPos unit(const Value& value) noexcept { return value.unit_; }
    [[nodiscard]] static std::uint32_t run(const Subdoc& subdoc) noexcept;
    [[nodiscard]] static Store* store(const SharedType& type) noexcept { return type.store_; }
    [[nodiscard]] static std::uint32_t type(const SharedType& type) noexcept { return type.type_; }
    template <class T>
    [[nodiscard]] static T handle(Store* store, std::uint32_t type) noexcept {
        return T{store, type};
    }
};

}  // namespace detail

}  // namespace crdt
