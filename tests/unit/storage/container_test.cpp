#include <doctest/doctest.h>

#include <crdt/crdt.hpp>
#include <crdt/storage.hpp>
#include <string>
#include <vector>

#include "support/containers.hpp"
#include "unit/support/failing_memory.hpp"

using crdt::Bytes;
using crdt::ByteView;
using crdt::ClientId;
using crdt::Clock;
using crdt::Container;
using crdt::ContainerNote;
using crdt::ContainerSource;
using crdt::Doc;
using crdt::ErrorCode;
using crdt::StateVector;
using crdt::UpdateFormat;
using crdt::ViewSource;
using support::container_of;
using support::document;
using support::FarSource;
using support::update_of;

namespace {

Doc small_document() {
    Doc doc = document(7);
    doc.text("title").append("A title");
    doc.text("body").append("First paragraph. \xf0\x9f\x98\x80\n");
    doc.text("body").append("Second paragraph.\n");
    doc.text("body").erase(2, 4);
    doc.map("meta").set("author", "somebody");
    doc.map("meta").set("author", "somebody else");
    doc.array("list").push({crdt::Any(1), crdt::Any("two"), crdt::TextInit("nested")});
    return doc;
}

// More than a page of text by several writers.
Doc large_document() {
    Doc doc = document(1);
    const std::string line = "All work and no play makes Jack a dull boy.\n";
    for (int i = 0; i < 4000; ++i) doc.text("t").append(line);
    Doc other = document(2);
    support::receive(other, update_of(doc));
    for (std::uint32_t i = 0; i < 9000; ++i) other.text("t").insert(i * 11, "x");
    for (std::uint32_t i = 0; i < 500; ++i) other.text("t").erase(i * 100, 3);
    support::receive(doc, update_of(other));
    return doc;
}

Container opened(const crdt::ByteSource& source) { return Container::open(source).value(); }

}  // namespace

TEST_CASE("an empty document has a container") {
    const std::string bytes = container_of(update_of(document(1)));
    const ViewSource source(crdt::as_bytes(bytes));
    const Container container = opened(source);
    CHECK(container.verify().ok());
    CHECK(container.clients() == 0);
    CHECK(container.units() == 0);
    CHECK(container.state_vector()->empty());
    CHECK(support::unpacked(container) == std::string(2, '\0'));
    CHECK(support::text_in(container, "t").empty());
    CHECK(support::difference(container, std::string(2, '\0'), UpdateFormat::v1) == "");
}

TEST_CASE("the text of each root is there, in whole and in part") {
    const Doc doc = small_document();
    const std::string bytes = container_of(update_of(doc));
    const ViewSource source(crdt::as_bytes(bytes));
    const Container container = opened(source);
    for (const char* root : {"title", "body", "meta", "list", "nobody"}) {
        const std::string expected = root == std::string_view("title") ? "A title"
                                     : root == std::string_view("body")
                                         ? doc.text("body").to_string()
                                         : "";
        CHECK(support::text_in(container, root) == expected);
        CHECK(container.text_size(root).value() == expected.size());
    }
    crdt::detail::PageScratch scratch;
    CHECK(crdt::as_text(*container.text("title", 2, 3, scratch)) == "tit");
    CHECK(crdt::as_text(*container.text("title", 2, 300, scratch)) == "title");
    CHECK(container.text("title", 300, 3, scratch)->empty());
    CHECK(scratch.stored.empty());  // it was read in place
    CHECK(support::difference(container, update_of(doc), UpdateFormat::v1) == "");
}

