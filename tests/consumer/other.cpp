#include <crdt/crdt.hpp>

#include <cstdio>

bool letter_is(const crdt::Doc& doc, std::string_view expected) {
    crdt::Bytes text;
    if (!doc.text("letter").append_to(text)) return false;
    if (crdt::as_text(text) == expected) return true;
    std::fprintf(stderr, "the letter is \"%.*s\"\n", static_cast<int>(text.size()),
                 crdt::as_text(text).data());
    return false;
}
