// One body of a template for all that are called in it, where the engine is built for size.
#pragma once

#include <type_traits>
#include <utility>

#include "../config.hpp"

namespace crdt::detail {

template <class Signature>
class Call;

// What is called, by reference: it has to outlive this.
template <class R, class... Args>
class Call<R(Args...)> {
public:
    template <class F>
    explicit Call(F& f) noexcept
        : of_(&f), call_([](const void* of, Args... args) -> R {
              // F may be const itself, and then it is called as that.
              return (*static_cast<F*>(const_cast<void*>(of)))(  // NOLINT(*-const-cast)
                  std::forward<Args>(args)...);
          }) {}
    R operator()(Args... args) const { return call_(of_, std::forward<Args>(args)...); }

private:
    const void* of_;
    R (*call_)(const void*, Args...);
};

template <class F>
inline constexpr bool kIsCall = false;
template <class Signature>
inline constexpr bool kIsCall<Call<Signature>> = true;

// Should a template that was given an F call itself with a Call of it?
template <class F>
inline constexpr bool kCallInstead = ROPEWALK_SMALL != 0 && !kIsCall<std::remove_cvref_t<F>>;

}  // namespace crdt::detail
