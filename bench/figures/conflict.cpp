// Many people insert at one place of one text, none knowing of the others.
#include <algorithm>

#include "../support/random.hpp"
#include "../support/replay.hpp"
#include "figures.hpp"

namespace bench {
namespace {

constexpr std::uint32_t kClients = 10'000;
constexpr std::uint32_t kPlace = 6;
constexpr const char* kBaseText = "hello world";

// One insertion each, by real documents; the ids ascend.
struct Siblings {
    crdt::Bytes base;
    std::vector<crdt::Bytes> updates;
};

Siblings siblings(std::uint32_t clients) {
    Siblings all;
    crdt::Doc origin(crdt::ClientId{1});
    origin.text(kRoot).insert(0, kBaseText);
    all.base = origin.encode_state_as_update().value();
    const crdt::StateVector known = origin.state_vector().value();
    Random random(7);
    std::uint64_t id = 1;
    for (std::uint32_t i = 0; i < clients; ++i) {
        id += random.between(1, 400'000);
        crdt::Doc doc(crdt::ClientId{id});
        doc.apply(all.base);
        doc.text(kRoot).insert(kPlace, std::string(1, static_cast<char>('a' + i % 26)));
        all.updates.push_back(doc.encode_state_as_update(known).value());
    }
    return all;
}

struct Order {
    const char* name;
    std::vector<std::uint32_t> arrivals;
};

std::vector<Order> orders(std::uint32_t clients) {
    std::vector<std::uint32_t> ascending(clients);
    for (std::uint32_t i = 0; i < clients; ++i) ascending[i] = i;
    std::vector<std::uint32_t> descending(ascending.rbegin(), ascending.rend());
    std::vector<std::uint32_t> random = ascending;
    Random(8).shuffle(random);
    return {{"ascending", ascending}, {"descending", descending}, {"random", random}};
}

// Siblings of one origin stand in the order of their ids.
std::string expected_text(std::uint32_t clients) {
    std::string text(kBaseText);
    std::string inserted;
    for (std::uint32_t i = 0; i < clients; ++i) {
        inserted.push_back(static_cast<char>('a' + i % 26));
    }
    return text.insert(kPlace, inserted);
}

}  // namespace

void measure_conflict(Figures& figures) {
    const Siblings few = siblings(kClients);
    const Siblings many = siblings(2 * kClients);
    const std::vector<Order> few_orders = orders(kClients);
    const std::vector<Order> many_orders = orders(2 * kClients);
    const auto receive = [&](const Siblings& all, const Order& order) -> Contestant {
        return [&] {
            crdt::Doc doc(crdt::ClientId{2});
            doc.apply(all.base);
            bool applied = true;
            const Stopwatch watch;
            for (const std::uint32_t i : order.arrivals) applied &= doc.apply(all.updates[i]).ok();
            const double ns = watch.ns();
            const auto clients = static_cast<std::uint32_t>(all.updates.size());
            figures.check(applied && doc.text(kRoot).to_string() == expected_text(clients),
                          std::string("conflict: ") + order.name);
            return ns;
        };
    };
    for (std::size_t i = 0; i < few_orders.size(); ++i) {
        const std::string name = few_orders[i].name;
        if (!figures.wanted("conflict.10k_ms." + name) &&
            !figures.wanted("conflict.doubling_ratio." + name)) {
            continue;
        }
        const std::vector<Timing> timings =
            in_turns({receive(few, few_orders[i]), receive(many, many_orders[i])}, {11, 40, 1.5});
        figures.add("conflict.10k_ms." + name, timings[0].best / 1e6, "ms");
        figures.add("conflict.doubling_ratio." + name, timings[1].best / timings[0].best, "x");
    }
}

}  // namespace bench
