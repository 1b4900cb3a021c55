// Scripts: cases with steps (README, section 2), replayed twice. Once with the bytes that Yjs wrote
// delivered to our documents, once with our own.

#include <algorithm>
#include <map>
#include <memory>

#include "bytes.hpp"
#include "positions.hpp"
#include "protocols.hpp"
#include "rich.hpp"
#include "run_case.hpp"
#include "script.hpp"
#include "snapshot_steps.hpp"
#include "state.hpp"
#include "support/base64.hpp"
#include "undo_steps.hpp"

namespace conformance {
namespace {

constexpr std::size_t kShownDifferences = 4;

class Script : public ScriptActs {
public:
    Script(const Json& test, bool own_bytes)
        : test_(test),
          own_bytes_(own_bytes),
          breaks_pairs_(breaks_pairs_silently(test)),
          halves_(makes_halves(test)),
          compare_bytes_(!test.has("deltaSideEffect") && !test.has("markersMatter") &&
                         !breaks_pairs_ && !halves_) {
        if (breaks_pairs_) deviations_.emplace_back("text.pairs");
        if (halves_) deviations_.emplace_back("text.halves");
        groups_.push_back(std::make_unique<PositionSteps>());
        groups_.push_back(std::make_unique<ProtocolSteps>());
        for (const auto& [name, settings] : test["docs"].object()) {
            const bool collect = !settings.has("gc") || settings.flag("gc");
            auto replica = std::make_unique<Replica>(to_client(settings["client"]), collect,
                                                     test.flag("events"));
            const Json* own_roots = settings.find("roots");
            const Json& roots = own_roots == nullptr ? test["roots"] : *own_roots;
            for (const auto& [root, type] : roots.object()) replica->define(root, type.string());
            replicas_[name] = std::move(replica);
        }
    }

    void run(Outcome& outcome) {
        const auto& steps = test_["steps"].array();
        told_.resize(steps.size());
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const std::string name = steps[i]["do"].string();
            try {
                run_step(steps[i], i);
                if (test_.flag("events")) compare_told_events(steps[i]);
                compare_told_subdocs(steps[i]);
            } catch (const std::exception& error) {
                found_.push_back({"", "the step to run", error.what()});
            }
            for (const Difference& one : found_) {
                outcome.lines.push_back(std::string(own_bytes_ ? "own" : "recorded") +
                                        " bytes, step " + std::to_string(i) + " (" + name + ")" +
                                        one.where + ": expected " + one.expected + ", got " +
                                        one.got);
                // What follows a difference differs, too.
                if (outcome.lines.size() >= kShownDifferences) return;
            }
            found_.clear();
        }
        for (const auto& [name, replica] : replicas_) {
            for (const auto& key : replica->deviations()) outcome.deviations.push_back(key);
        }
        for (const auto& key : deviations_) outcome.deviations.push_back(key);
    }

    // -- for groups of steps
    // -----------------------------------------------------------------------

    Replica& replica(const Json& name) override {
        const auto at = replicas_.find(name.string());
        if (at == replicas_.end()) throw std::runtime_error("no document " + name.string());
        return *at->second;
    }

