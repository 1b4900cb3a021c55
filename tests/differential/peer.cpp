// Documents behind a pipe: one command a line, one answer a line, "ok ..." or "error ...". Bytes
// and text are hexadecimal.
//
//   new DOC CLIENT COLLECT LISTEN   a document; COLLECT 0 keeps deleted content; LISTEN is 0 or the
//                                   format of what it emits, 1 or 2
//   drop DOC...
//   edit DOC EDIT ; EDIT ; ...      one transaction  -> ok UPDATE,UPDATE... or ok -
//   loose DOC EDIT ; EDIT ; ...     each edit a transaction of its own -> likewise
//   edit-ORIGIN DOC EDIT ; ...      one transaction of that origin
//   manage DOC ENDLESS IGNORE REMOTE ROOT...|*
//                                   an undo manager for these roots or for all; ENDLESS 1 captures
//                                   transactions together for ever, REMOTE 1 updates applied too
//   undo DOC, redo DOC, stop DOC, clear DOC  -> ok UPDATE CHANGED UNDO-SIZE REDO-SIZE
//   apply DOC UPDATE                -> ok UPDATE (as emitted to listeners) or ok -
//   encode DOC VECTOR|- FORMAT      -> ok UPDATE: what is not known there, in V1 or V2
//   canonical DOC                   -> ok BYTES
//   state DOC ROOT...               -> ok VECTOR WAITS CONTENT|CONTENT...
//   observe DOC ROOT...             from now on, deeply
//   events DOC                      -> ok COMMIT/COMMIT... (events.hpp) or ok -: since the last
//   time
//
//   UPDATE in V2 is given as 2:BYTES; update_commands.hpp has what needs no DOC
//   ROOT  text:NAME array:NAME map:NAME fragment:NAME element:NAME xmltext:NAME
//   EDIT  ROOT PATH VERB ARGUMENTS; PATH is - or steps from the root: i3 (element), k61 (key), dots
//         between them; AT is a position: 3 in UTF-16 units, 8:3 in bytes, c:3 in code points
//         text:  insert AT u<units>|t<UTF-8>   erase AT COUNT   and those of rich.hpp
//         array: insert INDEX N VALUE...   push N VALUE...   erase INDEX COUNT
//         map:   set k<key> VALUE   unset k<key>   clear
//         and those of xml.hpp
#include <charconv>
#include <crdt/crdt.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "events.hpp"
#include "show.hpp"
#include "tokens.hpp"
#include "update_commands.hpp"
#include "values.hpp"
#include "xml.hpp"

namespace differential {
namespace {

struct Replica {
    explicit Replica(const crdt::DocOptions& options) : doc(options) {}

    void listen(crdt::UpdateFormat format) {
        const auto tell = [this](crdt::ByteView update, const crdt::Origin&) noexcept {
            if (!emitted.empty()) emitted += ',';
            append_hex(emitted, crdt::as_text(update));
        };
        subscription.emplace(format == crdt::UpdateFormat::v1 ? doc.on_update(tell)
                                                              : doc.on_update_v2(tell));
    }
    std::string take_emitted() {
        std::string taken = emitted.empty() ? "-" : std::move(emitted);
        emitted.clear();
        return taken;
    }

    void observe(std::string_view root, const crdt::SharedType& type) {
        observing.push_back(type.observe_deep(
            [this, name = std::string(root)](const crdt::DeepEvents& events) noexcept {
                tell(show_events(name, events));
            }));
    }
    void observe_documents() {
        observing.push_back(doc.on_subdocs(
            [this](const crdt::SubdocsEvent& event) noexcept { tell(show_events(event)); }));
    }
    void tell(const std::string& commit) {
        if (!told.empty() && !commit.empty()) told += '/';
        told += commit;
    }
    std::string take_told() {
        std::string taken = told.empty() ? "-" : std::move(told);
        told.clear();
        return taken;
    }

