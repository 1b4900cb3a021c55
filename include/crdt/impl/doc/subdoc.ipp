#pragma once

#include "../../doc/subdocs.hpp"
#include "doc.ipp"

namespace crdt {

// -- the handle
// -------------------------------------------------------------------------------------

ROPEWALK_INLINE Subdoc Value::document() const noexcept {
    return kind() == ValueKind::document ? Subdoc(store_, unit_.run) : Subdoc();
}

ROPEWALK_INLINE bool Subdoc::alive() const noexcept {
    if (!exists()) return false;
    const detail::Run& run = store_->runs[run_];
    return run.kind == detail::RunKind::document && (run.flags & detail::Run::kDead) == 0;
}

// What is stored stays where it is, also when the item is collected.
ROPEWALK_INLINE ByteView Subdoc::stored() const noexcept {
    return exists() ? store_->content.value(store_->runs[run_].data) : ByteView{};
}

ROPEWALK_INLINE std::string_view Subdoc::guid() const noexcept {
    if (!exists()) return {};
    const std::uint8_t* at = stored().data();
    const auto size = static_cast<std::size_t>(detail::get_var_uint(at));
    return as_text({at, size});
}

ROPEWALK_INLINE AnyView Subdoc::options() const noexcept {
    if (!exists()) return {};
    const ByteView bytes = stored();
    const std::uint8_t* at = bytes.data();
    const auto size = static_cast<std::size_t>(detail::get_var_uint(at));
    return AnyView(ByteView(at + size, bytes.data() + bytes.size()));
}

namespace detail {

// Of members with one name the last counts.
[[nodiscard]] inline AnyView last_member(AnyView object, std::string_view name) noexcept {
    AnyView found;
    if (object.kind() != AnyKind::object) return found;
    for (const auto [key, value] : object.members()) {
        if (key == name) found = value;
    }
    return found;
}

// What JavaScript takes for true.
[[nodiscard]] inline bool is_truthy(AnyView value) noexcept {
    switch (value.kind()) {
        case AnyKind::undefined:
        case AnyKind::null:
            return false;
        case AnyKind::boolean:
            return value.as_bool();
        case AnyKind::number:
            return value.as_number() < 0 || value.as_number() > 0;
        case AnyKind::bigint:
            return value.as_bigint() != 0;
        case AnyKind::string:
            return !value.as_string().empty();
        default:
            return true;
    }
}

}  // namespace detail

ROPEWALK_INLINE bool Subdoc::collect() const noexcept {
    const AnyView value = detail::last_member(options(), "gc");
    return value.is_undefined() || detail::is_truthy(value);
}

ROPEWALK_INLINE bool Subdoc::auto_load() const noexcept {
    return detail::is_truthy(detail::last_member(options(), "autoLoad"));
}

ROPEWALK_INLINE AnyView Subdoc::meta() const noexcept {
    static constexpr std::uint8_t kNull = detail::kTagNull;
    const AnyView value = detail::last_member(options(), "meta");
    return value.is_undefined() ? AnyView(ByteView(&kNull, 1)) : value;
}

ROPEWALK_INLINE bool Subdoc::should_load() const noexcept {
    if (!exists()) return false;
    const std::uint8_t flags = store_->runs[run_].flags;
    if ((flags & detail::Run::kUnload) != 0) return false;
    return (flags & detail::Run::kLoad) != 0 || auto_load();
}

// A change that is told of, though it adds and deletes nothing.
template <class Edit>
Status Subdoc::change(Edit&& edit) const noexcept {
    if (!exists()) return ErrorCode::no_document;
    if (const Status opened = store_->begin_change(); !opened.ok()) return opened;
    const Status status = alive() ? edit(static_cast<DocCore*>(store_->sink.context)->subdocs)
                                  : Status(ErrorCode::deleted_type);
    if (!status.ok()) store_->change.note(status.error());
    const Status ended = store_->end_change();
    return status.ok() ? ended : status;
}

ROPEWALK_INLINE Status Subdoc::load() const noexcept {
    return change([this](detail::Subdocs* all) -> Status {
        if (should_load()) return {};
        if (all != nullptr) ROPEWALK_CHECK(all->asked(run_, true));
        std::uint8_t& flags = store_->runs[run_].flags;
        flags = static_cast<std::uint8_t>((flags | detail::Run::kLoad) & ~detail::Run::kUnload);
        return {};
    });
}

ROPEWALK_INLINE Status Subdoc::destroy() const noexcept {
    return change([this](detail::Subdocs* all) -> Status {
        if (all != nullptr) {
            ROPEWALK_CHECK(all->find());
            ROPEWALK_CHECK(all->asked(run_, false));
            ROPEWALK_CHECK(all->drop_instance(run_));
        }
        std::uint8_t& flags = store_->runs[run_].flags;
        flags = static_cast<std::uint8_t>((flags | detail::Run::kUnload) & ~detail::Run::kLoad);
        return {};
    });
}

// -- all of a document
// ------------------------------------------------------------------------------

namespace detail {

ROPEWALK_INLINE void Subdocs::destroy(Doc* instance) noexcept {
    if (instance == nullptr) return;
    instance->~Doc();
    release(instance);
}

ROPEWALK_INLINE void ToldSubdocs::clear() noexcept {
    added.clear();
    removed.clear();
    loaded.clear();
    for (Doc* instance : gone) Subdocs::destroy(instance);
    gone.clear();
}

ROPEWALK_INLINE Subdocs::~Subdocs() {
    if (listeners != nullptr) listeners->abandon();
    for (const Entry& entry : entries_) destroy(entry.instance);
    for (Doc* instance : gone_) destroy(instance);
}

ROPEWALK_INLINE bool Subdocs::lives(std::uint32_t number) const noexcept {
    const Run& run = store_.runs[number];
    return run.kind == RunKind::document && (run.flags & Run::kDead) == 0;
}

ROPEWALK_INLINE Status Subdocs::find() noexcept {
    const bool hear = heard();
    for (; seen_ < store_.runs.size(); ++seen_) {
        const Run& run = store_.runs[seen_];
        if (run.kind != RunKind::document || (!hear && !lives(seen_))) continue;
        if (!entries_.push_back({seen_, !hear, nullptr})) return ErrorCode::out_of_memory;
        if (hear) ++untold_;
    }
    if (hear) return {};
    // With nobody to tell, what was deleted just goes.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const Entry entry = entries_[i];
        if (lives(entry.run)) {
            entries_[kept++] = entry;
        } else {
            destroy(entry.instance);
        }
    }
    entries_.truncate(kept);
    return {};
}

ROPEWALK_INLINE void Subdocs::forget_untold() noexcept {
    for (Entry& entry : entries_) entry.told = true;
    untold_ = 0;
    asked_.clear();
    for (Doc* instance : gone_) destroy(instance);
    gone_.clear();
}

ROPEWALK_INLINE Subdocs::Entry* Subdocs::entry_of(std::uint32_t run) noexcept {
    std::size_t low = 0;
    std::size_t high = entries_.size();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (entries_[middle].run < run) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const bool found = low < entries_.size() && entries_[low].run == run && lives(run);
    return found ? &entries_[low] : nullptr;
}

ROPEWALK_INLINE Status Subdocs::drop_instance(std::uint32_t run) noexcept {
    Doc** place = instance(run);
    if (place == nullptr || *place == nullptr) return {};
    if (!heard()) {
        destroy(*place);
    } else if (!gone_.push_back(*place)) {
        return ErrorCode::out_of_memory;
    }
    *place = nullptr;
    return {};
}

ROPEWALK_INLINE Status Subdocs::asked(std::uint32_t run, bool load) noexcept {
    const bool told = !heard() || asked_.push_back({run, load});
    return told ? Status{} : ErrorCode::out_of_memory;
}

ROPEWALK_INLINE Status Subdocs::take(ToldSubdocs& into) noexcept {
    into.clear();
    // What was asked of one that is new is part of its being new.
    ROPEWALK_CHECK(take_asked(into));
    ROPEWALK_CHECK(find());
    if (untold_ > 0 || store_.change.deleted_any) ROPEWALK_CHECK(take_entries(into));
    return {};
}

ROPEWALK_INLINE Status Subdocs::take_asked(ToldSubdocs& into) noexcept {
    bool memory = into.gone.reserve_more(gone_.size());
    for (const Asked& one : asked_) {
        const Entry* entry = entry_of(one.run);
        if (entry == nullptr || !entry->told) continue;  // new, or deleted meanwhile
        const Subdoc subdoc(&store_, one.run);
        if (one.load) {
            memory = memory && into.loaded.push_back(subdoc);
        } else {
            memory = memory && into.removed.push_back(subdoc) && into.added.push_back(subdoc);
        }
    }
    if (!memory) return ErrorCode::out_of_memory;
    for (Doc* instance : gone_) into.gone.push_back_reserved(instance);
    asked_.clear();
    gone_.clear();
    return {};
}

ROPEWALK_INLINE Status Subdocs::take_entries(ToldSubdocs& into) noexcept {
    const std::size_t most = entries_.size();
    if (!into.added.reserve_more(untold_) || !into.loaded.reserve_more(untold_) ||
        !into.removed.reserve_more(most - untold_) || !into.gone.reserve_more(most)) {
        return ErrorCode::out_of_memory;
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < most; ++i) {
        Entry entry = entries_[i];
        const Subdoc subdoc(&store_, entry.run);
        const bool living = lives(entry.run);
        if (!entry.told) {
            if (living) into.added.push_back_reserved(subdoc);
            // Also of one that was deleted in the same transaction, as in Yjs.
            if (subdoc.should_load()) into.loaded.push_back_reserved(subdoc);
        } else if (!living) {
            into.removed.push_back_reserved(subdoc);
        }
        entry.told = true;
        if (living) {
            entries_[kept++] = entry;
        } else if (entry.instance != nullptr) {
            into.gone.push_back_reserved(entry.instance);
        }
    }
    entries_.truncate(kept);
    untold_ = 0;
    return {};
}

ROPEWALK_INLINE void Subdocs::tell(ToldSubdocs& event) const noexcept {
    if (!event.empty() && listeners != nullptr) {
        SubdocsEvent shown;
        shown.added_ = {event.added.data(), event.added.size()};
        shown.removed_ = {event.removed.data(), event.removed.size()};
        shown.loaded_ = {event.loaded.data(), event.loaded.size()};
        listeners->call(shown);
    }
    event.clear();
}

}  // namespace detail

