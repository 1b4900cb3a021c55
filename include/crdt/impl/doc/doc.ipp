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
        store.sink = {this, false, &DocCore::finish, options.new_client_id};
    }
    ~DocCore() {
        while (queue != nullptr) drop_queued();
        if (listeners != nullptr) {
            listeners->listening = nullptr;
            listeners->release_owner();
        }
    }

    // A change made by a listener while others are being told of the one before.
    struct Queued {
        Bytes v1;
        Bytes v2;
        Bytes name;  // of the origin, which need not live so long
        bool remote;
        Queued* next;
    };

    static Status finish(void* context, detail::Store& store) noexcept;
    Status tell(detail::Store& changed) noexcept;
    Status encode(detail::Store& changed, Bytes& v1, Bytes& v2, bool& anything) noexcept;
    Status collect_changed(detail::Store& changed) noexcept;
    template <class Encoder>
    Status encode_change(detail::Store& changed, Bytes& out) noexcept;
    void drop_queued() noexcept {
        Queued* first = queue;
        queue = first->next;
        if (queue == nullptr) queue_end = nullptr;
        first->~Queued();
        detail::release(first);
    }

    detail::Store store;
    Origin origin;
    detail::UpdateListeners* listeners = nullptr;
    Bytes buffer;  // of the update that is being told
    Bytes buffer_v2;
    detail::Vec<detail::WriteFrom> from;
    bool telling = false;
    Queued* queue = nullptr;
    Queued* queue_end = nullptr;
};

// Encodes the change in each format that somebody listens to.
ROPEWALK_INLINE Status DocCore::encode(detail::Store& changed,
                                       Bytes& v1,
                                       Bytes& v2,
                                       bool& anything) noexcept {
    detail::Change& change = changed.change;
    bool v1_is_due = listeners->any(UpdateFormat::v1);
    if (change.touched.empty() && !change.deleted_any &&
        changed.own_next_clock() > change.own_begin) {
        changed.settle();
        anything = true;
        if (v1_is_due && detail::Encoder::keystroke(changed, changed.own, change.own_begin, v1)) {
            v1_is_due = false;
        }
        if (!v1_is_due && !listeners->any(UpdateFormat::v2)) return {};
    }
    ROPEWALK_CHECK(collect_changed(changed));
    anything = !from.empty() || change.deleted_any;
    if (!anything) return {};
    if (v1_is_due) ROPEWALK_CHECK(encode_change<detail::Encoder>(changed, v1));
    if (!listeners->any(UpdateFormat::v2)) return {};
    return encode_change<detail::EncoderV2>(changed, v2);
}

// Which clients have new structs, and from where on.
ROPEWALK_INLINE Status DocCore::collect_changed(detail::Store& changed) noexcept {
    detail::Change& change = changed.change;
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
    Encoder encoder(changed, out, changed.collect);
    if (ROPEWALK_LIKELY(!changed.change.incomplete)) {
        return encoder.change(from, changed.change.deletions);
    }
    return encoder.change_with_all_deletions(from);
}

ROPEWALK_INLINE Status DocCore::tell(detail::Store& changed) noexcept {
    // The change is over: what listeners do to the document has an origin of its own.
    const Origin told = std::exchange(origin, {});
    bool anything = false;
    if (ROPEWALK_LIKELY(!telling)) {
        buffer.clear();
        buffer_v2.clear();
        ROPEWALK_CHECK(encode(changed, buffer, buffer_v2, anything));
        if (!anything) return {};
        telling = true;
        changed.renew_own();
        listeners->call(buffer, buffer_v2, told);
        while (queue != nullptr) {
            Origin then(as_text(queue->name));
            then.remote_ = queue->remote;
            listeners->call(queue->v1, queue->v2, then);
            drop_queued();
        }
        telling = false;
        return {};
    }
    void* block = detail::allocate(sizeof(Queued));
    if (block == nullptr) return ErrorCode::out_of_memory;
    auto* queued = ::new (block) Queued{{}, {}, {}, told.remote_, nullptr};
    Status status = queued->name.append(told.name_) ? Status{} : ErrorCode::out_of_memory;
    if (status.ok()) status = encode(changed, queued->v1, queued->v2, anything);
    if (!status.ok() || !anything) {
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

ROPEWALK_INLINE Transaction Doc::transact(Origin origin) noexcept {
    if (core_ == nullptr) return Transaction(ErrorCode::out_of_memory);
    const Status opened = core_->store.begin_change();
    if (!opened.ok()) return Transaction(opened);
    if (core_->store.change.depth == 1) core_->origin = origin;
    return Transaction(&core_->store);
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
    Status status = store.begin_change();
    if (status.ok()) {
        if (store.change.depth == 1) {
            store.change.remote = true;
            core_->origin = origin;
            core_->origin.remote_ = true;
        }
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
                                                   Bytes& out) const noexcept {
    if (core_ == nullptr) return ErrorCode::out_of_memory;
    detail::Store& store = core_->store;
    if (store.source != nullptr) return store.source->diff(known, out);
    return detail::Encoder(store, out, store.collect)
        .state([&](ClientId client) { return raw(known.get(client)); }, true);
}

ROPEWALK_INLINE Result<Bytes> Doc::encode_state_as_update(const StateVector& known) const noexcept {
    Bytes out;
    ROPEWALK_CHECK(encode_state_as_update(known, out));
    return out;
}

ROPEWALK_INLINE Status Doc::encode_state_as_update_v2(const StateVector& known,
                                                      Bytes& out) const noexcept {
    if (core_ == nullptr) return ErrorCode::out_of_memory;
    detail::Store& store = core_->store;
    ROPEWALK_CHECK(store.open_history());
    return detail::EncoderV2(store, out, store.collect).state([&](ClientId client) {
        return raw(known.get(client));
    });
}

ROPEWALK_INLINE Result<Bytes> Doc::encode_state_as_update_v2(
    const StateVector& known) const noexcept {
    Bytes out;
    ROPEWALK_CHECK(encode_state_as_update_v2(known, out));
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

ROPEWALK_INLINE Subscription Doc::listen(detail::UpdateListeners::Listener listener) noexcept {
    if (core_ != nullptr && core_->listeners == nullptr) {
        void* block = detail::allocate(sizeof(detail::UpdateListeners));
        if (block != nullptr) {
            core_->listeners = ::new (block) detail::UpdateListeners();
            core_->listeners->listening = &core_->store.sink.listening;
        }
    }
    const std::uint64_t id =
        core_ == nullptr || core_->listeners == nullptr ? 0 : core_->listeners->add(listener);
    if (id == 0) {
        listener.destroy(listener.object);
        return {};
    }
    core_->store.sink.listening = true;
    if (core_->store.change.depth == 0) core_->store.close_keystrokes();
    return Subscription(core_->listeners, id);
}

}  // namespace crdt