    crdt::Doc doc;
    std::string emitted;
    std::string told;
    std::optional<crdt::Subscription> subscription;  // ends before what it writes to
    std::vector<crdt::Subscription> observing;
    std::optional<crdt::UndoManager> undo;
};

std::string error(const crdt::Error& e) {
    return "error " + e.message() + " (code " + std::to_string(static_cast<int>(e.code)) +
           ", offset " + std::to_string(e.offset) + ")";
}

crdt::Position position(std::string_view token) {
    const bool in_utf16 = token.size() < 2 || token[1] != ':';
    const std::string_view digits = in_utf16 ? token : token.substr(2);
    std::uint32_t at = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), at);
    if (in_utf16) return crdt::Utf16{at};
    return token[0] == '8' ? crdt::Position(crdt::Utf8{at}) : crdt::Position(crdt::CodePoint{at});
}

crdt::Status edit_text(crdt::Text text, std::string_view verb, Tokens& args) {
    if (is_attribute_verb(verb)) return edit_attributes(text, verb, args);
    if (is_rich_verb(verb)) return edit_rich_text(text, verb, args);
    const crdt::Position at = position(args.next());
    if (verb == "erase") return text.erase(at, args.number());
    const auto units = args.next();
    if (units[0] == 't') return text.insert(at, std::string_view(unhex(units.substr(1))));
    return text.insert(at, std::u16string_view(unhex_units(units.substr(1))));
}

crdt::Status edit_array(crdt::Array array, std::string_view verb, Tokens& args) {
    Values values;
    if (verb == "push") return array.push(values.read(args, args.number()));
    const auto index = args.number();
    const auto count = args.number();
    if (verb == "erase") return array.erase(index, count);
    return array.insert(index, values.read(args, count));
}

crdt::Status edit_map(crdt::Map map, std::string_view verb, Tokens& args) {
    if (verb == "clear") return map.clear();
    const std::string key = unhex(args.next().substr(1));
    if (verb == "unset") return map.erase(key);
    Values values;
    return map.set(key, values.read(args));
}

// Where a path leads: one of these, found by the kind of its root or value. An XML text is a text
// too, a hook a map, and an element a fragment.
struct Place {
    crdt::Text text;
    crdt::Array array;
    crdt::Map map;
    crdt::XmlFragment fragment;
    crdt::XmlElement element;
    crdt::XmlText xml_text;
    char kind = '?';

    static Place root(crdt::Doc& doc, std::string_view token) {
        const std::string name = unhex(token.substr(token.find(':') + 1));
        Place place;
        place.kind = token[0];
        if (place.kind == 't') place.text = doc.text(name);
        if (place.kind == 'a') place.array = doc.array(name);
        if (place.kind == 'm') place.map = doc.map(name);
        if (place.kind == 'f') place.fragment = doc.xml_fragment(name);
        if (place.kind == 'e') place.element = doc.xml_element(name);
        if (place.kind == 'x') place.xml_text = doc.xml_text(name);
        if (place.kind == 'e') place.fragment = place.element;
        if (place.kind == 'x') place.text = place.xml_text;
        return place;
    }
    [[nodiscard]] crdt::SharedType type() const {
        switch (kind) {
            case 'a':
                return array;
            case 'm':
                return map;
            case 'f':
            case 'e':
                return fragment;
            default:
                return text;
        }
    }
    void step(std::string_view token) {
        crdt::Value value;
        if (token[0] == 'i') {
            const auto index = Tokens(token.substr(1)).number();
            auto found = kind == 'a' ? array.get(index) : fragment.get(index);
            if (found.ok()) value = *found;
        } else {
            const std::string key = unhex(token.substr(1));
            value = kind == 'm'   ? map.get(key)
                    : kind == 'e' ? element.attribute(key)
                                  : text.attribute(key);
        }
        kind = value.kind() == crdt::ValueKind::text           ? 't'
               : value.kind() == crdt::ValueKind::array        ? 'a'
               : value.kind() == crdt::ValueKind::map          ? 'm'
               : value.kind() == crdt::ValueKind::xml_hook     ? 'm'
               : value.kind() == crdt::ValueKind::xml_text     ? 'x'
               : value.kind() == crdt::ValueKind::xml_element  ? 'e'
               : value.kind() == crdt::ValueKind::xml_fragment ? 'f'
                                                               : '?';
        text = value.text();
        array = value.array();
        map = value.map();
        fragment = value.xml_fragment();
        element = value.xml_element();
        xml_text = value.xml_text();
        if (kind == 'x') text = xml_text;
        if (value.kind() == crdt::ValueKind::xml_hook) map = value.xml_hook();
    }
};