ROPEWALK_INLINE detail::Subdocs* DocCore::subdocs_found() noexcept {
    if (!store.open_history().ok()) return nullptr;
    if (subdocs == nullptr) {
        void* block = detail::allocate(sizeof(detail::Subdocs));
        if (block == nullptr) return nullptr;
        subdocs = ::new (block) detail::Subdocs(store);
    }
    return subdocs->find().ok() ? subdocs : nullptr;
}

// -- what a document says of them
// -------------------------------------------------------------------

ROPEWALK_INLINE std::vector<Subdoc> Doc::subdocs() const {
    std::vector<Subdoc> all;
    detail::Subdocs* found = core_ == nullptr ? nullptr : core_->subdocs_found();
    if (found != nullptr) found->for_each([&](const Subdoc& subdoc) { all.push_back(subdoc); });
    return all;
}

ROPEWALK_INLINE Doc** Doc::instance_of(const Subdoc& subdoc) noexcept {
    if (core_ == nullptr || subdoc.store_ != &core_->store || !subdoc.alive()) return nullptr;
    detail::Subdocs* found = core_->subdocs_found();
    return found == nullptr ? nullptr : found->instance(subdoc.run_);
}

ROPEWALK_INLINE Doc* Doc::open(const Subdoc& subdoc) noexcept {
    Doc** place = instance_of(subdoc);
    if (place == nullptr || *place != nullptr) return place == nullptr ? nullptr : *place;
    void* block = detail::allocate(sizeof(Doc));
    if (block == nullptr) return nullptr;
    Doc* made = ::new (block) Doc(DocOptions{.client = client(),
                                             .collect = subdoc.collect(),
                                             .limits = core_->store.limits,
                                             .new_client_id = core_->store.sink.new_client_id});
    if (made->core_ == nullptr) {
        detail::Subdocs::destroy(made);
        return nullptr;
    }
    return *place = made;
}

ROPEWALK_INLINE Status Doc::attach(const Subdoc& subdoc, Doc instance) noexcept {
    Doc** place = instance_of(subdoc);
    if (place == nullptr) return subdoc.exists() ? ErrorCode::deleted_type : ErrorCode::no_document;
    if (instance.core_ == nullptr || instance.core_->store.change.depth > 0) {
        return ErrorCode::invalid_argument;
    }
    void* block = detail::allocate(sizeof(Doc));
    if (block == nullptr) return ErrorCode::out_of_memory;
    instance.core_->store.become(client());
    detail::Subdocs::destroy(*place);
    *place = ::new (block) Doc(std::move(instance));
    return {};
}

ROPEWALK_INLINE Subscription
Doc::listen_subdocs(const detail::ListenerList::Entry& entry) noexcept {
    if (entry.object == nullptr) return {};
    detail::Subdocs* found = core_ == nullptr ? nullptr : core_->subdocs_found();
    if (found == nullptr) {
        entry.destroy(entry.object);
        return {};
    }
    if (!found->heard()) found->forget_untold();
    return core_->subscribed(detail::Subscribing::add(found->listeners, &core_->listened, entry));
}

}  // namespace crdt