    void check(const std::string& where, const Json& expected, const Json& got) override {
        if (auto difference = compare(expected, got)) {
            difference->where = " " + where + difference->where;
            found_.push_back(*std::move(difference));
        }
    }
    [[nodiscard]] bool own_bytes() const override { return own_bytes_; }
    [[nodiscard]] std::vector<Blob> updates_of(std::size_t of, crdt::UpdateFormat format) override {
        std::vector<Blob> updates;
        if (own_bytes_) {
            for (const Told& told : told_.at(of)) updates.push_back(told.in(format));
            return updates;
        }
        const char* name = format == crdt::UpdateFormat::v1 ? "v1" : "v2";
        for (const Json& update : test_["steps"][of]["expect"]["updates"].array()) {
            updates.push_back(blob(update[name]));
        }
        return updates;
    }
    void compare_told(Replica& doc, const Blob& before, const Json& expect) override {
        compare_told(doc, before, expect, doc.take_told());
    }
    std::vector<Difference>& found() override { return found_; }

private:
    void run_step(const Json& step, std::size_t number) {
        static const Json kNothing = Json::Object{};
        const std::string& name = step["do"].string();
        const Json* given = step.find("expect");
        const Json& expect = given == nullptr ? kNothing : *given;
        if (name == "tx") {
            transact(step, number, expect);
        } else if (name == "deliver") {
            deliver(step, expect);
        } else if (name == "apply") {
            apply(replica(step["doc"]), format_of(step), {blob(step["update"])}, expect);
        } else if (name == "sync") {
            sync(step, expect);
        } else if (name == "check") {
            compare_state(" .state", expect["state"], replica(step["doc"]), compare_bytes_, alike(),
                          found_);
        } else if (name == "converged") {
            converged(step, expect);
        } else if (name == "define") {
            replica(step["doc"]).define(step["root"].string(), step["type"].string());
        } else if (name == "slice") {
            check("values", expect["values"],
                  replica(step["doc"]).slice(step["path"], step["start"], step["end"]));
        } else if (name == "get") {
            check("value", expect["value"], replica(step["doc"]).get(step["path"], step["at"]));
        } else if (name == "clock") {
            undo_.advance(to_number(step["advance"]));
            for (const auto& group : groups_) {
                if (group->run(*this, step, expect)) return;
            }
        } else if (name.starts_with("um.")) {
            undo(step, number, expect);
        } else if (name.starts_with("snapshot")) {
            Replica* acting = step.has("doc") ? &replica(step["doc"]) : nullptr;
            snapshots_.run(step, test_["roots"], acting, expect, found_, deviations_);
        } else {
            for (const auto& group : groups_) {
                if (group->run(*this, step, expect)) return;
            }
            throw std::runtime_error("unknown step");
        }
    }

    // Yjs destroys the instances of what was removed, each in a transaction of its own that tells
    // again that it was removed; we tell it once.
    Json without_repeats(const Json& events) {
        Json::Array kept;
        Json::Array repeats;  // still to come
        for (const Json& event : events.array()) {
            const auto& removed = event["removed"].array();
            const bool nothing_else =
                event["added"].array().empty() && event["loaded"].array().empty();
            if (nothing_else && removed.size() == 1) {
                const auto repeat = std::find_if(
                    repeats.begin(), repeats.end(),
                    [&](const Json& id) { return id.string() == removed[0].string(); });
                if (repeat != repeats.end()) {
                    repeats.erase(repeat);
                    deviations_.emplace_back("subdocs.removed");
                    continue;
                }
            }
            repeats.insert(repeats.end(), removed.begin(), removed.end());
            kept.push_back(event);
        }
        return kept;
    }

    // Of the document that acts.
    void compare_told_subdocs(const Json& step) {
        const Json* acting = step.find("doc");
        if (acting == nullptr) acting = step.find("to");
        const Json* expect = step.find("expect");
        const Json* expected = expect == nullptr ? nullptr : expect->find("subdocs");
        for (const auto& [name, replica] : replicas_) {
            const bool acts = acting != nullptr && acting->string() == name;
            const Json theirs =
                acts && expected != nullptr ? without_repeats(*expected) : Json::Array{};
            const Json told = replica->take_subdocs();
            if (auto difference = compare(theirs, told)) {
                difference->where = " sub-documents of " + name + difference->where;
                found_.push_back(*std::move(difference));
            }
        }
    }

