#pragma once

#include "../../types/text.hpp"

namespace crdt {

ROPEWALK_INLINE Status Text::set_attribute(std::string_view key,
                                           const Content& content) const noexcept {
    return write([&] { return detail::set_entry(*store_, type_, key, content); });
}

ROPEWALK_INLINE Status Text::remove_attribute(std::string_view key) const noexcept {
    return write([&] { return detail::erase_entry(*store_, type_, key); });
}

ROPEWALK_INLINE Value Text::attribute(std::string_view key) const noexcept {
    if (readable() == detail::kNone) return {};
    return detail::Access::value(store_, detail::find_entry(*store_, type_, key));
}

}  // namespace crdt
