// Edits that belong together: told to listeners as one update. RAII; nested ones join.
#pragma once

#include <utility>

#include "../store/store.hpp"

namespace crdt {

class [[nodiscard]] Transaction {
public:
    Transaction(Transaction&& other) noexcept
        : store_(std::exchange(other.store_, nullptr)), opened_(other.opened_) {}
    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction() { static_cast<void>(commit()); }

    // Ends it now. The first error of a write inside whose Status nobody need have looked at: that
    // write had no effect, the others have. Of a nested one: ok, the outermost answers.
    Status commit() noexcept {
        if (store_ == nullptr) return opened_;
        return std::exchange(store_, nullptr)->end_change();
    }

private:
    friend class Doc;
    explicit Transaction(detail::Store* store) noexcept : store_(store) {}
    explicit Transaction(Status failed) noexcept : opened_(failed) {}

    detail::Store* store_ = nullptr;
    Status opened_;
};

}  // namespace crdt
