// A shared text is cleared of what was deleted, while somebody is away and goes on writing.
#include <crdt/crdt.hpp>
#include <crdt/storage.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

void require(bool holds, const char* what) {
    if (holds) return;
    static_cast<void>(std::fprintf(stderr, "epochs: %s\n", what));
    std::exit(1);
}

void show(const char* what, std::size_t bytes) { std::printf("%-28s %7zu bytes\n", what, bytes); }

}  // namespace

int main() {
    // Two weeks of writing: words come in everywhere, and in the end hardly any of them is left.
    crdt::Doc doc(crdt::ClientId{1});
    const crdt::Text text = doc.text("minutes");
    text.insert(0, "Minutes: all agreed").value();
    for (std::uint32_t word = 0; word < 5000; ++word) {
        text.insert(9 + word * 7919 % (text.length() - 18), "and so on ").value();
    }
    text.erase(9, 50'000).value();
    const crdt::Bytes history = doc.encode_state_as_update().value();
    show("history", history.size());

    // Ids stay: whoever has the document notices nothing.
    const crdt::Bytes compacted = crdt::compact(history).value();
    show("compacted", compacted.size());
    show("in a container", crdt::write_container(compacted).value().size());

    // Somebody who was there last week writes on a train.
    crdt::Doc away(crdt::ClientId{2});
    require(away.apply(history).ok(), "the copy");
    away.text("minutes").append(", and approved").value();

    // A new epoch. The seed is random bits; a program draws them from its system.
    const crdt::Renumbered made = crdt::renumber(history, {.seed = 20'241'122}).value();
    show("in a new epoch", made.history.size());
    show("the map to it", made.map.encoded().size());

    // The traveller hands in what is new, throws the old copy away and goes on with the new
    // document.
    const crdt::Bytes pending =
        away.encode_state_as_update(made.map.old_state_vector().value()).value();
    crdt::Doc now(crdt::random_client_id());
    require(now.apply(made.history).ok(), "the new epoch");
    require(now.apply(made.map.translate_update(pending).value()).ok(), "what was pending");
    const std::string minutes = now.text("minutes").to_string();
    std::printf("%s\n", minutes.c_str());
    require(minutes == "Minutes: all agreed, and approved",
            "nothing is lost and nothing is doubled");
    return 0;
}
