// Promise: five replicas that edit as they like and hear of one another late, twice or through
// others are sound at all times and equal in the end, and so is a document loaded from any of them.
#include <array>
#include <vector>

#include "support.hpp"

namespace {

constexpr std::size_t kReplicas = 5;
// Ids of one to eight bytes, in no order.
constexpr std::array<std::uint64_t, kReplicas> kIds = {7, 300, 1, 0xffffffff, 0x1fffffffffffff};

struct World {
    std::vector<crdt::Doc> docs;
    std::vector<std::string> told;
    std::vector<crdt::Subscription> heard;

    World() {
        docs.reserve(kReplicas);
        for (const std::uint64_t id : kIds) docs.push_back(support::document(id, id != 300));
        for (crdt::Doc& doc : docs) {
            heard.push_back(
                doc.on_update([this](crdt::ByteView update, const crdt::Origin& origin) noexcept {
                    if (!origin.remote()) told.push_back(support::text_of(update));
                }));
        }
    }
    void pass(std::size_t from, std::size_t to) {
        const std::string diff = support::diff_for(docs[from], docs[to]);
        fuzz::require(support::receive(docs[to], diff).ok(), "a diff is accepted");
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 2048) return 0;  // long ones find nothing more and take long
    support::Tape tape(data, size);
    World world;
    while (!tape.empty()) {
        const std::uint32_t what = tape(16);
        crdt::Doc& doc = world.docs[tape(kReplicas)];
        if (what < 9) {
            fuzz::require(support::edit(doc, tape).ok(), "an edit within bounds succeeds");
        } else if (what == 9) {
            crdt::Transaction open = doc.transact();
            for (std::uint32_t n = tape(4); n > 0; --n) {
                fuzz::require(support::edit(doc, tape).ok(), "an edit within bounds succeeds");
            }
            fuzz::require(open.commit().ok(), "a transaction of such edits succeeds");
        } else if (what < 14) {
            if (world.told.empty()) continue;
            const std::string& update = world.told[tape(world.told.size())];
            fuzz::require(support::receive(doc, update).ok(), "an honest update is accepted");
        } else {
            const std::size_t from = tape(kReplicas);
            if (&world.docs[from] == &doc) continue;
            world.pass(from, static_cast<std::size_t>(&doc - world.docs.data()));
        }
        fuzz::require_sound(doc);
    }
    for (std::size_t i = 1; i < kReplicas; ++i) world.pass(i, 0);
    for (std::size_t i = 1; i < kReplicas; ++i) world.pass(0, i);
    const std::string bytes = support::canonical(world.docs[0]);
    const std::string shown = support::show(world.docs[0]);
    for (const crdt::Doc& doc : world.docs) {
        fuzz::require_sound(doc);
        fuzz::require(!doc.has_pending(), "nothing waits once all is there");
        fuzz::require(support::canonical(doc) == bytes, "replicas are equal");
        fuzz::require(support::show(doc) == shown, "replicas show the same");
        const crdt::Doc copy = support::loaded(support::update_of(doc));
        fuzz::require_sound(copy);
        fuzz::require(support::canonical(copy) == bytes, "a loaded document is equal");
        fuzz::require(support::show(copy) == shown, "a loaded document shows the same");
    }
    return 0;
}