    // Of the document that acts: of others nothing is told.
    void compare_told_events(const Json& step) {
        static const Json kNoEvents = Json::Array{};
        const Json* acting = step.find("doc");
        if (acting == nullptr) acting = step.find("to");
        const Json* expect = step.find("expect");
        const Json* expected = expect == nullptr ? nullptr : expect->find("events");
        for (const auto& [name, replica] : replicas_) {
            const bool acts = acting != nullptr && acting->string() == name;
            const Json& theirs = acts && expected != nullptr ? *expected : kNoEvents;
            const Json told = replica->take_events();
            if (looked_) continue;
            if (auto difference = compare_events(theirs, told)) {
                difference->where = " events of " + name + " " + difference->where;
                found_.push_back(*std::move(difference));
            }
        }
    }

    // -- transactions
    // -------------------------------------------------------------------------------

    void transact(const Json& step, std::size_t number, const Json& expect) {
        Replica& doc = replica(step["doc"]);
        const Blob before = doc.update_v2();
        bool failed = false;
        {
            const std::string origin = step.text_or("origin", "");
            crdt::Transaction transaction = doc.doc().transact(crdt::Origin(origin));
            for (const Json& op : step["ops"].array()) {
                if (expect.flag("error") && doc.fails_by_accident(op)) {
                    deviations_.emplace_back("text.delete");
                    failed = true;
                    break;
                }
                try {
                    doc.run(op);
                } catch (const OpFailed& error) {
                    failed = true;
                    if (!expect.flag("error")) {
                        found_.push_back({" " + op["op"].string(), "success", error.what()});
                    }
                    break;
                }
            }
            const crdt::Status ended = transaction.commit();
            if (!ended.ok() && !failed) {
                found_.push_back({" commit", "success", ended.error().message()});
            }
        }
        if (expect.flag("error") && !failed) found_.push_back({"", "an error", "none"});
        if (doc.left_pairs() && !breaks_pairs_) {
            // From here on.
            breaks_pairs_ = true;
            compare_bytes_ = false;
            deviations_.emplace_back("text.pairs");
        }
        told_[number] = doc.take_told();
        compare_told(doc, before, expect, told_[number]);
    }

    // What a document told its listeners, against what Yjs emitted. `before`: its state then, in
    // V2.
    void compare_told(const Replica& doc,
                      Blob before,
                      const Json& expect,
                      const std::vector<Told>& told) {
        const Json* updates = expect.find("updates");
        if (updates == nullptr) return;
        const auto& list = updates->array();
        if (list.size() > told.size() && test_.has("deltaSideEffect") && !looked_) {
            looked_ = true;
            deviations_.emplace_back("events.looking");
        }
        if (looked_) return;
        if (list.size() != told.size()) {
            found_.push_back({" updates", std::to_string(list.size()) + " updates",
                              std::to_string(told.size())});
            return;
        }
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (!compare_bytes_) continue;
            for (const auto format : {crdt::UpdateFormat::v1, crdt::UpdateFormat::v2}) {
                const char* name = format == crdt::UpdateFormat::v1 ? "v1" : "v2";
                const Json* bytes = list[i].find(name);
                if (bytes == nullptr) continue;
                compare_updates(" updates[" + std::to_string(i) + "]." + name, before,
                                doc.collects(), format, blob(*bytes), told[i].in(format), found_);
            }
            if (i + 1 < list.size()) before = joined(before, told[i].v2, doc.collects());
        }
    }

    static Blob joined(const Blob& before, const Blob& update, bool collect) {
        Replica reader(crdt::ClientId{0x1fabcdef012346}, collect);
        constexpr auto kV2 = crdt::UpdateFormat::v2;
        if (!reader.apply(kV2, before).ok() || !reader.apply(kV2, update).ok()) {
            throw std::runtime_error("our own updates cannot be read");
        }
        return reader.update_v2();
    }

    void undo(const Json& step, std::size_t number, const Json& expect) {
        Replica& doc = replica(step["doc"]);
        const Blob before = doc.update_v2();
        undo_.run(step, doc, expect, found_);
        told_[number] = doc.take_told();
        compare_told(doc, before, expect, told_[number]);
        if (const Json* state = expect.find("state")) {
            compare_state(" .state", *state, doc, false, alike(), found_);
        }
    }

