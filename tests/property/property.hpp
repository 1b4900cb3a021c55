// rapidcheck inside doctest. A failure prints the shrunk case and how to repeat it:
//   RC_PARAMS="reproduce=..." <program> -tc="<name of the case>"
// RC_PARAMS="max_success=10000" makes it a soak.
#pragma once

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Seeds of steps: rapidcheck leaves steps out and makes seeds smaller until the failure is bare.
struct Steps : std::vector<std::uint32_t> {
    using std::vector<std::uint32_t>::vector;
    explicit Steps(std::vector<std::uint32_t> steps) : vector(std::move(steps)) {}
};

namespace rc {
template <>
struct Arbitrary<Steps> {
    static Gen<Steps> arbitrary() {
        constexpr double kSteps = 3.0;  // up to 300 of them
        const auto seed = gen::inRange<std::uint32_t>(0, 1U << 24U);
        return gen::map(gen::scale(kSteps, gen::container<std::vector<std::uint32_t>>(seed)),
                        [](std::vector<std::uint32_t> steps) { return Steps(std::move(steps)); });
    }
};
}  // namespace rc

template <class Property>
void holds(const std::string& what, Property&& property) {
    CHECK(rc::check(what, std::forward<Property>(property)));
}
