// Documents: roots, transactions, updates in and out, and who hears of them.
#include "border.hpp"

namespace ropewalk {

RW_IMPORT(random_client_id) double host_random_client_id();
RW_IMPORT(hook)
void host_hook(Document* document, std::uint32_t hearing, std::uint32_t transaction);
RW_IMPORT(update)
void host_update(Document* document,
                 std::uint32_t transaction,
                 std::uint32_t v2,
                 const std::uint8_t* bytes,
                 std::uint32_t size);
RW_IMPORT(fill) void host_fill(Document* document, std::uint32_t type);
RW_IMPORT(subdocs) void host_subdocs(Document* document, std::uint32_t size);

namespace {

crdt::ClientId draw_client_id() noexcept {
    return static_cast<crdt::ClientId>(static_cast<std::uint64_t>(host_random_client_id()));
}

void put_subdocs(Out& out, std::span<const crdt::Subdoc> subdocs) noexcept {
    out.number(subdocs.size());
    for (const crdt::Subdoc& subdoc : subdocs) {
        out.number(crdt::detail::Access::run(subdoc));
    }
}

// Bytes that are read at once.
class Given final : public crdt::HistorySource {
public:
    Given(crdt::ByteView update, crdt::UpdateFormat format) noexcept
        : update_(update), format_(format) {}

