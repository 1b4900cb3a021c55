// Keys and values of formats, in the order given.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../codec/any.hpp"

namespace crdt {

//   letter.format(0, 4, {{"bold", true}, {"link", nullptr}});     null ends a format
class Attributes {
public:
    using Entry = std::pair<std::string, Any>;

    Attributes() = default;
    Attributes(std::initializer_list<std::pair<std::string_view, Any>> entries) {
        entries_.reserve(entries.size());
        for (const auto& [key, value] : entries) set(key, value);
    }

    // The last value of a key counts, at the place of its first.
    void set(std::string_view key, Any value) {
        for (Entry& entry : entries_) {
            if (entry.first != key) continue;
            entry.second = std::move(value);
            return;
        }
        entries_.emplace_back(std::string(key), std::move(value));
    }
    void erase(std::string_view key) {
        std::erase_if(entries_, [key](const Entry& entry) { return entry.first == key; });
    }
    [[nodiscard]] const Any* find(std::string_view key) const noexcept {
        for (const Entry& entry : entries_) {
            if (entry.first == key) return &entry.second;
        }
        return nullptr;
    }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] auto begin() const noexcept { return entries_.begin(); }
    [[nodiscard]] auto end() const noexcept { return entries_.end(); }

    // The same keys with the same values, in any order.
    friend bool operator==(const Attributes& a, const Attributes& b) noexcept {
        if (a.size() != b.size()) return false;
        for (const Entry& entry : a) {
            const Any* other = b.find(entry.first);
            if (other == nullptr || !(*other == entry.second)) return false;
        }
        return true;
    }

private:
    std::vector<Entry> entries_;
};

}  // namespace crdt
