#pragma once

#include "../../base/sort.hpp"
#include "../../base/vec.hpp"
#include "../../codec/any.hpp"
#include "../../codec/json_equal.hpp"
#include "../../codec/json_to_any.hpp"

namespace crdt::detail {

// Compares from the outside inwards; what is still to be compared is in `pairs_`.
class JsonEqual {
public:
    [[nodiscard]] bool run(AnyView a, AnyView b) noexcept {
        if (!pairs_.push_back({a, b})) return false;
        while (!pairs_.empty()) {
            const Pair pair = pairs_.back();
            pairs_.pop_back();
            if (!equal(pair.a, pair.b)) return false;
        }
        return true;
    }

private:
    struct Pair {
        AnyView a, b;
    };
    struct Member {
        std::string_view key;
        AnyView value;
    };

    [[nodiscard]] bool equal(AnyView a, AnyView b) noexcept {
        if (a == b) return true;
        if (a.kind() != b.kind()) return false;
        switch (a.kind()) {
            case AnyKind::number:
                return a.as_number() == b.as_number();
            case AnyKind::array:
                return push_elements(a, b);
            case AnyKind::object:
                return push_members(a, b);
            default:
                return false;  // one form for each
        }
    }
    [[nodiscard]] bool push_elements(AnyView a, AnyView b) noexcept {
        if (a.size() != b.size() || !pairs_.reserve_more(a.size())) return false;
        auto other = b.elements().begin();
        for (const AnyView element : a.elements()) {
            pairs_.push_back_reserved({element, *other});
            ++other;
        }
        return true;
    }
    [[nodiscard]] bool push_members(AnyView a, AnyView b) noexcept {
        if (a.size() != b.size() || !pairs_.reserve_more(a.size())) return false;
        if (!sort(a, left_) || !sort(b, right_)) return false;
        for (std::size_t i = 0; i < left_.size(); ++i) {
            if (left_[i].key != right_[i].key) return false;
            pairs_.push_back_reserved({left_[i].value, right_[i].value});
        }
        return true;
    }
    [[nodiscard]] static bool sort(AnyView object, Vec<Member>& members) noexcept {
        members.clear();
        if (!members.reserve(object.size())) return false;
        for (const auto& [key, value] : object.members()) members.push_back_reserved({key, value});
        detail::sort(members.begin(), members.end(),
                     [](const Member& x, const Member& y) { return x.key < y.key; });
        return true;
    }

    Vec<Pair> pairs_;
    Vec<Member> left_, right_;
};

ROPEWALK_INLINE bool json_equal(std::string_view a, std::string_view b) noexcept {
    if (a == b) return true;
    Bytes left;
    Bytes right;
    if (!json_to_any(a, left) || !json_to_any(b, right)) return false;
    return JsonEqual().run(AnyView(left.view()), AnyView(right.view()));
}

}  // namespace crdt::detail
