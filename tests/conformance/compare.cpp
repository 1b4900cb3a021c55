#include <algorithm>

#include "values.hpp"

namespace conformance {
namespace {

constexpr std::size_t kShown = 100;

Difference differ(std::string where, const Json* expected, const Json* got) {
    return {std::move(where), expected == nullptr ? "nothing" : to_text(*expected, kShown),
            got == nullptr ? "nothing" : to_text(*got, kShown)};
}

// Long texts are shown from shortly before the place where they part.
Difference differ_in_text(std::string where, const std::string& expected, const std::string& got) {
    const auto [end, other] =
        std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
    auto same = static_cast<std::size_t>(end - expected.begin());
    std::size_t from = same > 20 ? same - 20 : 0;
    while (from > 0 && (static_cast<unsigned char>(expected[from]) & 0xc0U) == 0x80U) --from;
    const auto show = [&](const std::string& text) {
        return (from > 0 ? "..." : "") + to_text(Json(text.substr(from)), kShown);
    };
    if (from > 0) where += " from byte " + std::to_string(from);
    return {std::move(where), show(expected), show(got)};
}

using Members = std::vector<std::pair<std::string, const Json*>>;

// Pairs [[key, value]] whose order does not count.
std::optional<Difference> compare_members(const std::string& where, Members expected, Members got);
std::optional<Difference> compare_at(const std::string& where,
                                     const Json& expected,
                                     const Json& got);

Members pairs_of(const Json& list) {
    Members members;
    for (const Json& pair : list.array()) members.emplace_back(pair[0].string(), &pair[1]);
    return members;
}

std::optional<Difference> compare_members(const std::string& where, Members expected, Members got) {
    const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
    std::stable_sort(expected.begin(), expected.end(), by_key);
    std::stable_sort(got.begin(), got.end(), by_key);
    std::size_t e = 0;
    std::size_t g = 0;
    while (e < expected.size() || g < got.size()) {
        const bool only_expected =
            g == got.size() || (e < expected.size() && expected[e].first < got[g].first);
        if (only_expected)
            return differ(where + "." + expected[e].first, expected[e].second, nullptr);
        if (e == expected.size() || got[g].first < expected[e].first) {
            return differ(where + "." + got[g].first, nullptr, got[g].second);
        }
        auto found =
            compare_at(where + "." + expected[e].first, *expected[e].second, *got[g].second);
        if (found) return found;
        ++e;
        ++g;
    }
    return std::nullopt;
}

std::optional<Difference> compare_arrays(const std::string& where,
                                         const Json& expected,
                                         const Json& got) {
    const std::size_t most = std::max(expected.array().size(), got.array().size());
    for (std::size_t i = 0; i < most; ++i) {
        const std::string at = where + "[" + std::to_string(i) + "]";
        if (i >= got.array().size()) return differ(at, &expected[i], nullptr);
        if (i >= expected.array().size()) return differ(at, nullptr, &got[i]);
        if (auto found = compare_at(at, expected[i], got[i])) return found;
    }
    return std::nullopt;
}

std::optional<Difference> compare_objects(const std::string& where,
                                          const Json& expected,
                                          const Json& got) {
    Members left;
    Members right;
    for (const auto& [key, value] : expected.object()) left.emplace_back(key, &value);
    for (const auto& [key, value] : got.object()) right.emplace_back(key, &value);
    // The members of an object, the entries of a map: pairs in any order.
    for (const char* list : {"$obj", "entries", "attrs", "attributes"}) {
        const Json* a = expected.find(list);
        const Json* b = got.find(list);
        if (a == nullptr || b == nullptr || !a->is_array() || !b->is_array()) continue;
        if (auto found = compare_members(where, pairs_of(*a), pairs_of(*b))) return found;
        std::erase_if(left, [&](const auto& member) { return member.first == list; });
        std::erase_if(right, [&](const auto& member) { return member.first == list; });
    }
    return compare_members(where, std::move(left), std::move(right));
}

std::optional<Difference> compare_at(const std::string& where,
                                     const Json& expected,
                                     const Json& got) {
    if (expected.kind() != got.kind()) return differ(where, &expected, &got);
    if (expected.is_array()) return compare_arrays(where, expected, got);
    if (expected.is_object()) return compare_objects(where, expected, got);
    if (expected.is_string()) {
        if (expected.string() == got.string()) return std::nullopt;
        return differ_in_text(where, expected.string(), got.string());
    }
    if (expected.is_number() && expected.number() != got.number()) {
        return differ(where, &expected, &got);
    }
    if (expected.is_boolean() && expected.boolean() != got.boolean()) {
        return differ(where, &expected, &got);
    }
    return std::nullopt;
}

}  // namespace

std::optional<Difference> compare(const Json& expected, const Json& got) {
    return compare_at("", expected, got);
}

}  // namespace conformance
