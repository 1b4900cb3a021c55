// The sub-documents of one document: which there are, their instances, and who is told of them.
// Made when first wanted. Finds them by looking at each run once, in the order of arrival, so that
// nothing that writes has to know of them.
#pragma once

#include <cstdint>

#include "../base/vec.hpp"
#include "listeners.hpp"
#include "subdoc.hpp"

namespace crdt::detail {

using SubdocListeners = Listeners<const SubdocsEvent&>;

// An event until it has been told, and the instances that go then.
struct ToldSubdocs {
    Vec<Subdoc> added;
    Vec<Subdoc> removed;
    Vec<Subdoc> loaded;
    Vec<Doc*> gone;

    ToldSubdocs() noexcept = default;
    ToldSubdocs(const ToldSubdocs&) = delete;
    ToldSubdocs& operator=(const ToldSubdocs&) = delete;
    ~ToldSubdocs() { clear(); }

    [[nodiscard]] bool empty() const noexcept {
        return added.empty() && removed.empty() && loaded.empty();
    }
    void clear() noexcept;
};

class Subdocs {
public:
    explicit Subdocs(Store& store) noexcept : store_(store) {}
    Subdocs(const Subdocs&) = delete;
    Subdocs& operator=(const Subdocs&) = delete;
    ~Subdocs();

    SubdocListeners* listeners = nullptr;
    ToldSubdocs now;  // of the change that is told at once

    [[nodiscard]] bool heard() const noexcept { return listeners != nullptr && listeners->any(); }

    // Takes up those that are new. Of each new run, else constant while somebody listens.
    [[nodiscard]] Status find() noexcept;
    // Listeners know, or need not know, of all that there are.
    void forget_untold() noexcept;
    // f(Subdoc) for each that lives, in the order of arrival.
    template <class F>
    void for_each(F&& f) const {
        for (const Entry& entry : entries_) {
            if (lives(entry.run)) f(Subdoc(&store_, entry.run));
        }
    }

    // Where the instance of one that was found and lives is kept; nullptr if there is none such.
    [[nodiscard]] Doc** instance(std::uint32_t run) noexcept {
        Entry* entry = entry_of(run);
        return entry == nullptr ? nullptr : &entry->instance;
    }
    // The instance goes: now, or when this change has been told.
    [[nodiscard]] Status drop_instance(std::uint32_t run) noexcept;
    // The open change wants it loaded, or not any more.
    [[nodiscard]] Status asked(std::uint32_t run, bool load) noexcept;

    // What has become of them since something was last taken. requires: a change has just closed
    [[nodiscard]] Status take(ToldSubdocs& into) noexcept;
    void tell(ToldSubdocs& event) const noexcept;

    static void destroy(Doc* instance) noexcept;

private:
    struct Entry {
        std::uint32_t run;
        bool told;
        Doc* instance;
    };
    struct Asked {
        std::uint32_t run;
        bool load;
    };

    [[nodiscard]] bool lives(std::uint32_t number) const noexcept;
    // The entry of one that lives, or nullptr. Logarithmic.
    [[nodiscard]] Entry* entry_of(std::uint32_t run) noexcept;
    [[nodiscard]] Status take_entries(ToldSubdocs& into) noexcept;
    [[nodiscard]] Status take_asked(ToldSubdocs& into) noexcept;

    Store& store_;
    std::uint32_t seen_ = 0;    // runs looked at
    std::uint32_t untold_ = 0;  // entries
    Vec<Entry> entries_;        // ascending by run; deleted ones until that is taken
    Vec<Asked> asked_;          // since something was last taken
    Vec<Doc*> gone_;            // likewise
};

}  // namespace crdt::detail
