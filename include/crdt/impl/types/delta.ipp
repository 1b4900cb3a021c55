#pragma once

#include "../../base/utf.hpp"
#include "../../types/delta.hpp"

namespace crdt {

ROPEWALK_INLINE DeltaOp DeltaOp::insert(std::u16string_view units, Attributes attributes) {
    DeltaOp op(Kind::insert, std::move(attributes));
    op.text_.resize(detail::utf8_length(units.data(), units.size()));
    auto* bytes = reinterpret_cast<std::uint8_t*>(op.text_.data());
    detail::utf16_to_utf8(units.data(), units.size(), bytes);
    bool lone = false;
    for (std::size_t i = 0; i < units.size() && !lone; ++i) {
        const bool pair = detail::is_high_surrogate(units[i]) && i + 1 < units.size() &&
                          detail::is_low_surrogate(units[i + 1]);
        lone = !pair && (detail::is_high_surrogate(units[i]) || detail::is_low_surrogate(units[i]));
        if (pair) ++i;
    }
    if (lone) op.units_ = units;
    return op;
}

ROPEWALK_INLINE std::u16string DeltaOp::units() const {
    if (!units_.empty()) return units_;
    std::u16string units(text_.size(), u'\0');
    const char16_t* end = detail::utf8_to_utf16(as_bytes(text_), units.data());
    units.resize(static_cast<std::size_t>(end - units.data()));
    return units;
}

}  // namespace crdt
