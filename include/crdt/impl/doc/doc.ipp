#pragma once

#include "../../doc/doc.hpp"
#include "../../store/apply.hpp"
#include "../../store/encode.hpp"
#include "../../store/encode_v2.hpp"

namespace crdt {

// What a document owns. Its address never changes: handles point into it.
struct DocCore {
    explicit DocCore(const DocOptions& options) noexcept : store(options.client) {
        if (raw(store.own_id) > kMaxClientId) store.own_id = static_cast<ClientId>(kMaxClientId);
        store.collect = options.collect;
        store.limits = options.limits;
        store.sink = {
            .context = this, .finish = &DocCore::finish, .new_client_id = options.new_client_id};
    }
    DocCore(const DocCore&) = delete;
    DocCore& operator=(const DocCore&) = delete;
    ~DocCore() {
        while (queue != nullptr) drop_queued();
        if (listeners != nullptr) listeners->abandon();
        if (listeners_v2 != nullptr) listeners_v2->abandon();
        if (observers != nullptr) {
            observers->~Observers();
            detail::release(observers);
        }
        if (subdocs != nullptr) {
            subdocs->~Subdocs();
            detail::release(subdocs);
        }
    }

    // A change made by a listener while others are being told of the one before.
    struct Queued {
        Bytes v1;
        Bytes v2;
        Bytes name;  // of the origin, which need not live so long
        bool remote;
        detail::ToldChange* change = nullptr;  // for observers
        detail::ToldSubdocs subdocs{};
        detail::Vec<detail::UntidyGap> untidy{};
        Queued* next = nullptr;
    };

    static Status finish(void* context, detail::Store& store) noexcept;
    static void begin(void* context, detail::Store& store) noexcept;
    Status tell(detail::Store& changed) noexcept;
    // Of the change that is about to begin, if none is open.
    // The change that has just begun is for updates from elsewhere.
    void note_remote() noexcept {
        store.change.remote = true;
        if (store.formats.tidying) store.change.recording = true;
    }
    void set_origin(const Origin& made_by, bool remote) noexcept {
        if (store.change.depth > 0) return;
        origin = made_by;
        origin.remote_ = remote;
        origin_epoch = store.change.epoch + 1;
    }
    // What was said of another change is void, and perhaps gone.
    [[nodiscard]] const Origin& origin_of(const detail::Change& change) const noexcept {
        return origin_epoch == change.epoch ? origin : nobody;
    }
    Status queue_told(detail::Store& changed, const Origin& told) noexcept;
    [[nodiscard]] bool heard(UpdateFormat format) const noexcept {
        const detail::UpdateListeners* list = format == UpdateFormat::v1 ? listeners : listeners_v2;
        return list != nullptr && list->any();
    }
    [[nodiscard]] bool heard() const noexcept {
        return heard(UpdateFormat::v1) || heard(UpdateFormat::v2);
    }
    void call_listeners(ByteView v1, ByteView v2, const Origin& made_by) const noexcept {
        // Empty: nobody listened to this format when the change was encoded.
        if (!v1.empty()) listeners->call(v1, made_by);
        if (!v2.empty()) listeners_v2->call(v2, made_by);
    }
    [[nodiscard]] bool observed() const noexcept {
        return observers != nullptr && observers->any();
    }
    [[nodiscard]] bool watched() const noexcept { return subdocs != nullptr && subdocs->heard(); }
    // Made when it is first wanted; nullptr when memory is exhausted.
    [[nodiscard]] detail::Observers* observing() noexcept;
    [[nodiscard]] detail::Subdocs* subdocs_found() noexcept;
    [[nodiscard]] Subscription subscribed(Subscription made) noexcept;
    Status encode(detail::Store& changed, Bytes& v1, Bytes& v2, bool& anything) noexcept;
    Status collect_changed(detail::Store& changed) noexcept;
    template <class Encoder>
    Status encode_change(detail::Store& changed, Bytes& out) noexcept;
    void drop_queued() noexcept {
        Queued* first = queue;
        queue = first->next;
        if (queue == nullptr) queue_end = nullptr;
        detail::Observers::destroy(first->change);
        first->~Queued();
        detail::release(first);
    }

