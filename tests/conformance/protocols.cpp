#include "protocols.hpp"

#include <algorithm>
#include <crdt/codec/any_to_json.hpp>

#include "bytes.hpp"
#include "support/base64.hpp"
#include "support/unicode.hpp"
#include "take.hpp"

namespace conformance {
namespace {

void require(const crdt::Status& status) {
    if (!status.ok()) throw std::runtime_error(status.error().message());
}

std::string json_text(const Json& value) {
    crdt::Bytes text;
    bool exact = true;
    if (!crdt::detail::any_to_json(to_any(value), text, exact)) {
        throw std::runtime_error("out of memory");
    }
    return blob(text);
}

Json from_clients(std::span<const crdt::ClientId> clients) {
    Json::Array list;
    for (const crdt::ClientId client : clients) {
        list.emplace_back(static_cast<double>(crdt::raw(client)));
    }
    return list;
}

std::vector<crdt::ClientId> to_clients(const Json& list) {
    std::vector<crdt::ClientId> clients;
    for (const Json& client : list.array()) clients.push_back(to_client(client));
    return clients;
}

Json sorted(Json::Array pairs) {
    std::sort(pairs.begin(), pairs.end(),
              [](const Json& a, const Json& b) { return a[0].number() < b[0].number(); });
    return pairs;
}

}  // namespace

struct ProtocolSteps::Present {
    Present(crdt::ClientId client, crdt::Awareness::Time now)
        : awareness(client, now),
          on_change(awareness.on_change(
              [this](const crdt::AwarenessEvent& event, const crdt::Origin& origin) noexcept {
                  note("change", event, origin);
              })),
          on_update(awareness.on_update(
              [this](const crdt::AwarenessEvent& event, const crdt::Origin& origin) noexcept {
                  note("update", event, origin);
              })) {}

    void note(const char* name, const crdt::AwarenessEvent& event, const crdt::Origin& origin) {
        log.push_back(Json::Object{{"event", name},
                                   {"added", from_clients(event.added)},
                                   {"updated", from_clients(event.updated)},
                                   {"removed", from_clients(event.removed)},
                                   {"origin", std::string(origin.name())}});
    }
    // What it shows, and what it has told since the last time.
    Json show() {
        Json::Array states;
        awareness.for_each_state([&](crdt::ClientId client, std::string_view json) {
            states.push_back(
                Json::Array{static_cast<double>(crdt::raw(client)), from_json_text(json)});
        });
        Json::Array clocks;
        awareness.for_each_clock([&](crdt::ClientId client, std::uint64_t clock) {
            clocks.push_back(
                Json::Array{static_cast<double>(crdt::raw(client)), static_cast<double>(clock)});
        });
        return Json::Object{{"log", std::exchange(log, {})},
                            {"states", sorted(std::move(states))},
                            {"clocks", sorted(std::move(clocks))}};
    }

