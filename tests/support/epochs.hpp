// Replicas of a document whose server starts a new epoch now and then, and beside each its twin in
// a world without epochs that makes the same edits. Replicas meet the server, or one another, or
// are away for as long as chance has it; who comes back from an older epoch brings what it has not
// sent through the maps.
#pragma once

#include <crdt/storage.hpp>
#include <map>
#include <memory>
#include <set>

#include "document.hpp"
#include "edits.hpp"

namespace support {

class EpochWorld {
    using Doc = crdt::Doc;

public:
    explicit EpochWorld(std::size_t replicas, std::uint64_t seed) : draw_(seed) {
        for (std::size_t i = 0; i < replicas; ++i) {
            const std::uint64_t id = fresh_id();
            replicas_.push_back({document(id), document(id), 0, {}, {}, false});
        }
    }

    void step(std::uint64_t seed) {
        Random pick(seed);
        Replica& one = replicas_[pick(replicas_.size())];
        switch (pick(14)) {
            case 0:
            case 1:
                return meet_server(one);
            case 2: {
                Replica& other = replicas_[pick(replicas_.size())];
                if (&other != &one && other.epoch == one.epoch) meet(one, other);
                return;
            }
            case 3:
                if (pick(3) == 0) start_epoch();
                return;
            case 4:
                return set_key(one, pick);
            case 5:
            case 6:
            case 7:
                return erase(one, pick);
            default:
                return insert(one, pick);
        }
    }
    // Everybody comes back. Empty: all is well; otherwise what is wrong.
    [[nodiscard]] std::string settle() {
        for (int round = 0; round < 2; ++round) {
            for (Replica& one : replicas_) meet_server(one);
        }
        const std::string now = canonical(server_);
        for (Replica& one : replicas_) {
            if (const std::string rule = broken(one.now); !rule.empty()) return rule;
            if (one.now.has_pending()) return "something still waits";
            if (canonical(one.now) != now) return "two replicas differ";
        }
        std::u16string here = text(server_);
        std::u16string there = text(twin_);
        same_order_ = here == there;
        for (const Replica& one : replicas_) {
            for (const std::u16string& view : one.views) {
                if (!keeps_order(here, view)) return "somebody saw two units the other way round";
            }
        }
        std::sort(here.begin(), here.end());
        std::sort(there.begin(), there.end());
        if (here != there) return "something was lost, or is there twice";
        return keys();
    }
    [[nodiscard]] std::size_t epochs() const { return maps_.size(); }
    [[nodiscard]] bool same_order() const { return same_order_; }

private:
    struct Replica {
        Doc now;
        Doc twin;
        std::size_t epoch;
        // What it has shown after each insertion, of what it has written itself and of what the
        // server had: the order of what others have not sent is nobody's yet.
        std::vector<std::u16string> views;
        std::u16string own;
        // Since it last met the server it has met another replica, whose edits it may have written
        // behind: of these no order is promised (docs/decisions/012).
        bool met = false;
    };

    static std::u16string text(const Doc& doc) { return doc.text("t").to_u16string(); }
    static void meet(Replica& a, Replica& b) {
        a.met = b.met = true;
        send(a.now, b.now);
        send(b.now, a.now);
        send(a.twin, b.twin);
        send(b.twin, a.twin);
    }
    std::uint64_t fresh_id() { return draw_.next() >> 32U; }