    detail::Store store;
    Origin origin;
    const Origin nobody;
    std::uint32_t origin_epoch = 0;  // number of the change that it is of
    detail::ListenSwitch listened{&store.sink.listening};
    detail::UpdateListeners* listeners = nullptr;
    detail::UpdateListeners* listeners_v2 = nullptr;
    detail::Observers* observers = nullptr;
    detail::Subdocs* subdocs = nullptr;
    Bytes buffer;  // of the update that is being told
    Bytes buffer_v2;
    detail::Vec<detail::WriteFrom> from;
    bool telling = false;
    detail::ToldChange* being_told = nullptr;  // what is being told, where there are observers
    Queued* queue = nullptr;
    Queued* queue_end = nullptr;
};

// Encodes the change in each format that somebody listens to.
ROPEWALK_INLINE Status DocCore::encode(detail::Store& changed,
                                       Bytes& v1,
                                       Bytes& v2,
                                       bool& anything) noexcept {
    const detail::Change& change = changed.change;
    bool v1_is_due = heard(UpdateFormat::v1);
    if (change.touched.empty() && !change.deleted_any &&
        changed.own_next_clock() > change.own_begin) {
        changed.settle();
        anything = true;
        if (v1_is_due && detail::Encoder::keystroke(changed, changed.own, change.own_begin, v1)) {
            v1_is_due = false;
        }
        if (!v1_is_due && !heard(UpdateFormat::v2)) return {};
    }
    ROPEWALK_CHECK(collect_changed(changed));
    anything = !from.empty() || change.deleted_any;
    if (!anything) return {};
    if (v1_is_due) ROPEWALK_CHECK(encode_change<detail::Encoder>(changed, v1));
    if (!heard(UpdateFormat::v2)) return {};
    return encode_change<detail::EncoderV2>(changed, v2);
}

// Which clients have new structs, and from where on.
ROPEWALK_INLINE Status DocCore::collect_changed(detail::Store& changed) noexcept {
    const detail::Change& change = changed.change;
    from.clear();
    if (!from.reserve(change.touched.size() + 1)) return ErrorCode::out_of_memory;
    changed.settle();
    if (changed.own_next_clock() > change.own_begin) {
        from.push_back_reserved({changed.own, change.own_begin});
    }
    for (const detail::Touched& touched : change.touched) {
        if (changed.clients[touched.client].next_clock > touched.begin) {
            from.push_back_reserved({touched.client, touched.begin});
        }
    }
    return {};
}

template <class Encoder>
Status DocCore::encode_change(detail::Store& changed, Bytes& out) noexcept {
    Encoder encoder(changed, out, changed.collect, true);
    if (ROPEWALK_LIKELY(!changed.change.incomplete)) {
        return encoder.change(from, changed.change.deletions);
    }
    return encoder.change_with_all_deletions(from);
}

ROPEWALK_INLINE Status DocCore::tell(detail::Store& changed) noexcept {
    // The change is over: what listeners do to the document has an origin of its own.
    const Origin told = origin_of(changed.change);
    if (ROPEWALK_UNLIKELY(telling)) return queue_told(changed, told);
    const bool observing = observed();
    bool anything = false;
    Status status;
    if (heard()) {
        buffer.clear();
        buffer_v2.clear();
        status = encode(changed, buffer, buffer_v2, anything);
        if (!status.ok()) anything = false;
    }
    const bool watching = watched();
    if (watching) {
        const Status taken = subdocs->take(subdocs->now);
        if (status.ok()) status = taken;
    }
    if (!anything && !observing && !watching) return status;
    telling = true;
    // Observers hear of the change first, and before it has been tidied up after.
    const detail::Vec<detail::UntidyGap> untidy = std::move(changed.formats.untidy);
    if (observing) observers->take(told);
    changed.renew_own();
    if (observing) {
        // Their edits find the events as they are.
        store.sink.begin = &DocCore::begin;
        being_told = &observers->taken();
        observers->tell(*being_told);
    }
    if (ROPEWALK_UNLIKELY(!untidy.empty())) changed.tidy(untidy);
    if (observing) observers->tell_cleanup(*being_told);
    if (anything) call_listeners(buffer, buffer_v2, told);
    if (watching) subdocs->tell(subdocs->now);
    if (observing) observers->forget();
    while (queue != nullptr) {
        Origin then(as_text(queue->name));
        then.remote_ = queue->remote;
        being_told = queue->change;
        if (queue->change != nullptr) observers->tell(*queue->change);
        if (ROPEWALK_UNLIKELY(!queue->untidy.empty())) changed.tidy(queue->untidy);
        if (queue->change != nullptr) observers->tell_cleanup(*queue->change);
        call_listeners(queue->v1, queue->v2, then);
        if (subdocs != nullptr) subdocs->tell(queue->subdocs);
        drop_queued();
    }
    if (observing && !observers->any_begin()) store.sink.begin = nullptr;
    being_told = nullptr;
    telling = false;
    return status;
}

ROPEWALK_INLINE Status DocCore::queue_told(detail::Store& changed, const Origin& told) noexcept {
    void* block = detail::allocate(sizeof(Queued));
    if (block == nullptr) return ErrorCode::out_of_memory;
    auto* queued = ::new (block) Queued{{}, {}, {}, told.remote_};
    Status status = queued->name.append(told.name_) ? Status{} : ErrorCode::out_of_memory;
    bool anything = false;
    if (status.ok() && heard()) status = encode(changed, queued->v1, queued->v2, anything);
    if (status.ok() && observed()) {
        queued->change = detail::Observers::create(changed);
        if (queued->change == nullptr) {
            status = ErrorCode::out_of_memory;
        } else {
            Origin then(as_text(queued->name));
            then.remote_ = told.remote_;
            queued->change->take(then);
            observers->find(*queued->change);
            queued->change->freeze();
            anything = true;
        }
    }
    if (status.ok() && watched()) {
        status = subdocs->take(queued->subdocs);
        anything = anything || !queued->subdocs.empty();
    }
    if (!changed.formats.untidy.empty()) {
        queued->untidy = std::move(changed.formats.untidy);
        anything = true;
    }
    if (!status.ok() || !anything) {
        detail::Observers::destroy(queued->change);
        queued->~Queued();
        detail::release(queued);
        return status;
    }
    if (queue_end != nullptr) {
        queue_end->next = queued;
    } else {
        queue = queued;
    }
    queue_end = queued;
    return {};
}

ROPEWALK_INLINE Status DocCore::finish(void* context, detail::Store& store) noexcept {
    return static_cast<DocCore*>(context)->tell(store);
}

// -- the document
// -----------------------------------------------------------------------------------

ROPEWALK_INLINE Doc::Doc(const DocOptions& options) {
    void* block = detail::allocate(sizeof(DocCore));
    if (block != nullptr) core_ = ::new (block) DocCore(options);
}

ROPEWALK_INLINE Doc::Doc(const DocOptions& options, std::unique_ptr<HistorySource> source)
    : Doc(options) {
    if (core_ != nullptr) core_->store.source = std::move(source);
}

ROPEWALK_INLINE Doc::~Doc() {
    if (core_ == nullptr) return;
    core_->~DocCore();
    detail::release(core_);
}

ROPEWALK_INLINE Doc& Doc::operator=(Doc&& other) noexcept {
    if (this != &other) {
        this->~Doc();
        core_ = std::exchange(other.core_, nullptr);
    }
    return *this;
}

ROPEWALK_INLINE ClientId Doc::client() const noexcept {
    return core_ == nullptr ? ClientId{} : core_->store.own_id;
}

ROPEWALK_INLINE Status Doc::set_client(ClientId client) noexcept {
    if (core_ == nullptr) return ErrorCode::no_document;
    if (raw(client) > kMaxClientId || core_->store.change.depth > 0) {
        return ErrorCode::invalid_argument;
    }
    core_->store.become(client);
    return {};
}

ROPEWALK_INLINE detail::ToldChange* Doc::told() const noexcept {
    return core_ == nullptr ? nullptr : core_->being_told;
}

ROPEWALK_INLINE detail::Store* Doc::store() const noexcept {
    return core_ == nullptr ? nullptr : &core_->store;
}

ROPEWALK_INLINE std::uint32_t Doc::root(std::string_view name,
                                        detail::TypeKind kind) const noexcept {
    if (core_ == nullptr) return SharedType::failed(ErrorCode::no_document);
    if (!detail::is_valid_utf8(as_bytes(name))) return SharedType::failed(ErrorCode::invalid_utf8);
    const std::uint32_t type = core_->store.root(name);
    if (type == detail::kNone) return SharedType::failed(ErrorCode::out_of_memory);
    detail::TypeRecord& record = core_->store.types.types[type];
    if (record.kind == detail::TypeKind::undefined) record.kind = kind;
    return record.kind == kind ? type : SharedType::failed(ErrorCode::wrong_type);
}

ROPEWALK_INLINE Text Doc::text(std::string_view name) const noexcept {
    return Text{store(), root(name, detail::TypeKind::text)};
}
ROPEWALK_INLINE Array Doc::array(std::string_view name) const noexcept {
    return Array{store(), root(name, detail::TypeKind::array)};
}
ROPEWALK_INLINE Map Doc::map(std::string_view name) const noexcept {
    return Map{store(), root(name, detail::TypeKind::map)};
}
ROPEWALK_INLINE XmlFragment Doc::xml_fragment(std::string_view name) const noexcept {
    return XmlFragment{store(), root(name, detail::TypeKind::xml_fragment)};
}
ROPEWALK_INLINE XmlElement Doc::xml_element(std::string_view name) const noexcept {
    return XmlElement{store(), root(name, detail::TypeKind::xml_element)};
}
ROPEWALK_INLINE XmlText Doc::xml_text(std::string_view name) const noexcept {
    return XmlText{store(), root(name, detail::TypeKind::xml_text)};
}

ROPEWALK_INLINE ValueKind Doc::root_kind(std::string_view name) const noexcept {
    if (core_ == nullptr || !core_->store.open_history().ok()) return ValueKind::absent;
    const detail::TypeTable& table = core_->store.types;
    const std::uint32_t type = table.find_root(name);
    return type == detail::kNone ? ValueKind::absent : detail::value_kind(table.types[type].kind);
}

ROPEWALK_INLINE std::vector<std::string_view> Doc::root_names() const {
    std::vector<std::string_view> names;
    if (core_ == nullptr || !core_->store.open_history().ok()) return names;
    const detail::TypeTable& table = core_->store.types;
    for (const std::uint32_t type : table.roots()) {
        names.push_back(table.names[table.types[type].name]);
    }
    return names;
}

ROPEWALK_INLINE Transaction Doc::transact(Origin origin) noexcept {
    if (core_ == nullptr) return Transaction(ErrorCode::out_of_memory);
    const Status readable = core_->store.open_history();
    if (!readable.ok()) return Transaction(readable);
    core_->set_origin(origin, false);
    const Status opened = core_->store.begin_change();
    if (!opened.ok()) return Transaction(opened);
    return Transaction(&core_->store);
}

ROPEWALK_INLINE Transaction Doc::transact_remote(Origin origin) noexcept {
    if (core_ == nullptr) return Transaction(ErrorCode::out_of_memory);
    detail::Store& store = core_->store;
    if (const Status readable = store.open_history(); !readable.ok()) return Transaction(readable);
    core_->set_origin(origin, true);
    if (const Status opened = store.begin_change(); !opened.ok()) return Transaction(opened);
    if (store.change.depth == 1) core_->note_remote();
    return Transaction(&store);
}

ROPEWALK_INLINE Status Doc::apply(ByteView update, Origin origin) noexcept {
    return apply(update, UpdateFormat::v1, origin);
}

ROPEWALK_INLINE Status Doc::apply_v2(ByteView update, Origin origin) noexcept {
    return apply(update, UpdateFormat::v2, origin);
}

ROPEWALK_INLINE Status Doc::apply(ByteView update, UpdateFormat format, Origin origin) noexcept {
    if (core_ == nullptr) return ErrorCode::out_of_memory;
    detail::Store& store = core_->store;
    ROPEWALK_CHECK(store.open_history());
    core_->set_origin(origin, true);
    Status status = store.begin_change();
    if (status.ok()) {
        if (store.change.depth == 1) core_->note_remote();
        status = store.apply(update, format);
        if (!status.ok()) store.change.note(status.error());
        const Status ended = store.end_change();
        if (status.ok()) status = ended;
    }
    return status;
}

// -- encoding
// ---------------------------------------------------------------------------------------

ROPEWALK_INLINE Status Doc::encode_state_as_update(const StateVector& known,
                                                   Bytes& out,
                                                   WhatWaits waits) const noexcept {
    if (core_ == nullptr) return ErrorCode::out_of_memory;
    detail::Store& store = core_->store;
    const bool with_pending = waits == WhatWaits::passed_on;
    if (store.source != nullptr && with_pending) return store.source->diff(known, out);
    ROPEWALK_CHECK(store.open_history());
    return detail::Encoder(store, out, store.collect, true)
        .state([&](ClientId client) { return raw(known.get(client)); }, with_pending);
}

ROPEWALK_INLINE Result<Bytes> Doc::encode_state_as_update(const StateVector& known,
                                                          WhatWaits waits) const noexcept {
    Bytes out;
    ROPEWALK_CHECK(encode_state_as_update(known, out, waits));
    return out;
}

ROPEWALK_INLINE Status Doc::encode_state_as_update_v2(const StateVector& known,
                                                      Bytes& out,
                                                      WhatWaits waits) const noexcept {
    if (core_ == nullptr) return ErrorCode::out_of_memory;
    detail::Store& store = core_->store;
    ROPEWALK_CHECK(store.open_history());
    return detail::EncoderV2(store, out, store.collect, true)
        .state([&](ClientId client) { return raw(known.get(client)); },
               waits == WhatWaits::passed_on);
}

ROPEWALK_INLINE Result<Bytes> Doc::encode_state_as_update_v2(const StateVector& known,
                                                             WhatWaits waits) const noexcept {
    Bytes out;
    ROPEWALK_CHECK(encode_state_as_update_v2(known, out, waits));
    return out;
}

ROPEWALK_INLINE Result<Bytes> Doc::encode_canonical() const noexcept {
    if (core_ == nullptr) return ErrorCode::out_of_memory;
    ROPEWALK_CHECK(core_->store.open_history());
    Bytes out;
    ROPEWALK_CHECK(detail::Encoder(core_->store, out, true)
                       .state([](ClientId) { return std::uint32_t{0}; }, false));
    return out;
}

ROPEWALK_INLINE Result<StateVector> Doc::state_vector() const noexcept {
    if (core_ == nullptr) return ErrorCode::out_of_memory;
    detail::Store& store = core_->store;
    if (store.source != nullptr) return store.source->state_vector();
    store.settle();
    StateVector vector;
    for (std::uint32_t i = 0; i < store.clients.size(); ++i) {
        const detail::ClientLog& log = store.clients[i];
        if (log.next_clock == 0) continue;
        if (!vector.set(ClientId{log.id}, Clock{log.next_clock})) return ErrorCode::out_of_memory;
    }
    return vector;
}

ROPEWALK_INLINE Result<Bytes> Doc::encode_state_vector() const noexcept {
    ROPEWALK_TRY(const StateVector vector, state_vector());
    return vector.encode();
}

ROPEWALK_INLINE Result<IdSet> Doc::delete_set() const noexcept {
    if (core_ == nullptr) return ErrorCode::out_of_memory;
    detail::Store& store = core_->store;
    ROPEWALK_CHECK(store.open_history());
    store.settle();
    Bytes bytes;
    ROPEWALK_CHECK(detail::Encoder(store, bytes, true).delete_set(false));
    return decode_delete_set_v1(bytes, store.limits);
}

// -- what waits
// -------------------------------------------------------------------------------------

ROPEWALK_INLINE bool Doc::has_pending() const noexcept {
    return core_ != nullptr && !core_->store.pending.empty();
}

ROPEWALK_INLINE Result<StateVector> Doc::missing() const noexcept {
    StateVector lacking;
    if (core_ == nullptr) return lacking;
    const detail::Store& store = core_->store;
    bool memory = true;
    const auto lack = [&](std::uint32_t client) {
        const detail::ClientLog& log = store.clients[client];
        memory = memory && lacking.set(ClientId{log.id}, Clock{log.next_clock});
    };
    store.pending.for_each_missing([&](std::uint32_t client, std::uint32_t) { lack(client); });
    for (const detail::Deletion& deletion : store.pending.deletions()) lack(deletion.client);
    if (!memory) return ErrorCode::out_of_memory;
    return lacking;
}

ROPEWALK_INLINE Result<IdSet> Doc::pending_deletes() const noexcept {
    IdSet set;
    if (core_ == nullptr) return set;
    const detail::Store& store = core_->store;
    for (const detail::Deletion& deletion : store.pending.deletions()) {
        if (!set.insert(ClientId{store.clients[deletion.client].id}, Clock{deletion.clock},
                        deletion.length)) {
            return ErrorCode::out_of_memory;
        }
    }
    return set;
}

// -- listeners
// --------------------------------------------------------------------------------------

ROPEWALK_INLINE Subscription Doc::listen(UpdateFormat format,
                                         const detail::ListenerList::Entry& entry) noexcept {
    if (core_ == nullptr) {
        if (entry.object != nullptr) entry.destroy(entry.object);
        return {};
    }
    detail::UpdateListeners*& list =
        format == UpdateFormat::v1 ? core_->listeners : core_->listeners_v2;
    return core_->subscribed(detail::Subscribing::add(list, &core_->listened, entry));
}

}  // namespace crdt