    Json::Array log;
    crdt::Awareness awareness;
    crdt::Subscription on_change;
    crdt::Subscription on_update;
};

ProtocolSteps::ProtocolSteps() = default;
ProtocolSteps::~ProtocolSteps() = default;

bool ProtocolSteps::run(ScriptActs& script, const Json& step, const Json& expect) {
    const std::string& name = step["do"].string();
    if (name == "msg.read") {
        read_message(script, step, expect);
    } else if (name.starts_with("msg.")) {
        write_message(script, step, expect);
    } else if (name.starts_with("aw.")) {
        act(script, step, expect);
    } else if (name == "clock") {
        pass_time(script, step, expect);
    } else {
        return false;
    }
    return true;
}

void ProtocolSteps::keep(ScriptActs& script,
                         const Json& step,
                         const Json* recorded,
                         const Blob& own) {
    const std::string id = step.text_or("id", "");
    if (id.empty()) return;
    messages_[id] = recorded == nullptr || script.own_bytes() ? own : blob(*recorded);
}

Blob ProtocolSteps::message_of(const Json& step, const char* id, const char* bytes) const {
    if (const Json* given = step.find(bytes)) return blob(*given);
    const auto at = messages_.find(step[id].string());
    if (at == messages_.end()) throw std::runtime_error("no message " + step[id].string());
    return at->second;
}

// -- sync
// -------------------------------------------------------------------------------------------

void ProtocolSteps::write_message(ScriptActs& script, const Json& step, const Json& expect) {
    crdt::Bytes message;
    const bool step1 = step["do"].string() == "msg.step1";
    if (step1) {
        require(crdt::write_sync_step1(script.replica(step["doc"]).doc(), message));
    } else {
        const auto updates = script.updates_of(static_cast<std::size_t>(step["of"].number()),
                                               crdt::UpdateFormat::v1);
        require(crdt::write_sync_update(view(updates.at(0)), message));
    }
    // Our own update within it may be shorter than that of Yjs.
    if (step1 || !script.own_bytes()) {
        script.check("bytes", expect["bytes"], support::to_base64(blob(message)));
    }
    keep(script, step, expect.find("bytes"), blob(message));
}

void ProtocolSteps::read_message(ScriptActs& script, const Json& step, const Json& expect) {
    Replica& doc = script.replica(step["doc"]);
    const Blob before = doc.update_v2();
    const Blob message = message_of(step, "msg", "message");
    crdt::Bytes reply;
    const auto received = crdt::receive_sync_message(doc.doc(), view(message), reply, "remote");
    if (!received.ok()) {
        if (!expect.flag("error")) {
            script.found().push_back({" message", "success", received.error().message()});
        }
        // Yjs has begun to write its answer when it throws; we have not.
        if (!reply.empty()) script.found().push_back({" reply", "nothing", "bytes"});
        if (doc.update_v2() != before) script.found().push_back({"", "no change", "another state"});
        return;
    }
    if (expect.flag("error")) script.found().push_back({"", "an error", "none"});
    script.check("type", expect["type"], static_cast<double>(received->kind));
    script.check("applyFailed", expect.flag("applyFailed"), !received->applied.ok());
    const Json* recorded = expect.find("reply");
    if ((recorded != nullptr) == reply.empty()) {
        script.found().push_back({" reply", recorded != nullptr ? "one" : "none", "the opposite"});
    }
    if (recorded != nullptr && !reply.empty()) {
        const Blob wanted = blob(*recorded);
        const auto expected = take(crdt::decode_sync_message(view(wanted)));
        const auto got = take(crdt::decode_sync_message(reply));
        script.check("reply type", static_cast<double>(expected.kind),
                     static_cast<double>(got.kind));
        compare_updates(" reply", "", doc.collects(), crdt::UpdateFormat::v1,
                        blob(expected.content), blob(got.content), script.found());
        keep(script, step, recorded, blob(reply));
    }
    script.compare_told(doc, before, expect);
}

// -- awareness
// --------------------------------------------------------------------------------------

void ProtocolSteps::act(ScriptActs& script, const Json& step, const Json& expect) {
    const std::string& name = step["do"].string();
    auto& slot = present_[step["aw"].string()];
    if (name == "aw.new") {
        slot = std::make_unique<Present>(script.replica(step["doc"]).doc().client(), now_);
    }
    if (slot == nullptr) throw std::runtime_error("no awareness " + step["aw"].string());
    crdt::Awareness& awareness = slot->awareness;
    if (name == "aw.set") {
        require(awareness.set_local_state(json_text(step["state"]), now_));
    } else if (name == "aw.setField") {
        require(awareness.set_local_field(support::to_utf8(step["field"].string()),
                                          json_text(step["value"]), now_));
    } else if (name == "aw.remove") {
        require(awareness.remove(to_clients(step["clients"]), now_,
                                 crdt::Origin(step.text_or("origin", "remove"))));
    } else if (name == "aw.encode") {
        const Blob update = blob(take(awareness.encode(to_clients(step["clients"]))));
        script.check("bytes", expect["bytes"], support::to_base64(update));
        keep(script, step, expect.find("bytes"), update);
    } else if (name == "aw.apply") {
        const Blob update = message_of(step, "id", "update");
        require(
            awareness.apply(view(update), now_, crdt::Origin(step.text_or("origin", "remote"))));
    } else if (name != "aw.new") {
        throw std::runtime_error("unknown step");
    }
    const Json shown = slot->show();
    for (const char* part : {"log", "states", "clocks"})
        script.check(part, expect[part], shown[part]);
}

void ProtocolSteps::pass_time(ScriptActs& script, const Json& step, const Json& expect) {
    now_ += crdt::Awareness::Time(static_cast<std::int64_t>(step["advance"].number()));
    for (const auto& [name, present] : present_) {
        if (step.flag("tick")) require(present->awareness.tick(now_));
        if (const Json* expected = expect.find(name))
            script.check(name, *expected, present->show());
    }
}

// -- calls
// ------------------------------------------------------------------------------------------

Json auth_denied(const Json& args) {
    crdt::Bytes message;
    require(crdt::write_permission_denied(support::to_utf8(args["reason"].string()), message));
    return support::to_base64(blob(message));
}

Json read_auth(const Json& args) {
    const Blob message = blob(args["message"]);
    const auto reason = take(crdt::read_auth_message(view(message)));
    return Json::Object{{"denied", reason ? Json(std::string(*reason)) : Json()}};
}

}  // namespace conformance
