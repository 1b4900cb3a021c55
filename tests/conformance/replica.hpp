// A document of a script: acts on it as a Yjs program would act on a Y.Doc, and tells its content.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "event_log.hpp"
#include "values.hpp"

namespace conformance {

// An op that fails as it does in Yjs: the transaction ends, what came before stands.
struct OpFailed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// One change as it was told, in both formats.
struct Told {
    Blob v1;
    Blob v2;

    [[nodiscard]] const Blob& in(crdt::UpdateFormat format) const {
        return format == crdt::UpdateFormat::v1 ? v1 : v2;
    }
};

class Replica {
public:
    // `observed`: its roots are, from their definition on.
    Replica(crdt::ClientId client, bool collect, bool observed = false);
    Replica(const Replica&) = delete;
    Replica& operator=(const Replica&) = delete;

    // First typed access to a root.
    void define(const std::string& root, const std::string& type);

    // One op of section 2; throws OpFailed, or std::runtime_error where the op cannot be made out.
    void run(const Json& op);
    // For ops that fail in Yjs by accident only: would this one, here?
    [[nodiscard]] bool fails_by_accident(const Json& op) const;

    // The shared type that a path leads to.
    [[nodiscard]] crdt::SharedType type_at(const Json& path) const;
    [[nodiscard]] Json slice(const Json& path, const Json& start, const Json& end) const;
    [[nodiscard]] Json get(const Json& path, const Json& at) const;
    // What a path leads to.
    [[nodiscard]] crdt::Text text_at(const Json& path) const;

    // State (README, section 1) without its bytes.
    [[nodiscard]] Json state() const;
    [[nodiscard]] Json content() const;  // roots alone
    [[nodiscard]] Blob update(const crdt::StateVector& known = {}) const;
    [[nodiscard]] Blob update_v2(const crdt::StateVector& known = {}) const;
    [[nodiscard]] Blob update_in(crdt::UpdateFormat format,
                                 const crdt::StateVector& known = {}) const {
        return format == crdt::UpdateFormat::v1 ? update(known) : update_v2(known);
    }
    [[nodiscard]] Blob canonical() const;
    [[nodiscard]] Blob state_vector() const;
    [[nodiscard]] Json state_vector_pairs() const;

    crdt::Status apply(crdt::UpdateFormat format, const Blob& update);
    // Changes that the document has told since the last call.
    [[nodiscard]] std::vector<Told> take_told();

    // What it has told of its sub-documents since the last call.
    [[nodiscard]] Json take_subdocs() { return std::exchange(subdocs_, Json::Array{}); }
    // What its observers have been told since the last call.
    [[nodiscard]] Json take_events() { return events_.take(); }

    [[nodiscard]] crdt::Doc& doc() { return doc_; }
    // A pair was cut by a format that needed no mark there: Yjs has broken it.
    [[nodiscard]] bool left_pairs() const { return leaves_pairs_; }
    [[nodiscard]] bool collects() const { return collect_; }
    // Ops after which the document differs from a Yjs that did the same: see deviations.hpp.
    [[nodiscard]] const std::vector<std::string>& deviations() const { return deviations_; }

private:
    struct Place;  // what a path leads to

    [[nodiscard]] Place find(const Json& path) const;
    void run_text(const crdt::Text& text, const Json& op);
    void run_array(const crdt::Array& array, const Json& op);
    void run_map(const crdt::Map& map, const Json& op);
    void run_xml(const crdt::XmlFragment& fragment, const Json& op);
    void run_attribute(const Place& at, const Json& op);
    template <class List>
    void erase_past_end(const List& list, std::size_t index, std::size_t count);
    [[nodiscard]] static crdt::Value entry_at(const Place& at,
                                              const Json& path,
                                              const std::string& key);
    [[nodiscard]] static crdt::Value element_at(const Place& at,
                                                const Json& path,
                                                std::uint32_t index);

    crdt::Doc doc_;
    bool collect_;
    bool leaves_pairs_ = false;
    std::vector<std::pair<std::string, std::string>> types_;  // by root, in order of definition
    std::vector<Blob> told_v1_;
    std::vector<Blob> told_v2_;
    bool observed_;
    EventLog events_;
    std::vector<std::string> deviations_;
    Json::Array subdocs_;
    crdt::Subscription listening_v1_;
    crdt::Subscription listening_v2_;
    crdt::Subscription watching_;
};

}  // namespace conformance
