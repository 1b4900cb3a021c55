#include <doctest/doctest.h>

#include <crdt/base/bytes.hpp>
#include <crdt/base/result.hpp>
#include <cstring>
#include <set>
#include <string>

using crdt::Error;
using crdt::ErrorCode;
using crdt::Result;
using crdt::Status;

namespace {

constexpr int kLastCode = static_cast<int>(ErrorCode::unknown_epoch);

Result<int> half(int value) {
    if (value % 2 != 0) return Error{ErrorCode::invalid_argument, 7};
    return value / 2;
}
Result<int> quarter(int value) {
    ROPEWALK_TRY(const int once, half(value));
    return half(once);
}
Status check(Status status) {
    ROPEWALK_CHECK(status);
    return {};
}

}  // namespace

TEST_CASE("every error code has its own sentence with advice in it") {
    std::set<std::string> sentences;
    for (int i = 1; i <= kLastCode; ++i) {
        const char* text = crdt::describe(static_cast<ErrorCode>(i));
        CHECK(std::strchr(text, ';') != nullptr);
        CHECK(sentences.insert(text).second);
    }
    CHECK(std::string(crdt::describe(ErrorCode::ok)) == "no error");
    CHECK(std::string(crdt::describe(static_cast<ErrorCode>(200))) == "unknown error code");
}

TEST_CASE("a message says what, where and what to do") {
    CHECK(Error{ErrorCode::unexpected_end, 417}.message() ==
          "input ends inside a value at byte 417; was the frame cut?");
    CHECK(Error{ErrorCode::index_out_of_range, 3}.message() ==
          "index is past the end at index 3; compare it with the length first");
    CHECK(Error{ErrorCode::out_of_memory, 0}.message() ==
          "memory is exhausted; nothing was changed, free some and try again");
    CHECK(Error{}.message() == "no error");
}

TEST_CASE("results carry a value or an error") {
    CHECK(quarter(8).value() == 2);
    CHECK(quarter(6).error() == Error{ErrorCode::invalid_argument, 7});
    CHECK_FALSE(quarter(3).ok());
    CHECK(half(3).value_or(-1) == -1);
    CHECK(half(4).value_or(-1) == 2);
    CHECK(half(3).status().error().offset == 7);
    CHECK(check(Status{}).ok());
    CHECK(check(ErrorCode::wrong_type).error().code == ErrorCode::wrong_type);
}

TEST_CASE("results move what they hold") {
    crdt::Bytes bytes;
    REQUIRE(bytes.append("text"));
    Result<crdt::Bytes> first = std::move(bytes);
    Result<crdt::Bytes> second = std::move(first);
    REQUIRE(second.ok());
    CHECK(second->size() == 4);
    second = Result<crdt::Bytes>(ErrorCode::out_of_memory);
    CHECK(second.error().code == ErrorCode::out_of_memory);
}