crdt::Status edit(crdt::Doc& doc, std::string_view command) {
    Tokens args(command);
    Place place = Place::root(doc, args.next());
    std::string_view path = args.next();
    while (!path.empty() && path != "-") {
        const auto dot = std::min(path.find('.'), path.size());
        place.step(path.substr(0, dot));
        path.remove_prefix(std::min(dot + 1, path.size()));
    }
    const auto verb = args.next();
    switch (place.kind) {
        case 't':
        case 'x':
            return edit_text(place.text, verb, args);
        case 'a':
            return edit_array(place.array, verb, args);
        case 'm':
            return edit_map(place.map, verb, args);
        case 'e':
            if (is_attribute_verb(verb)) return edit_attributes(place.element, verb, args);
            return edit_fragment(place.fragment, verb, args);
        case 'f':
            return edit_fragment(place.fragment, verb, args);
        default:
            return crdt::ErrorCode::wrong_type;
    }
}

crdt::Status edit_all(crdt::Doc& doc, std::string_view commands) {
    crdt::Status first;
    while (!commands.empty()) {
        const auto end = std::min(commands.find(" ; "), commands.size());
        const crdt::Status status = edit(doc, commands.substr(0, end));
        if (first.ok()) first = status;
        commands.remove_prefix(std::min(end + 3, commands.size()));
    }
    return first;
}

class Peer {
public:
    std::string answer(std::string_view line) {
        Tokens args(line);
        const auto verb = args.next();
        if (verb == "new") return open(args);
        if (verb == "drop") {
            while (!args.done()) replicas_.erase(args.number());
            return "ok";
        }
        if (is_update_command(verb)) return bytes(run_update_command(verb, args));
        const auto found = replicas_.find(args.number());
        if (found == replicas_.end()) return "error no such document";
        Replica& replica = *found->second;
        if (verb == "edit") return transact(replica, args.rest(), {});
        if (verb.starts_with("edit-")) return transact(replica, args.rest(), verb.substr(5));
        if (verb == "manage") return manage(replica, args);
        if (verb == "undo" || verb == "redo" || verb == "stop" || verb == "clear") {
            return undo(replica, verb);
        }
        if (verb == "loose") return finish(replica, edit_all(replica.doc, args.rest()));
        if (verb == "apply") {
            return finish(replica, apply(replica.doc, args.next()));
        }
        if (verb == "encode") {
            const auto vector = args.next();
            return encode(replica.doc, vector, args.number() == 2);
        }
        if (verb == "canonical") return bytes(replica.doc.encode_canonical());
        if (verb == "state") return state(replica.doc, args);
        if (verb == "observe") return observe(replica, args);
        if (verb == "events") return "ok " + replica.take_told();
        return "error unknown command";
    }

private:
    std::string open(Tokens& args) {
        const auto number = args.number();
        crdt::DocOptions options;
        options.client = crdt::ClientId{args.number()};
        options.collect = args.number() != 0;
        auto replica = std::make_unique<Replica>(options);
        const auto listen = args.number();
        if (listen != 0) {
            replica->listen(listen == 2 ? crdt::UpdateFormat::v2 : crdt::UpdateFormat::v1);
        }
        replicas_[number] = std::move(replica);
        return "ok";
    }

    static std::string finish(Replica& replica, const crdt::Status& status) {
        const std::string emitted = replica.take_emitted();
        return status.ok() ? "ok " + emitted : error(status.error());
    }

    static std::string transact(Replica& replica,
                                std::string_view commands,
                                std::string_view origin) {
        auto transaction = replica.doc.transact(crdt::Origin(origin));
        const crdt::Status edited = edit_all(replica.doc, commands);
        const crdt::Status committed = transaction.commit();
        if (edited.ok() != committed.ok()) return "error the transaction forgot an edit's error";
        return finish(replica, committed);
    }

