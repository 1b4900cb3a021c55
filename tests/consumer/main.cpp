// A user's program in two files that both include everything: the headers may be repeated in one
// program without being defined twice. Needs no exceptions and no RTTI.
#include <crdt/crdt.hpp>

#include <cstdio>

bool letter_is(const crdt::Doc& doc, std::string_view expected);  // other.cpp

int main() {
    crdt::Doc alice{crdt::ClientId{1}};
    crdt::Doc bob{crdt::ClientId{2}};
    alice.text("letter").insert(0, "Dear Sir");
    alice.map("settings").set("parties", crdt::ArrayInit{"Acme", "Bolt"});

    const crdt::Result<crdt::Bytes> update = alice.encode_state_as_update();
    if (!update || !bob.apply(*update)) {
        std::fputs("the update could not be exchanged\n", stderr);
        return 1;
    }
    bob.text("letter").append(" or Madam");
    if (!letter_is(alice, "Dear Sir") || !letter_is(bob, "Dear Sir or Madam")) return 1;
    return bob.map("settings").get("parties").array().size() == 2 ? 0 : 1;
}
