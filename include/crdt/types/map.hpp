// Values by key. Of values that several people set at once one wins, the same everywhere.
#pragma once

#include <optional>
#include <string_view>

#include "content.hpp"
#include "entries.hpp"
#include "shared_type.hpp"
#include "value.hpp"

namespace crdt {

class Map : public SharedType {
public:
    Map() noexcept = default;

    Status set(std::string_view key, const Content& content) const noexcept;
    // Without effect where the key is absent.
    Status erase(std::string_view key) const noexcept;
    Status clear() const noexcept;

    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] bool contains(std::string_view key) const noexcept { return get(key).exists(); }
    // Of kind absent if there is none.
    [[nodiscard]] Value get(std::string_view key) const noexcept;
    template <class T>
    [[nodiscard]] std::optional<T> get(std::string_view key) const {
        return get(key).template as<T>();
    }

    // f(std::string_view key, Value) for each entry, in the order in which this replica met the
    // keys. The document must not change meanwhile.
    template <class F>
    void for_each(F&& f) const {
        if (readable() == detail::kNone) return;
        detail::for_each_entry(*store_, type_, [&](std::string_view key, detail::RunPos value) {
            f(key, Value{store_, value});
        });
    }

    // f(const MapEvent&) noexcept after each transaction that changed it; see doc/observe.hpp.
    template <class F>
    [[nodiscard]] Subscription observe(F&& f) const noexcept;

protected:
    Map(detail::Store* store, std::uint32_t type) noexcept : SharedType(store, type) {}

private:
    friend class Doc;
    friend class Event;
    friend class Value;
    friend struct detail::Access;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/types/map.ipp"
#endif