TEST_CASE("a paragraph touches its page and not the others") {
    const Doc doc = large_document();
    const FarSource source(container_of(update_of(doc)));
    const Container container = opened(source);
    crdt::detail::PageScratch scratch;
    const std::uint64_t before = source.bytes_read();
    CHECK(container.text("t", 100'000, 50, scratch)->size() == 50);
    // One page of text and the roots.
    CHECK(source.bytes_read() - before <= crdt::detail::kPageSize + 64);
}

TEST_CASE("chunks and pages do not show") {
    const Doc doc = large_document();
    const std::string update = update_of(doc);
    const std::string bytes = container_of(update);
    const ViewSource source(crdt::as_bytes(bytes));
    const Container container = opened(source);
    CHECK(container.pages() > 5);
    CHECK(container.verify().ok());
    CHECK(support::difference(container, update, UpdateFormat::v1) == "");
    const std::uint32_t ends[] = {raw(doc.state_vector()->get(ClientId{1})),
                                  raw(doc.state_vector()->get(ClientId{2}))};
    for (const std::uint32_t back : {0U, 1U, 100U, 3000U, 8999U}) {
        StateVector known;
        REQUIRE(known.set(ClientId{1}, Clock{ends[0] - back}));
        REQUIRE(known.set(ClientId{2}, Clock{ends[1] - back}));
        CHECK(support::diff_of(container, known) ==
              support::text_of(doc.encode_state_as_update(known).value()));
    }
}

TEST_CASE("notes lie beside the document") {
    const std::string update = update_of(small_document());
    const ContainerNote notes[] = {{"epoch", crdt::as_bytes("12")}, {"seq", {}}};
    const std::string bytes = container_of(update, UpdateFormat::v1, {.notes = notes});
    const ViewSource source(crdt::as_bytes(bytes));
    const Container container = opened(source);
    CHECK(crdt::as_text(container.note("epoch")) == "12");
    CHECK(container.note("seq").empty());
    CHECK(container.note("nothing").empty());
    const ContainerNote bad[] = {{"\xff", {}}};
    CHECK(crdt::write_container(crdt::as_bytes(update), UpdateFormat::v1, {.notes = bad})
              .error()
              .code == ErrorCode::invalid_utf8);
}

TEST_CASE("pages are compressed where that is asked for") {
    const Doc doc = large_document();
    const std::string update = update_of(doc);
    const crdt::ZstdPages zstd;
    const std::string bytes = container_of(update, UpdateFormat::v1, {.compression = &zstd});
    CHECK(bytes.size() < container_of(update).size() / 3);
    const ViewSource source(crdt::as_bytes(bytes));
    const Container container = Container::open(source, &zstd).value();
    CHECK(support::difference(container, update, UpdateFormat::v1) == "");
    // Without it what is needed to read is missing, and that is said.
    const Container packed = opened(source);
    Bytes out;
    CHECK(packed.text_of("t", out).error().code == ErrorCode::newer_format);
    CHECK(packed.unpack(out).error().code == ErrorCode::newer_format);
    CHECK(out.empty());
}

TEST_CASE("what is no container, or of a newer version, is refused") {
    const std::string bytes = container_of(update_of(small_document()));
    CHECK(Container::open(ViewSource(crdt::as_bytes("not a container, but long enough for one")))
              .error()
              .code == ErrorCode::not_ours);
    CHECK(Container::open(ViewSource({})).error().code == ErrorCode::not_ours);
    std::string newer = bytes;
    const std::size_t format = newer.find("format") + 6;
    newer[format] = 3;
    support::reseal(newer);
    CHECK(Container::open(ViewSource(crdt::as_bytes(newer))).error().code ==
          ErrorCode::newer_format);
}

TEST_CASE("each byte that is flipped is found, and each cut") {
    const std::string update = update_of(small_document());
    const std::string bytes = container_of(update);
    const auto silent = [&](const std::string& damaged) {
        const ViewSource source(crdt::as_bytes(damaged));
        const auto container = Container::open(source);
        if (!container.ok()) return false;
        // Whatever can still be read is what was written.
        Bytes text;
        if (container->text_of("body", text).ok() &&
            crdt::as_text(text) != small_document().text("body").to_string()) {
            return true;
        }
        Bytes whole;
        if (container->unpack(whole).ok() && crdt::as_text(whole) != update) return true;
        return container->verify().ok();
    };
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const unsigned bit : {1U, 16U, 128U}) {
            std::string damaged = bytes;
            damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ bit);
            CHECK(!silent(damaged));
        }
        CHECK(!silent(bytes.substr(0, at)));
    }
    CHECK(!silent(bytes + '\0'));
    CHECK(!silent(bytes + bytes));
}

