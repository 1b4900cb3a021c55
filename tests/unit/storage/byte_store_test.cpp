#include <doctest/doctest.h>

#include <array>
#include <crdt/storage/byte_store.hpp>
#include <limits>
#include <string>

using crdt::as_bytes;
using crdt::as_text;
using crdt::Bytes;
using crdt::ByteView;
using crdt::ErrorCode;
using crdt::MemoryStore;
using crdt::PartSource;
using crdt::ViewSource;

namespace {

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

// A source whose bytes are nowhere in memory, as those of a file.
class Elsewhere final : public crdt::ByteSource {
public:
    explicit Elsewhere(std::string bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
    crdt::Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override {
        return ViewSource(as_bytes(bytes_)).read(offset, into);
    }

private:
    std::string bytes_;
};

std::string all_of(const crdt::ByteSource& source) {
    Bytes scratch;
    return std::string(as_text(source.range(0, source.size(), scratch).value()));
}

}  // namespace

TEST_CASE("what is appended can be read, in place and as a copy") {
    MemoryStore store;
    REQUIRE(store.append({as_bytes("rope"), {}, as_bytes("walk")}).ok());
    CHECK(store.size() == 8);
    CHECK(as_text(store.view(2, 4)) == "pewa");
    std::array<std::uint8_t, 4> four{};
    REQUIRE(store.read(4, four).ok());
    CHECK(as_text(four) == "walk");
}

TEST_CASE("a range beyond the end is an error that tells the end, and asks for no memory") {
    const Elsewhere source("rope");
    const MemoryStore store;
    std::array<std::uint8_t, 2> two{};
    CHECK(source.read(3, two).error() == crdt::Error{ErrorCode::unexpected_end, 4});
    CHECK(store.read(1, two).error() == crdt::Error{ErrorCode::unexpected_end, 0});
    CHECK(store.view(0, 1).empty());
    Bytes scratch;
    CHECK(source.range(kHuge, 2, scratch).error().code == ErrorCode::unexpected_end);
    CHECK(source.range(1, kHuge, scratch).error() == crdt::Error{ErrorCode::unexpected_end, 4});
    CHECK(scratch.empty());
    CHECK(source.range(4, 0, scratch).value().empty());
}

TEST_CASE("a range is copied only where it is not in memory") {
    const MemoryStore store = [] {
        Bytes bytes;
        REQUIRE(bytes.append("rope"));
        return MemoryStore(std::move(bytes));
    }();
    Bytes scratch;
    CHECK(store.range(1, 2, scratch).value().data() == store.bytes().data() + 1);
    CHECK(scratch.empty());
    const Elsewhere far("rope");
    CHECK(as_text(far.range(1, 2, scratch).value()) == "op");
    CHECK(scratch.size() == 2);
}

TEST_CASE("overwrite stays within what is there; cut makes it shorter; swap replaces all") {
    MemoryStore store;
    REQUIRE(store.append({as_bytes("rope")}).ok());
    CHECK(store.overwrite(2, as_bytes("ad")).ok());
    CHECK(all_of(store) == "road");
    CHECK(store.overwrite(3, as_bytes("st")).error().code == ErrorCode::index_out_of_range);
    CHECK(store.cut(5).error().code == ErrorCode::index_out_of_range);
    CHECK(store.cut(2).ok());
    CHECK(all_of(store) == "ro");
    CHECK(store.swap({as_bytes("walk"), as_bytes("way")}).ok());
    CHECK(all_of(store) == "walkway");
    CHECK(store.sync().ok());
}

TEST_CASE("a part of a source is a source that ends where the part does") {
    const Elsewhere whole("a rope walk");
    const PartSource part(whole, 2, 4);
    CHECK(part.size() == 4);
    CHECK(all_of(part) == "rope");
    std::array<std::uint8_t, 2> two{};
    CHECK(part.read(3, two).error() == crdt::Error{ErrorCode::unexpected_end, 4});
    const ViewSource in_memory(as_bytes("a rope walk"));
    CHECK(as_text(PartSource(in_memory, 2, 4).view(1, 3)) == "ope");
    CHECK(PartSource(in_memory, 2, 4).view(1, 4).empty());
}