    void start_epoch() {
        crdt::Renumbered made =
            crdt::renumber(
                crdt::as_bytes(update_of(server_)),
                {.from_epoch = maps_.size(), .to_epoch = maps_.size() + 1, .seed = draw_.next()})
                .value();
        // Whoever reads the bytes of the map translates alike.
        maps_.push_back(crdt::EpochMap::decode(made.map.encoded()).value());
        ended_with_.push_back(text(server_));
        server_ = loaded(text_of(made.history), 1);
    }
    void meet_server(Replica& one) {
        if (one.epoch == maps_.size()) {
            send(one.now, server_);
        } else {
            // All of its copy, or what it has not sent.
            std::string update = draw_(2) == 0
                                     ? update_of(one.now)
                                     : text_of(one.now
                                                   .encode_state_as_update(
                                                       maps_[one.epoch].old_state_vector().value())
                                                   .value());
            for (std::size_t epoch = one.epoch; epoch < maps_.size(); ++epoch) {
                update = text_of(maps_[epoch].translate_update(crdt::as_bytes(update)).value());
            }
            receive(server_, update).value();
            one.now = document(fresh_id());
            one.epoch = maps_.size();
        }
        one.met = false;
        send(server_, one.now);
        send(one.twin, twin_);
        send(twin_, one.twin);
    }

    // The same edit by what stands there, since places may differ.
    void insert(Replica& one, Random& pick) {
        const std::u16string shown = text(one.now);
        const std::size_t at = pick(shown.size() + 1);
        std::u16string added;
        for (std::uint32_t n = pick(3) + 1; n > 0; --n) added += next_unit_++;
        if (next_unit_ > u'\ud000') next_unit_ = u'\u0100';
        one.now.text("t").insert(at, added).value();
        std::size_t twin_at = 0;
        if (at > 0) twin_at = text(one.twin).find(shown[at - 1]) + 1;
        one.twin.text("t").insert(twin_at, added).value();
        one.own += added;
        if (one.met) return;
        const std::u16string& sent =
            one.epoch == maps_.size() ? text(server_) : ended_with_[one.epoch];
        std::u16string view;
        for (const char16_t unit : text(one.now)) {
            const bool counts = one.own.find(unit) != std::u16string::npos ||
                                sent.find(unit) != std::u16string::npos;
            if (counts) view += unit;
        }
        one.views.push_back(view);
    }
    static void erase(Replica& one, Random& pick) {
        const std::u16string shown = text(one.now);
        if (shown.empty()) return;
        const std::size_t at = pick(shown.size());
        const std::size_t count = pick(std::min<std::size_t>(shown.size() - at, 4)) + 1;
        one.now.text("t").erase(at, count).value();
        for (std::size_t i = at; i < at + count; ++i) {
            one.twin.text("t").erase(text(one.twin).find(shown[i]), 1).value();
        }
    }
    void set_key(Replica& one, Random& pick) {
        const std::string key(1, static_cast<char>('a' + pick(3)));
        const std::string value = std::to_string(next_value_++);
        for (Doc* doc : {&one.now, &one.twin}) {
            doc->map("m").set(key, crdt::Any(value)).value();
            doc->map("n").set(value, crdt::Any(1)).value();
        }
        values_[key].insert(value);
    }
    [[nodiscard]] static bool keeps_order(const std::u16string& all, const std::u16string& view) {
        std::size_t last = 0;
        for (const char16_t unit : view) {
            const std::size_t at = all.find(unit);
            if (at == std::u16string::npos) continue;
            if (at < last) return false;
            last = at;
        }
        return true;
    }
    // Of one key, something that was set; of a key each, all.
    [[nodiscard]] std::string keys() {
        if (show(server_.map("n")) != show(twin_.map("n"))) return "a key was lost";
        for (const auto& [key, values] : values_) {
            const crdt::Value value = server_.map("m").get(key);
            if (value.kind() != crdt::ValueKind::any) return "a key has no value any more";
            if (values.count(std::string(value.any().as_string())) == 0) return "an odd value";
        }
        return {};
    }

    Random draw_;
    std::vector<Replica> replicas_;
    Doc server_ = document(1);
    Doc twin_ = document(2);
    std::vector<crdt::EpochMap> maps_;
    std::vector<std::u16string> ended_with_;  // the text, of each epoch that is over
    char16_t next_unit_ = u'\u0100';
    std::uint32_t next_value_ = 0;
    std::map<std::string, std::set<std::string>> values_;
    bool same_order_ = false;
};

}  // namespace support
