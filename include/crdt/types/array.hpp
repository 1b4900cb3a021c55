// A list whose elements are JSON-like values, bytes or shared types.
#pragma once

#include <initializer_list>
#include <span>

#include "content.hpp"
#include "shared_type.hpp"
#include "value.hpp"

namespace crdt {

class Array : public SharedType {
public:
    Array() noexcept = default;

    // Directly behind element index - 1, as Yjs does. Past the end: index_out_of_range, and
    // nothing has changed.
    Status insert(std::size_t index, std::span<const Content> contents) const noexcept;
    Status insert(std::size_t index, std::initializer_list<Content> contents) const noexcept {
        return insert(index, std::span(contents.begin(), contents.size()));
    }
    // Behind the very last item, deleted ones included: what is pushed after something was
    // deleted at the end stays behind it.
    Status push(std::span<const Content> contents) const noexcept;
    Status push(std::initializer_list<Content> contents) const noexcept {
        return push(std::span(contents.begin(), contents.size()));
    }
    Status push(const Content& content) const noexcept { return push(std::span(&content, 1)); }

    Status erase(std::size_t index, std::size_t count = 1) const noexcept;

    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] Result<Value> get(std::size_t index) const noexcept;

    // f(Value) for each element in order. The document must not change meanwhile.
    template <class F>
    void for_each(F&& f) const {
        const std::uint32_t seq = readable();
        if (seq == detail::kNone) return;
        for (detail::Place at = store_->sequences.begin(seq); at.leaf != detail::kNone;
             at = store_->sequences.next(at)) {
            const detail::Span& span = store_->sequences.span(at);
            if (span.hidden()) continue;
            for (std::uint32_t i = 0; i < span.length(); ++i) {
                f(Value{store_, {span.run, span.offset + i}});
            }
        }
    }

    // f(const ArrayEvent&) noexcept after each transaction that changed it; see doc/observe.hpp.
    template <class F>
    [[nodiscard]] Subscription observe(F&& f) const noexcept;

private:
    friend class Doc;
    friend class Event;
    friend class Value;
    friend struct detail::Access;
    Array(detail::Store* store, std::uint32_t type) noexcept : SharedType(store, type) {}
    Status insert_all(std::uint32_t position, std::span<const Content> contents) const noexcept;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/types/array.ipp"
#endif