TEST_CASE("a damaged page is told where it is, and others can be read") {
    const Doc doc = large_document();
    std::string bytes = container_of(update_of(doc));
    const ViewSource sound(crdt::as_bytes(bytes));
    const std::uint32_t pages = opened(sound).pages();
    const std::size_t at = bytes.size() - 10;  // in what is deleted
    bytes[at] = static_cast<char>(bytes[at] + 1);
    const ViewSource source(crdt::as_bytes(bytes));
    const Container container = opened(source);
    CHECK(support::text_in(container, "t") == doc.text("t").to_string());
    CHECK(container.state_vector().value() == doc.state_vector().value());
    Bytes out;
    const crdt::Error error = container.unpack(out).error();
    CHECK(error.code == ErrorCode::damaged);
    CHECK(error.offset <= at);
    CHECK(error.offset + crdt::detail::kPageSize > at);
    CHECK(container.verify().error() == error);
    std::uint32_t broken = 0;
    for (std::uint32_t i = 0; i < pages; ++i) broken += container.verify_page(i).ok() ? 0 : 1;
    CHECK(broken == 1);
    CHECK(container.verify_page(pages).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a source that fails is not taken for damage") {
    const std::string bytes = container_of(update_of(small_document()));
    struct Failing final : crdt::ByteSource {
        std::string bytes;
        mutable bool fails = false;
        [[nodiscard]] std::uint64_t size() const noexcept override { return bytes.size(); }
        crdt::Status read(std::uint64_t at, std::span<std::uint8_t> to) const noexcept override {
            if (fails) return crdt::Error{ErrorCode::io_failed, 5};
            return ViewSource(crdt::as_bytes(bytes)).read(at, to);
        }
    };
    Failing source;
    source.bytes = bytes;
    const Container container = opened(source);
    source.fails = true;
    Bytes out;
    CHECK(container.text_of("body", out).error().code == ErrorCode::io_failed);
    CHECK(container.unpack(out).error().code == ErrorCode::io_failed);
    CHECK(Container::open(source).error().code == ErrorCode::io_failed);
    source.fails = false;
    CHECK(container.unpack(out).ok());
}

TEST_CASE("a document opens from a container at its first edit") {
    const Doc doc = small_document();
    const std::string bytes = container_of(update_of(doc));
    auto held = std::make_unique<ViewSource>(crdt::as_bytes(bytes));
    Doc lazy(crdt::DocOptions{.client = ClientId{9}},
             ContainerSource::open(std::move(held)).value());
    CHECK(lazy.text("body").to_string() == doc.text("body").to_string());
    CHECK(update_of(lazy) == update_of(doc));
    CHECK(lazy.store()->source != nullptr);
    CHECK(lazy.text("body").insert(0, "x").ok());
    CHECK(lazy.store()->source == nullptr);
    CHECK(lazy.text("body").to_string() == "x" + doc.text("body").to_string());
    CHECK(ContainerSource::open(nullptr).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("memory that is exhausted is an error and nothing else") {
    const std::string update = update_of(small_document());
    const std::string bytes = container_of(update);
    const FarSource source(bytes);
    for (std::size_t n = 0;; ++n) {
        std::string written;
        std::string read;
        {
            const test::FailingMemory memory(n);
            auto made = crdt::write_container(crdt::as_bytes(update));
            if (made.ok()) {
                written = crdt::as_text(*made);
            } else {
                CHECK(made.error().code == ErrorCode::out_of_memory);
            }
        }
        {
            const test::FailingMemory memory(n);
            const auto container = Container::open(source);
            Bytes out;
            crdt::Status status = container.status();
            if (status.ok()) status = container->unpack(out);
            if (status.ok()) {
                read = crdt::as_text(out);
            } else {
                CHECK(status.error().code == ErrorCode::out_of_memory);
                CHECK(out.empty());
            }
        }
        if (!written.empty()) CHECK(written == bytes);
        if (!read.empty()) CHECK(read == update);
        if (!written.empty() && !read.empty()) break;
        REQUIRE(n < 10'000);
    }
}
