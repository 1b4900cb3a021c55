// Who or what made a change: handed to listeners, never sent.
#pragma once

#include <string_view>

namespace crdt {

class Origin {
public:
    Origin() noexcept = default;
    // Borrowed until the transaction has ended and its listeners have been told.
    Origin(std::string_view name) noexcept : name_(name) {}
    Origin(const char* name) noexcept : name_(name) {}

    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    // The change applied an update from elsewhere.
    [[nodiscard]] bool remote() const noexcept { return remote_; }

private:
    friend class Doc;
    friend struct DocCore;
    std::string_view name_;
    bool remote_ = false;
};

}  // namespace crdt