    static std::string manage(Replica& replica, Tokens& args) {
        static constexpr std::string_view kTracked[] = {"tracked"};
        crdt::UndoOptions options;
        if (args.number() != 0) {
            options.capture_timeout = crdt::UndoOptions::kForever;
            options.clock.now = [](void*) noexcept { return std::uint64_t{1}; };
        }
        options.ignore_remote_map_changes = args.number() != 0;
        options.track_remote = args.number() != 0;
        options.tracked_origins = kTracked;
        if (args.peek() == "*") {
            replica.undo.emplace(replica.doc, options);
        } else {
            replica.undo.emplace(replica.doc, std::initializer_list<crdt::SharedType>{}, options);
        }
        crdt::Status status = replica.undo->status();
        while (args.peek() != "*" && !args.done()) {
            const Place root = Place::root(replica.doc, args.next());
            status = replica.undo->add_to_scope({root.type()});
        }
        return status.ok() ? "ok" : error(status.error());
    }

    static std::string undo(Replica& replica, std::string_view verb) {
        if (!replica.undo) return "error nothing to undo with";
        crdt::UndoManager& manager = *replica.undo;
        crdt::Undone undone(false);
        if (verb == "undo") undone = manager.undo();
        if (verb == "redo") undone = manager.redo();
        if (verb == "stop") manager.stop_capturing();
        if (verb == "clear") manager.clear();
        std::string out = finish(replica, undone.status());
        if (!undone.status().ok()) return out;
        return out + (undone ? " 1 " : " 0 ") + std::to_string(manager.undo_size()) + ' ' +
               std::to_string(manager.redo_size());
    }

    static std::string bytes(const crdt::Result<crdt::Bytes>& result) {
        return result.ok() ? "ok " + hex(crdt::as_text(*result)) : error(result.error());
    }

    static crdt::Status apply(crdt::Doc& doc, std::string_view token) {
        const bool v2 = token.starts_with("2:");
        const std::string update = unhex(token.substr(v2 ? 2 : 0));
        return v2 ? doc.apply_v2(crdt::as_bytes(update)) : doc.apply(crdt::as_bytes(update));
    }

    static std::string encode(const crdt::Doc& doc, std::string_view vector, bool v2) {
        crdt::StateVector known;
        if (vector != "-") {
            const std::string encoded = unhex(vector);
            auto decoded = crdt::StateVector::decode(crdt::as_bytes(encoded));
            if (!decoded.ok()) return error(decoded.error());
            known = std::move(*decoded);
        }
        return bytes(v2 ? doc.encode_state_as_update_v2(known) : doc.encode_state_as_update(known));
    }

    static std::string observe(Replica& replica, Tokens& args) {
        replica.observe_documents();
        while (!args.done()) {
            const auto token = args.next();
            const Place root = Place::root(replica.doc, token);
            replica.observe(token, root.type());
        }
        return "ok";
    }

    static std::string state(crdt::Doc& doc, Tokens& args) {
        const auto vector = doc.encode_state_vector();
        if (!vector.ok()) return error(vector.error());
        std::string out = "ok " + hex(crdt::as_text(*vector)) + (doc.has_pending() ? " 1 " : " 0 ");
        for (; !args.done(); out += '|') {
            const Place root = Place::root(doc, args.next());
            if (root.kind == 't') show(out, root.text);
            if (root.kind == 'a') show(out, root.array);
            if (root.kind == 'm') show(out, root.map);
            if (root.kind == 'f') show(out, root.fragment);
            if (root.kind == 'e') show(out, root.element);
            if (root.kind == 'x') show(out, root.xml_text);
        }
        std::vector<std::string> documents;
        for (const crdt::Subdoc& subdoc : doc.subdocs()) show(documents.emplace_back(), subdoc);
        return out + joined(std::move(documents), ',');
    }

    std::unordered_map<std::uint64_t, std::unique_ptr<Replica>> replicas_;
};

}  // namespace
}  // namespace differential

int main() {
    std::ios::sync_with_stdio(false);
    differential::Peer peer;
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << peer.answer(line) << '\n';
        // Answers travel together for as long as commands are at hand.
        if (std::cin.rdbuf()->in_avail() <= 0) std::cout.flush();
    }
}
