#pragma once

#include "../../types/delta_builder.hpp"

namespace crdt {

ROPEWALK_INLINE void DeltaBuilder::text(const detail::Run& run,
                                        std::uint32_t offset,
                                        std::uint32_t count) {
    if (run.kind == detail::RunKind::ascii) {
        const auto* from = reinterpret_cast<const char*>(store_.content.ascii(run, offset));
        if (units_.empty()) {
            ascii_.append(from, count);
        } else {
            units_.append(from, from + count);
        }
        return;
    }
    if (units_.empty()) {
        units_.assign(ascii_.begin(), ascii_.end());
        ascii_.clear();
    }
    units_.append(store_.content.utf16(run, offset), count);
}

ROPEWALK_INLINE void DeltaBuilder::unit(detail::RunPos at) {
    pack();
    const detail::Run& run = store_.runs[at.run];
    if (run.kind == detail::RunKind::embed) {
        const Any value{AnyView(store_.content.rich_value(run))};
        delta_.push_back(DeltaOp::embed(Content(value), current_));
    } else {
        delta_.push_back(DeltaOp::embed(Value{&store_, at}, current_));
    }
}

ROPEWALK_INLINE void DeltaBuilder::mark(const detail::Run& run) {
    const std::string_view key = store_.types.names[store_.content.format_key(run)];
    const AnyView value(store_.content.rich_value(run));
    pack();
    if (value.is_null()) {
        current_.erase(key);
    } else {
        current_.set(key, Any(value));
    }
}

ROPEWALK_INLINE void DeltaBuilder::set(std::string_view key, const Any& value) {
    pack();
    if (value.view().is_undefined()) {
        current_.erase(key);
    } else {
        current_.set(key, value);
    }
}

ROPEWALK_INLINE void DeltaBuilder::pack() {
    if (!units_.empty()) {
        delta_.push_back(DeltaOp::insert(std::u16string_view(units_), current_));
    } else if (!ascii_.empty()) {
        delta_.push_back(DeltaOp::insert(std::string_view(ascii_), current_));
    }
    ascii_.clear();
    units_.clear();
}

}  // namespace crdt