    // What is made of both states before they are compared, where they differ on purpose.
    [[nodiscard]] Alike alike() const {
        if (looked_) return &with_joined_inserts;
        return breaks_pairs_ || halves_ ? &with_broken_pairs : nullptr;
    }

    // -- updates from elsewhere
    // -----------------------------------------------------------------------

    static crdt::UpdateFormat format_of(const Json& step) {
        return step.text_or("format", "v1") == "v2" ? crdt::UpdateFormat::v2
                                                    : crdt::UpdateFormat::v1;
    }

    void apply(Replica& to,
               crdt::UpdateFormat format,
               const std::vector<Blob>& updates,
               const Json& expect) {
        const Blob before = to.update_v2();
        for (const Blob& update : updates) {
            const crdt::Status status = to.apply(format, update);
            if (status.ok()) continue;
            found_.push_back({" apply", "success", status.error().message()});
        }
        compare_told(to, before, expect, to.take_told());
    }

    void deliver(const Json& step, const Json& expect) {
        const auto of = static_cast<std::size_t>(step["of"].number());
        const crdt::UpdateFormat format = format_of(step);
        apply(replica(step["to"]), format, updates_of(of, format), expect);
    }

    void sync(const Json& step, const Json& expect) {
        Replica& from = replica(step["from"]);
        Replica& to = replica(step["to"]);
        const Blob vector = to.state_vector();
        if (const Json* sv = expect.find("sv"); sv != nullptr && compare_bytes_) {
            check("sv", *sv, support::to_base64(vector));
        }
        const auto known = crdt::StateVector::decode(view(vector));
        if (!known.ok()) throw std::runtime_error("our own state vector cannot be read");
        const crdt::UpdateFormat format = format_of(step);
        Blob update = from.update_in(format, *known);
        const Json* diff = expect.find("diff");
        if (diff != nullptr) {
            if (compare_bytes_) {
                compare_updates(" diff", to.update_v2(), to.collects(), format, blob(*diff), update,
                                found_);
            }
            if (!own_bytes_) update = blob(*diff);
        }
        apply(to, format, {update}, expect);
    }

    void converged(const Json& step, const Json& expect) {
        const auto& names = step["docs"].array();
        Replica& first = replica(names.at(0));
        std::optional<Difference> difference;
        for (const Json& name : names) {
            Replica& other = replica(name);
            if (!difference && breaks_pairs_) {
                difference = compare(with_broken_pairs(first.content()),
                                     with_broken_pairs(other.content()));
            } else if (!difference) {
                difference = compare(first.content(), other.content());
            }
            if (!difference) {
                difference = compare(first.state_vector_pairs(), other.state_vector_pairs());
            }
        }
        if (expect["equal"].boolean() == !difference.has_value()) return;
        if (!difference && breaks_pairs_) return;  // better than Yjs
        if (difference) {
            found_.push_back(
                {" between documents" + difference->where, difference->expected, difference->got});
        } else {
            found_.push_back({"", "different documents", "equal ones"});
        }
    }

    const Json& test_;
    bool own_bytes_;
    bool breaks_pairs_;
    bool halves_;
    bool looked_ = false;  // Yjs has deleted marks by looking at an event
    bool compare_bytes_;
    std::map<std::string, std::unique_ptr<Replica>> replicas_;
    std::vector<std::unique_ptr<StepGroup>> groups_;
    UndoSteps undo_;  // ends before the documents
    SnapshotSteps snapshots_;
    std::vector<std::vector<Told>> told_;  // by step
    std::vector<Difference> found_;        // in the step that runs
    std::vector<std::string> deviations_;
};

}  // namespace

void run_script(const Json& test, Outcome& outcome) {
    for (const bool own_bytes : {false, true}) {
        Script script(test, own_bytes);
        script.run(outcome);
        if (!outcome.lines.empty()) return;
    }
}

}  // namespace conformance
