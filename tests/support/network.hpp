// Replicas and what lies between them: messages arrive late, in any order, twice or never, and
// replicas go away and come back. What happens follows from the numbers given, so it can be
// repeated and shrunk.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "document.hpp"
#include "edits.hpp"

namespace support {

class Network {
public:
    explicit Network(const std::vector<std::uint64_t>& ids) {
        for (const std::uint64_t id : ids) {
            nodes_.push_back(std::make_unique<Node>(document(id)));
            Node* node = nodes_.back().get();
            node->subscription = node->doc.on_update(
                [this, node](crdt::ByteView update, const crdt::Origin& origin) noexcept {
                    if (!origin.remote()) broadcast(*node, text_of(update));
                });
        }
    }
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] crdt::Doc& operator[](std::size_t i) { return nodes_[i]->doc; }
    // Every update that was made, in the order in which it was.
    [[nodiscard]] const std::vector<std::string>& updates() const { return updates_; }
    // So many of the edits that follow are also made on a model, and compared.
    void check_text(bool on) { check_text_ = on; }

    // One thing that can happen, chosen by `seed`.
    void step(std::uint64_t seed) {
        Random pick(seed);
        Node& node = *nodes_[pick(nodes_.size())];
        switch (pick(16)) {
            case 0:
                node.online = false;
                break;
            case 1:
                come_back(node, pick);
                break;
            case 2:
                lose(node, pick);
                break;
            case 3:
                repeat(node, pick);
                break;
            case 4:
            case 5:
            case 6:
            case 7:
                deliver(node, pick);
                break;
            case 8:
                transaction(node, pick);
                break;
            default:
                change(node, pick);
        }
    }

    // Everybody comes back, and what was lost is asked for. Then all have everything.
    void settle() {
        for (const auto& node : nodes_) {
            node->online = true;
            while (!node->inbox.empty()) take(*node, 0);
        }
        for (std::size_t round = 0; round < 2; ++round) {
            for (std::size_t i = 1; i < nodes_.size(); ++i) sync(*nodes_[0], *nodes_[i]);
        }
    }

    // Empty: all replicas are sound and equal. Otherwise what is wrong.
    [[nodiscard]] std::string difference() {
        const std::string first = canonical(nodes_[0]->doc);
        const std::string vector = vector_of(nodes_[0]->doc);
        const std::string shown = show(nodes_[0]->doc);
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            crdt::Doc& doc = nodes_[i]->doc;
            const std::string name = "replica " + std::to_string(i) + ": ";
            if (const std::string rule = broken(doc); !rule.empty()) return name + rule;
            if (doc.has_pending()) return name + "something still waits";
            if (vector_of(doc) != vector) return name + "another state vector";
            if (canonical(doc) != first) return name + "other canonical bytes";
            if (show(doc) != shown) return name + "shows something else";
        }
        return {};
    }

private:
    struct Node {
        explicit Node(crdt::Doc made) : doc(std::move(made)) {}
        crdt::Doc doc;
        crdt::Subscription subscription;
        std::vector<std::string> inbox;
        bool online = true;
    };

    void broadcast(const Node& from, std::string update) {
        for (const auto& node : nodes_) {
            if (node.get() != &from && from.online && node->online) node->inbox.push_back(update);
        }
        updates_.push_back(std::move(update));
    }
    void change(Node& node, Random& pick) {
        TextModel model;
        const bool checked = check_text_;
        if (checked) model.units = node.doc.text("t").to_u16string();
        edit(node.doc, pick, checked ? &model : nullptr).value();
        if (checked && node.doc.text("t").to_u16string() != model.units) {
            throw std::runtime_error("a local edit shows something else than its model");
        }
    }
    void transaction(Node& node, Random& pick) {
        crdt::Transaction open = node.doc.transact();
        for (std::uint32_t n = pick(5); n > 0; --n) change(node, pick);
        open.commit().value();
    }
    void take(Node& node, std::size_t i) {
        const std::string update = std::move(node.inbox[i]);
        node.inbox.erase(node.inbox.begin() + static_cast<std::ptrdiff_t>(i));
        receive(node.doc, update).value();
    }
    void deliver(Node& node, Random& pick) {
        if (node.online && !node.inbox.empty()) take(node, pick(node.inbox.size()));
    }
    void lose(Node& node, Random& pick) {
        if (node.inbox.empty()) return;
        node.inbox.erase(node.inbox.begin() + pick(node.inbox.size()));
    }
    void repeat(Node& node, Random& pick) {
        if (updates_.empty()) return;
        receive(node.doc, updates_[pick(updates_.size())]).value();
    }
    void come_back(Node& node, Random& pick) {
        node.online = true;
        Node& other = *nodes_[pick(nodes_.size())];
        if (&other != &node && other.online) sync(node, other);
    }
    static void sync(Node& a, Node& b) {
        receive(a.doc, diff_for(b.doc, a.doc)).value();
        receive(b.doc, diff_for(a.doc, b.doc)).value();
    }

    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::string> updates_;
    bool check_text_ = true;
};

}  // namespace support
