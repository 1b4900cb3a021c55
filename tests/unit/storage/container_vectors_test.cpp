// The test vectors of docs/formats/container.md are what is written, and are read as it says.
#include <doctest/doctest.h>

#include <crdt/crdt.hpp>
#include <crdt/storage.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "support/containers.hpp"

namespace {

std::string hex_of(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
        out += i % 32 == 31 || i + 1 == bytes.size() ? "\n" : " ";
    }
    return out;
}

std::string page() {
    std::ifstream file(ROPEWALK_TEST_DATA "/../docs/formats/container.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

void check_vector(const crdt::Doc& doc, const char* name, const char* remark = "") {
    const std::string update = support::update_of(doc);
    const std::string bytes = support::container_of(update);
    const std::string expected =
        std::string("**") + name + "**" + remark + "\n\n```\n" + hex_of(bytes) + "```\n";
    INFO(expected);
    CHECK(page().find(expected) != std::string::npos);
    const crdt::ViewSource source(crdt::as_bytes(bytes));
    CHECK(support::difference(crdt::Container::open(source).value(), update,
                              crdt::UpdateFormat::v1) == "");
}

// As format 1 wrote the document of "two clients".
constexpr std::string_view kFormat1 =
    "895257430d0a1a0a390000007800000040929e3cf6762cccb2b3d20541720fe2"
    "84a6666f726d617401a5666c61677301a5756e69747304a873656374696f6e73"
    "969301002f93020028930300039304001093050021930600012f0000002c06b2"
    "792fed19d10da5470f9df5a89e280000007c4b627e34bd447db9167e593cc594"
    "e40300000006b05ab6733a618578af5f94892f395010000000e5189a9599e3f8"
    "6205ea23ef06e28b2d2100000083b064efda3b0e0564722bdc6ec91a8c010000"
    "002ff39367394f506c73b2284b32bf8672030000000200000000000000000000"
    "0003000000010000000300000000000000010000000200000003000000746d6b"
    "0200000000000000020000000200000000000000010000000000000002000000"
    "0100000000000000616263000000000000000000000000000000000503010103"
    "030603c4001800040101020101080100020201020202030202027d0104";

std::string bytes_of(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
        out += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
    }
    return out;
}

crdt::Doc two_clients() {
    crdt::Doc first = support::document(1);
    first.text("t").append("ac");
    crdt::Doc second = support::document(2);
    support::receive(second, support::update_of(first));
    second.text("t").insert(1, "b");
    second.map("m").set("k", 1);
    return second;
}

}  // namespace

TEST_CASE("vector: nothing") { check_vector(support::document(1), "An empty document."); }

TEST_CASE("vector: text") {
    crdt::Doc doc = support::document(1);
    doc.text("t").append("Hello world");
    doc.text("t").erase(5, 6);
    doc.text("t").insert(0, "> ");
    check_vector(
        doc,
        "Client 1 appends \"Hello world\" to text `t`, erases 6 units at 5, inserts \"> \" at "
        "0.");
}

TEST_CASE("vector: packed columns") {
    const crdt::Doc doc = support::document(1);
    for (char letter = 'a'; letter <= 'x'; ++letter) doc.text("t").insert(0, {&letter, 1});
    check_vector(doc, "Client 1 inserts \"a\" to \"x\" at 0, one after the other.",
                 " Packed: lengths and rights.");
}

TEST_CASE("vector: two clients") {
    check_vector(
        two_clients(),
        "Client 1 appends \"ac\" to text `t`; client 2 inserts \"b\" at 1 and sets `k` of map "
        "`m` to 1.");
}

TEST_CASE("a container of format 1 is read as it was meant") {
    const std::string bytes = bytes_of(kFormat1);
    const crdt::ViewSource source(crdt::as_bytes(bytes));
    CHECK(support::difference(crdt::Container::open(source).value(),
                              support::update_of(two_clients()), crdt::UpdateFormat::v1) == "");
}
