// Random trees: replicas converge, and what the tree tells of itself agrees.
#include <array>

#include "property.hpp"
#include "support/document.hpp"
#include "support/edits.hpp"

using crdt::Doc;
using crdt::Value;
using crdt::XmlElement;
using crdt::XmlFragment;
using support::broken;
using support::canonical;
using support::document;
using support::Random;
using support::receive;

namespace {

constexpr std::string_view kNames[] = {"p", "B", "ul", ""};

crdt::Content node(Random& pick, std::uint32_t depth) {
    switch (pick(depth < 3 ? 8 : 4)) {
        case 0:
        case 1: {
            crdt::XmlTextInit text("text \xf0\x9f\x98\x80");
            if (pick(3) == 0) text.attributes.emplace_back("k", crdt::Any(1));
            return text;
        }
        case 2:
            return crdt::XmlHookInit("hook", {{"k", 1}});
        case 3:
            return crdt::DocumentInit("guid");
        case 4: {
            crdt::XmlFragmentInit fragment;
            fragment.children.push_back(node(pick, depth + 1));
            return fragment;
        }
        default:
            break;
    }
    crdt::XmlElementInit element(kNames[pick(std::size(kNames))]);
    for (std::uint32_t n = pick(3); n > 0; --n) element.children.push_back(node(pick, depth + 1));
    if (pick(2) == 0) element.attributes.emplace_back("class", support::any_content(pick, 3));
    return element;
}

// The fragment or an element somewhere within it.
XmlFragment somewhere(const XmlFragment& root, Random& pick) {
    XmlFragment at = root;
    while (!at.empty() && pick(3) != 0) {
        const XmlFragment below = at.get(pick(at.size()))->xml_fragment();
        if (!below.alive()) break;
        at = below;
    }
    return at;
}

void edit_tree(const XmlFragment& root, Random& pick) {
    const XmlFragment at = somewhere(root, pick);
    const std::size_t size = at.size();
    switch (pick(8)) {
        case 0:
            at.push(node(pick, 0));
            return;
        case 1:
        case 2:
            at.insert(pick(size + 1), {node(pick, 0), node(pick, 0)});
            return;
        case 3:
            if (size > 0) at.erase(pick(size), 1);
            return;
        case 4: {
            const XmlFragment child = size > 0 ? at.get(pick(size))->xml_fragment() : XmlFragment();
            if (child.alive()) at.insert_after(child, {node(pick, 1)});
            return;
        }
        case 5:
            at.element().remove_attribute("class");
            return;
        case 6:
            at.element().set_attribute("class", support::any_content(pick));
            return;
        default:
            if (size > 0) {
                const crdt::XmlText text = at.get(pick(size))->xml_text();
                if (text.alive()) support::edit_text(text, pick);
            }
    }
}

struct Replicas {
    std::array<Doc, 3> docs{document(1), document(2), document(3)};

    void step(std::uint32_t seed) {
        Random pick(seed);
        Doc& doc = docs[pick(3)];
        if (pick(4) == 0) {
            send(docs[pick(3)], doc);
        } else {
            edit_tree(doc.xml_fragment("x"), pick);
        }
    }
    static void send(const Doc& from, Doc& to) {
        if (&from != &to) RC_ASSERT(receive(to, support::diff_for(from, to)).ok());
    }
    void settle() {
        for (const Doc& from : docs) {
            for (Doc& to : docs) send(from, to);
        }
        for (const Doc& from : docs) {
            for (Doc& to : docs) send(from, to);
        }
    }
};

// What the walker should meet, found by recursion.
void collect(const XmlFragment& fragment, std::vector<Value>& all) {
    fragment.for_each([&](const Value& value) {
        all.push_back(value);
        if (value.xml_fragment().alive()) collect(value.xml_fragment(), all);
    });
}

}  // namespace

TEST_CASE("[P1] XML: replicas of a random tree converge") {
    holds("converge", [](const Steps& steps) {
        Replicas replicas;
        for (const std::uint32_t seed : steps) replicas.step(seed);
        replicas.settle();
        const Doc& first = replicas.docs[0];
        const Doc read = support::loaded(support::update_of(first));
        for (const Doc& doc : replicas.docs) {
            RC_ASSERT(broken(doc) == "");
            RC_ASSERT(canonical(doc) == canonical(first));
            RC_ASSERT(doc.xml_fragment("x").to_string() == first.xml_fragment("x").to_string());
            RC_ASSERT(doc.subdocs().size() == first.subdocs().size());
        }
        RC_ASSERT(read.xml_fragment("x").to_string() == first.xml_fragment("x").to_string());
        RC_ASSERT(canonical(read) == canonical(first));
    });
}

TEST_CASE("XML: walker, siblings and parents agree with the children") {
    holds("agree", [](const Steps& steps) {
        Replicas replicas;
        for (const std::uint32_t seed : steps) replicas.step(seed);
        const XmlFragment root = replicas.docs[0].xml_fragment("x");
        std::vector<Value> all;
        collect(root, all);
        std::size_t met = 0;
        for (crdt::XmlWalker walker = root.walk(); walker.next(); ++met) {
            RC_ASSERT(met < all.size());
            RC_ASSERT(walker.value().kind() == all[met].kind());
            RC_ASSERT(walker.value().xml_fragment() == all[met].xml_fragment());
        }
        RC_ASSERT(met == all.size());
        all.push_back({});
        std::vector<XmlFragment> parents{root};
        for (const Value& value : all) {
            if (value.xml_fragment().alive()) parents.push_back(value.xml_fragment());
        }
        for (const XmlFragment& parent : parents) {
            for (std::size_t i = 0; i < parent.size(); ++i) {
                const XmlFragment child = parent.get(i)->xml_fragment();
                if (!child.alive()) continue;
                RC_ASSERT(child.parent() == parent);
                RC_ASSERT(child.next_sibling().exists() == (i + 1 < parent.size()));
                RC_ASSERT(child.previous_sibling().exists() == (i > 0));
                if (i > 0) {
                    RC_ASSERT(child.previous_sibling().kind() == parent.get(i - 1)->kind());
                }
            }
        }
    });
}
