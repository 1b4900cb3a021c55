// What Text, Array and Map have in common: two words, a document and a handle, copied freely.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "../base/call.hpp"
#include "../store/store.hpp"

namespace crdt {

enum class Association : std::int8_t;
class RelativePosition;
struct Place;
class DeepEvents;
class Event;
class Subscription;
class TransactionEvent;

namespace detail {
struct Access;
struct Observing;
// Where a stretch would end, for errors; the highest number if there is none so high.
[[nodiscard]] constexpr std::uint64_t end_of(std::uint64_t start, std::uint64_t count) noexcept {
    return count > ~start ? ~std::uint64_t{0} : start + count;
}
}  // namespace detail

class SharedType {
public:
    // Whether writes can succeed: the type is attached and was not deleted.
    [[nodiscard]] bool alive() const noexcept { return check().ok(); }
    // What a write would be answered with.
    [[nodiscard]] Status check() const noexcept {
        if (ROPEWALK_UNLIKELY(store_ == nullptr)) return ErrorCode::no_document;
        if (ROPEWALK_UNLIKELY(type_ >= kFirstError)) {
            return static_cast<ErrorCode>(type_ - kFirstError);
        }
        if (ROPEWALK_UNLIKELY(store_->types.types[type_].dead)) return ErrorCode::deleted_type;
        return {};
    }
    // A place in the sequence that edits do not move, Association::after unless said otherwise; see
    // doc/relative_position.hpp. Past the end is the end. O(log n)
    [[nodiscard]] RelativePosition position_at(std::size_t index) const noexcept;
    [[nodiscard]] RelativePosition position_at(std::size_t index,
                                               Association association) const noexcept;

    // f(const DeepEvents&) noexcept after each transaction that changed this type or a type within
    // it; see doc/observe.hpp. Starts with the next transaction if one is open.
    template <class F>
    [[nodiscard]] Subscription observe_deep(F&& f) const noexcept;

    friend bool operator==(const SharedType&, const SharedType&) noexcept = default;

protected:
    SharedType() noexcept = default;
    SharedType(detail::Store* store, std::uint32_t type) noexcept : store_(store), type_(type) {}

    // A handle that answers every write with this error and reads as empty.
    [[nodiscard]] static std::uint32_t failed(ErrorCode code) noexcept {
        return kFirstError + static_cast<std::uint32_t>(code);
    }
    // The list of the type, its history unpacked; kNone if there is nothing to read.
    [[nodiscard]] std::uint32_t readable() const noexcept {
        if (!check().ok() || !store_->open_history().ok()) return detail::kNone;
        store_->settle();
        return store_->types.types[type_].list;
    }
    // Runs `edit` inside a change; an error also sticks to a transaction that is open.
    template <class Edit>
    Status write(Edit&& edit) const noexcept {
        if constexpr (detail::kCallInstead<Edit>) return write(detail::Call<Status()>(edit));
        if (store_ == nullptr) return ErrorCode::no_document;
        if (const Status opened = store_->begin_change(); !opened.ok()) return opened;
        Status status = check();
        if (status.ok()) status = edit();
        if (!status.ok()) store_->change.note(status.error());
        const Status ended = store_->end_change();
        return status.ok() ? ended : status;
    }

    friend struct Place;
    friend class DeepEvents;
    friend class Doc;
    friend struct detail::Access;
    friend class Event;
    friend class Snapshot;
    friend class TransactionEvent;
    friend class UndoManager;
    friend class Value;
    friend struct detail::Observing;

    // What Doc::resolve does.
    [[nodiscard]] static std::optional<Place> resolve(detail::Store& store,
                                                      const RelativePosition& position,
                                                      bool follow_undone) noexcept;

    static constexpr std::uint32_t kFirstError = 0xffffff00U;
    detail::Store* store_ = nullptr;
    std::uint32_t type_ = kFirstError + static_cast<std::uint32_t>(ErrorCode::no_document);
};

}  // namespace crdt
