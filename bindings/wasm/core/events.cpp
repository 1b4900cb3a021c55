// What observers are told: which types changed, and how.
#include "border.hpp"

namespace ropewalk {

RW_IMPORT(event)
void host_event(Document* document, std::uint32_t type, std::uint32_t transaction);
RW_IMPORT(deep_events)
void host_deep_events(Document* document, std::uint32_t type, std::uint32_t transaction);

namespace {

std::uint32_t number_of(const crdt::SharedType& type) noexcept {
    return crdt::detail::Access::type(type);
}

// f(event, out) of a type in the change that is being told; nothing where none is.
template <class F>
std::uint32_t look(Document* document, std::uint32_t type, std::uint32_t current, F&& f) noexcept {
    Out out;
    crdt::detail::ToldChange* const told = document->doc.told();
    if (told == nullptr) return out.done();
    crdt::detail::EventRecord alone{type, 0};
    crdt::detail::EventRecord* const observed = told->event_of(type);
    const crdt::Event event =
        crdt::Event::of(*told, observed != nullptr ? *observed : alone, current);
    f(event, out);
    const crdt::Status looked = event.check();
    crdt::detail::ToldChange::drop(alone);
    return looked.ok() ? out.done() : answer(looked);
}

void put_steps(const crdt::Event& event, Out& out) noexcept {
    const crdt::detail::Store& store = *crdt::detail::Access::store(event.target());
    for (const crdt::EventOp op : event.delta()) {
        if (op.is_erase()) {
            out.byte(kEventDelete);
            out.number(op.length());
            continue;
        }
        if (op.is_retain()) {
            out.byte(kEventRetain);
            out.number(op.length());
        } else if (op.is_text()) {
            out.byte(kEventText);
            out.text(op.text());
        } else {
            std::uint32_t count = 0;
            op.values().for_each([&](const crdt::Value&) { ++count; });
            out.byte(kEventValues);
            out.number(count);
            op.values().for_each([&](const crdt::Value& value) { out.value(value); });
        }
        std::uint32_t formats = 0;
        op.for_each_format([&](std::string_view, crdt::AnyView) { ++formats; });
        out.number(formats);
        op.for_each_format([&](std::string_view key, crdt::AnyView value) {
            out.key(store, key);
            out.any(value);
        });
    }
}

// What the open change has done so far.
void put_open_change(Out& out, crdt::detail::Store& store, bool deleted) noexcept {
    store.settle();
    const crdt::detail::Change& change = store.change;
    const auto put = [&](std::uint32_t client, std::uint32_t begin, std::uint32_t length) {
        out.number(store.clients[client].id);
        out.number(begin);
        out.number(length);
    };
    if (deleted) {
        for (const crdt::detail::Deletion& range : change.deletions) {
            put(range.client, range.clock, range.length);
        }
        return;
    }
    const std::uint32_t own_end = store.own_next_clock();
    if (own_end > change.own_begin) put(store.own, change.own_begin, own_end - change.own_begin);
    for (const crdt::detail::Touched& touched : change.touched) {
        const std::uint32_t end = store.clients[touched.client].next_clock;
        if (end > touched.begin) put(touched.client, touched.begin, end - touched.begin);
    }
}

}  // namespace

// -- who observes ---------------------------------------------------------------------------------

// Starts or ends telling what happens to a type, or to it and all within.
RW_EXPORT(rw_observe)
std::uint32_t rw_observe(Document* document,
                         std::uint32_t type,
                         std::uint32_t deep,
                         std::uint32_t on) {
    auto& observed = document->observed;
    for (std::size_t i = 0; i < observed.size(); ++i) {
        if (observed[i].type != type || observed[i].deep != (deep != 0)) continue;
        if (on == 0) {
            // Its place is filled before it ends: that may call back.
            const Document::Observed ended = std::move(observed[i]);
            observed[i] = std::move(observed.back());
            observed.pop_back();
        }
        return 0;
    }
    if (on == 0) return 0;
    if (!room(observed.size() * 3 * sizeof(Document::Observed))) return no_room();
    const auto handle = document->handle<crdt::Text>(type);
    crdt::Subscription made =
        deep != 0 ? handle.observe_deep([=](const crdt::DeepEvents& events) noexcept {
            Out out;
            for (const crdt::Event event : events) out.number(number_of(event.target()));
            if (out.done() == 0) host_deep_events(document, type, transaction_of(events.origin()));
        })
                  : crdt::detail::Observing::direct<crdt::Event>(
                        handle, [=](const crdt::Event& event) noexcept {
                            host_event(document, type, transaction_of(event.origin()));
                        });
    if (!made.active()) {
        const crdt::Status status = handle.check();
        return answer(status.ok() ? crdt::Status(crdt::ErrorCode::out_of_memory) : status);
    }
    observed.push_back({type, deep != 0, std::move(made)});
    return 0;
}

// -- one event ------------------------------------------------------------------------------------
//
// Of a type, in the change that is being told.

// Steps: kEventDelete and a count; kEventRetain, a count and formats; kEventText, text and formats;
// kEventValues, a count of values, formats. Formats: a count, keys and values.
RW_EXPORT(rw_event_delta) std::uint32_t rw_event_delta(Document* document, std::uint32_t type) {
    return look(document, type, type,
                [&](const crdt::Event& event, Out& out) { put_steps(event, out); });
}

// Of each key: its number, the action, the old value.
RW_EXPORT(rw_event_keys) std::uint32_t rw_event_keys(Document* document, std::uint32_t type) {
    return look(document, type, type, [&](const crdt::Event& event, Out& out) {
        for (const crdt::KeyChange change : event.keys()) {
            out.key(document->store(), change.key());
            out.byte(static_cast<std::uint8_t>(change.action()));
            out.value(change.old_value());
        }
    });
}

// From `current` down: 1 and the number of a key, or 0 and an index.
RW_EXPORT(rw_event_path)
std::uint32_t rw_event_path(Document* document, std::uint32_t type, std::uint32_t current) {
    return look(document, type, current, [&](const crdt::Event& event, Out& out) {
        const crdt::EventPath path = event.path();
        for (std::size_t i = 0; i < path.size(); ++i) {
            const crdt::PathStep step = path[i];
            out.byte(step.is_key() ? 1 : 0);
            if (step.is_key()) {
                out.key(document->store(), step.key());
            } else {
                out.number(step.index());
            }
        }
    });
}

// -- a transaction --------------------------------------------------------------------------------
//
// The one that is being told; nothing in `out` where nobody observes the document.

// Units inserted, or deleted: clients, starts and lengths; or of the transaction that is open.
RW_EXPORT(rw_told_ids)
std::uint32_t rw_told_ids(Document* document, std::uint32_t deleted, std::uint32_t open) {
    Out out;
    crdt::detail::ToldChange* const told = document->doc.told();
    if (told == nullptr || open != 0) {
        put_open_change(out, document->store(), deleted != 0);
        return out.done();
    }
    const auto ids = deleted != 0 ? told->deleted_ids() : told->inserted_ids();
    if (!ids.ok()) return answer(ids.error());
    out.id_set(*ids);
    return out.done();
}

// Of each list and each key that was changed, of a type that was there before and lives: 0, or one
// more than the number of the key; kind and number of the type. Some are told more than once.
RW_EXPORT(rw_told_types) std::uint32_t rw_told_types(Document* document) {
    Out out;
    crdt::detail::Store& store = document->store();
    crdt::detail::ToldChange* const told = document->doc.told();
    if (told != nullptr) {
        std::uint32_t last = crdt::detail::kNone;
        told->for_each_stretch([&](std::uint32_t number, std::uint32_t, std::uint32_t, bool) {
            const std::uint32_t seq = store.runs[number].seq;
            if (seq == crdt::detail::kNone || seq == last) return true;
            last = seq;
            const crdt::detail::Seq& changed = store.sequences.seqs[seq];
            if (told->is_new(changed.type) || store.types.types[changed.type].dead) return true;
            out.number(changed.key == crdt::detail::kNone ? 0 : changed.key + 1);
            out.type(store, changed.type);
            return true;
        });
    }
    return out.done();
}

// Types whose items the open change has brought or deleted, some more than once; false where there
// are too many to tell, or nobody has recorded them.
RW_EXPORT(rw_touched_types) std::uint32_t rw_touched_types(Document* document) {
    crdt::detail::Store& store = document->store();
    store.settle();
    const crdt::detail::Change& change = store.change;
    Out out;
    std::uint32_t left = 64;
    const auto put = [&](std::uint32_t client, std::uint32_t clock, std::uint32_t end) {
        for (; clock < end && left > 0; --left) {
            const crdt::detail::Run& run = store.runs[store.resolve(client, clock).run];
            if (run.seq != crdt::detail::kNone) out.number(store.sequences.seqs[run.seq].type);
            clock = run.end_clock();
        }
    };
    put(store.own, change.own_begin, store.own_next_clock());
    for (const crdt::detail::Touched& touched : change.touched) {
        put(touched.client, touched.begin, store.clients[touched.client].next_clock);
    }
    for (const crdt::detail::Deletion& range : change.deletions) {
        put(range.client, range.clock, range.clock + range.length);
    }
    const bool all = left > 0 && !change.incomplete && (change.recording || !change.deleted_any);
    return all && out.done() == 0 ? 1 : 0;
}

// -- types ----------------------------------------------------------------------------------------

// Kind of a type, and whether it lives: kind | 256.
RW_EXPORT(rw_type_state)
std::uint32_t rw_type_state(const Document* document, std::uint32_t type) {
    const crdt::detail::TypeRecord& record = document->store().types.types[type];
    return static_cast<std::uint32_t>(crdt::detail::value_kind(record.kind)) |
           (record.dead ? 0U : 256U);
}

// Kind and number of the type around it; nothing for a root.
RW_EXPORT(rw_type_parent)
std::uint32_t rw_type_parent(const Document* document, std::uint32_t type) {
    const crdt::detail::Store& store = document->store();
    const std::uint32_t run = store.types.types[type].run;
    Out out;
    if (run != crdt::detail::kNone && store.runs[run].seq != crdt::detail::kNone) {
        out.type(store, store.sequences.seqs[store.runs[run].seq].type);
    }
    return out.done();
}

}  // namespace ropewalk