    crdt::Status text_of(std::string_view, crdt::Bytes&) const noexcept override {
        return crdt::ErrorCode::invalid_argument;
    }
    crdt::Result<crdt::StateVector> state_vector() const noexcept override {
        return crdt::ErrorCode::invalid_argument;
    }
    crdt::Status diff(const crdt::StateVector&, crdt::Bytes&) const noexcept override {
        return crdt::ErrorCode::invalid_argument;
    }
    crdt::Status unpack(crdt::Bytes& out) const noexcept override {
        return out.append(update_) ? crdt::ErrorCode::ok : crdt::ErrorCode::out_of_memory;
    }
    [[nodiscard]] crdt::UpdateFormat unpack_format() const noexcept override { return format_; }

private:
    crdt::ByteView update_;
    crdt::UpdateFormat format_;
};

crdt::Subdoc subdoc_of(const Document* document, std::uint32_t run) noexcept {
    return crdt::detail::Access::value(document->doc.store(), {run, 0}).document();
}

}  // namespace

// -- the document ---------------------------------------------------------------------------------

RW_EXPORT(rw_doc_free) void rw_doc_free(Document* document) {
    document->~Document();
    crdt::detail::release(document);
}

RW_EXPORT(rw_doc_new) Document* rw_doc_new(double client, std::uint32_t collect) {
    void* const block = crdt::detail::allocate(sizeof(Document));
    if (block == nullptr) return nullptr;
    auto* const made = ::new (block) Document(
        crdt::DocOptions{.client = static_cast<crdt::ClientId>(static_cast<std::uint64_t>(client)),
                         .collect = collect != 0,
                         .new_client_id = &draw_client_id});
    crdt::detail::Store* const store = made->doc.store();
    if (store == nullptr) {
        rw_doc_free(made);
        return nullptr;
    }
    store->sink.filler = made;
    store->sink.fill = [](void* document, crdt::detail::Store&, std::uint32_t type) noexcept {
        host_fill(static_cast<Document*>(document), type);
    };
    return made;
}

RW_EXPORT(rw_doc_client) double rw_doc_client(const Document* document) {
    return static_cast<double>(crdt::raw(document->doc.client()));
}
RW_EXPORT(rw_doc_set_client) std::uint32_t rw_doc_set_client(Document* document, double client) {
    return answer(
        document->doc.set_client(static_cast<crdt::ClientId>(static_cast<std::uint64_t>(client))));
}
RW_EXPORT(rw_doc_set_collect) void rw_doc_set_collect(Document* document, std::uint32_t collect) {
    document->store().collect = collect != 0;
}

// -- roots ----------------------------------------------------------------------------------------

// The root of the name in `in`. report.made: its number; wrong_type if it has another kind. Kind
// absent leaves open what it is.
RW_EXPORT(rw_root)
std::uint32_t rw_root(Document* document, std::uint32_t name_size, std::uint32_t kind) {
    const std::string_view name = in_text(name_size);
    crdt::SharedType made = [&]() -> crdt::SharedType {
        const crdt::Doc& doc = document->doc;
        switch (static_cast<crdt::ValueKind>(kind)) {
            case crdt::ValueKind::text:
                return doc.text(name);
            case crdt::ValueKind::array:
                return doc.array(name);
            case crdt::ValueKind::map:
                return doc.map(name);
            case crdt::ValueKind::xml_fragment:
                return doc.xml_fragment(name);
            case crdt::ValueKind::xml_element:
                return doc.xml_element(name);
            case crdt::ValueKind::xml_text:
                return doc.xml_text(name);
            default:
                return document->handle<crdt::Text>(document->store().root(name));
        }
    }();
    const crdt::Status status = made.check();
    report.made = crdt::detail::Access::type(made);
    return answer(status);
}

// Of each root: kind, number, name.
RW_EXPORT(rw_roots) std::uint32_t rw_roots(Document* document) {
    crdt::detail::Store& store = document->store();
    if (const crdt::Status opened = store.open_history(); !opened.ok()) return answer(opened);
    Out out;
    for (const std::uint32_t type : store.types.roots()) {
        const crdt::detail::TypeRecord& record = store.types.types[type];
        out.byte(static_cast<std::uint8_t>(crdt::detail::value_kind(record.kind)));
        out.number(type);
        out.text(store.types.names[record.name]);
    }
    return out.done();
}

RW_EXPORT(rw_name) std::uint32_t rw_name(Document* document, std::uint32_t name) {
    crdt::Bytes& out = out_bytes();
    if (!out.append(document->store().types.names[name])) {
        return answer(crdt::Status(crdt::ErrorCode::out_of_memory));
    }
    return out_done();
}

// -- transactions ---------------------------------------------------------------------------------

// One is open at a time: JavaScript joins those inside it. Not `local`: it is for updates.
RW_EXPORT(rw_begin)
void rw_begin(Document* document, std::uint32_t transaction, std::uint32_t local) {
    const crdt::Origin origin = origin_of(transaction);
    document->open.emplace(local != 0 ? document->doc.transact(origin)
                                      : document->doc.transact_remote(origin));
}
// Whether the open one has written anything.
RW_EXPORT(rw_wrote) std::uint32_t rw_wrote(const Document* document) {
    const crdt::detail::Store& store = document->store();
    const crdt::detail::Change& change = store.change;
    return change.deleted_any || !change.touched.empty() ||
           store.own_next_clock() > change.own_begin;
}
// A number that is another one as soon as the open one has written anything more.
RW_EXPORT(rw_writes) double rw_writes(const Document* document) {
    const crdt::detail::Store& store = document->store();
    const auto& deletions = store.change.deletions;
    // Neighbours join: where there is no further range the last one has grown.
    constexpr std::uint32_t kLengths = 1U << 20U;
    const std::uint32_t last = deletions.empty() ? 0 : deletions.back().length % kLengths;
    return (static_cast<double>(store.own_next_clock()) + deletions.size()) * kLengths + last;
}
RW_EXPORT(rw_commit) std::uint32_t rw_commit(Document* document) {
    // Observers open others meanwhile.
    crdt::Transaction ending = *std::move(document->open);
    document->open.reset();
    return answer(ending.commit());
}

RW_EXPORT(rw_apply)
std::uint32_t rw_apply(Document* document,
                       std::uint32_t size,
                       std::uint32_t v2,
                       std::uint32_t transaction) {
    const crdt::Origin origin = origin_of(transaction);
    return answer(v2 != 0 ? document->doc.apply_v2(in(size), origin)
                          : document->doc.apply(in(size), origin));
}

// The update in `in` is what was in the document all the time, for one that nothing has come into
// yet: nobody is told.
RW_EXPORT(rw_load)
std::uint32_t rw_load(Document* document, std::uint32_t size, std::uint32_t v2) {
    crdt::detail::Store& store = document->store();
    store.source.reset(new (std::nothrow) Given(
        in(size), v2 != 0 ? crdt::UpdateFormat::v2 : crdt::UpdateFormat::v1));
    if (store.source == nullptr) return no_room();
    const crdt::Status loaded = store.open_history();
    store.source.reset();
    return answer(loaded);
}

// -- state ----------------------------------------------------------------------------------------

// What a replica with the state vector in `in` lacks, with what waits or without.
RW_EXPORT(rw_encode)
std::uint32_t rw_encode(Document* document,
                        std::uint32_t vector_size,
                        std::uint32_t v2,
                        std::uint32_t pending) {
    crdt::StateVector known;
    if (vector_size > 0) {
        auto decoded = crdt::StateVector::decode(in(vector_size));
        if (!decoded.ok()) return answer(decoded.error());
        known = *std::move(decoded);
    }
    crdt::Bytes& out = out_bytes();
    const auto waits = pending != 0 ? crdt::WhatWaits::passed_on : crdt::WhatWaits::left_out;
    const crdt::Status encoded = v2 != 0
                                     ? document->doc.encode_state_as_update_v2(known, out, waits)
                                     : document->doc.encode_state_as_update(known, out, waits);
    return encoded.ok() ? out_done() : answer(encoded);
}
RW_EXPORT(rw_state_vector) std::uint32_t rw_state_vector(Document* document) {
    return out_result(document->doc.encode_state_vector());
}
// Clients, starts and lengths.
RW_EXPORT(rw_delete_set) std::uint32_t rw_delete_set(Document* document) {
    const auto deleted = document->doc.delete_set();
    if (!deleted.ok()) return answer(deleted.error());
    Out out;
    out.id_set(*deleted);
    return out.done();
}
RW_EXPORT(rw_has_pending) std::uint32_t rw_has_pending(Document* document) {
    return document->doc.has_pending() ? 1 : 0;
}
RW_EXPORT(rw_missing) std::uint32_t rw_missing(Document* document) {
    const auto missing = document->doc.missing();
    if (!missing.ok()) return answer(missing.error());
    Out out;
    out.state_vector(*missing);
    return out.done();
}
RW_EXPORT(rw_pending_deletes) std::uint32_t rw_pending_deletes(Document* document) {
    const auto waiting = document->doc.pending_deletes();
    if (!waiting.ok()) return answer(waiting.error());
    Out out;
    out.id_set(*waiting);
    return out.done();
}

// -- hearing --------------------------------------------------------------------------------------

// Starts or ends telling one kind of news.
RW_EXPORT(rw_hear)
std::uint32_t rw_hear(Document* document, std::uint32_t hearing, std::uint32_t on) {
    crdt::Subscription& slot = document->heard[hearing];
    if (on == 0) {
        slot.cancel();
        return 0;
    }
    if (slot.active()) return 0;
    const auto what = static_cast<Hearing>(hearing);
    const auto hook = [document, hearing](const crdt::TransactionEvent& event) noexcept {
        host_hook(document, hearing, transaction_of(event.origin()));
    };
    const auto update = [document, what](crdt::ByteView bytes,
                                         const crdt::Origin& origin) noexcept {
        host_update(document, transaction_of(origin), what == Hearing::update_v2 ? 1 : 0,
                    bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    };
    crdt::Doc& doc = document->doc;
    switch (what) {
        case Hearing::before_observers:
            slot = doc.on_before_observers(hook);
            break;
        case Hearing::after_transaction:
            slot = doc.on_after_transaction(hook);
            break;
        case Hearing::after_cleanup:
            slot = doc.on_after_cleanup(hook);
            break;
        case Hearing::update:
            slot = doc.on_update(update);
            break;
        case Hearing::update_v2:
            slot = doc.on_update_v2(update);
            break;
        case Hearing::before_tidying:
            // Of the others JavaScript tells when it opens them; this one is nobody's.
            slot =
                doc.on_before_transaction([document, hearing](const crdt::Origin& origin) noexcept {
                    const std::uint32_t transaction = transaction_of(origin);
                    if (transaction == 0) host_hook(document, hearing, transaction);
                });
            break;
        default:
            slot = doc.on_subdocs([document](const crdt::SubdocsEvent& event) noexcept {
                Out out;
                put_subdocs(out, event.added());
                put_subdocs(out, event.removed());
                put_subdocs(out, event.loaded());
                static_cast<void>(out.done());
                host_subdocs(document, report.out_size);
            });
    }
    return slot.active() ? 0 : answer(crdt::Status(crdt::ErrorCode::out_of_memory));
}

// -- sub-documents --------------------------------------------------------------------------------

RW_EXPORT(rw_subdocs) std::uint32_t rw_subdocs(Document* document) {
    // Each is a run.
    if (!room(document->store().runs.size() * sizeof(crdt::Subdoc))) return no_room();
    Out out;
    for (const crdt::Subdoc& subdoc : document->doc.subdocs()) {
        out.number(crdt::detail::Access::run(subdoc));
    }
    return out.done();
}
// Its id, whether somebody here wants it, whether it lives, and its options.
RW_EXPORT(rw_subdoc) std::uint32_t rw_subdoc(Document* document, std::uint32_t run) {
    const crdt::Subdoc subdoc = subdoc_of(document, run);
    Out out;
    out.text(subdoc.guid());
    out.byte(subdoc.should_load() ? 1 : 0);
    out.byte(subdoc.alive() ? 1 : 0);
    out.any(subdoc.options());
    return out.done();
}
RW_EXPORT(rw_subdoc_load) std::uint32_t rw_subdoc_load(Document* document, std::uint32_t run) {
    return answer(subdoc_of(document, run).load());
}
RW_EXPORT(rw_subdoc_destroy)
std::uint32_t rw_subdoc_destroy(Document* document, std::uint32_t run) {
    return answer(subdoc_of(document, run).destroy());
}

}  // namespace ropewalk
