// Every update of the fixtures, through a container and out again.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>

#include "conformance/fixtures.hpp"
#include "support/base64.hpp"
#include "support/containers.hpp"

namespace {

using crdt::UpdateFormat;

const std::filesystem::path kFixtures = ROPEWALK_TEST_DATA "/golden/fixtures";

struct Seen {
    std::set<std::string> updates;
    std::size_t containers = 0;
};

void check(const std::string& base64, UpdateFormat format, Seen& seen) {
    if (!seen.updates.insert(std::to_string(static_cast<int>(format)) + base64).second) return;
    const std::string update = support::from_base64(base64);
    crdt::Doc doc = support::document(1);
    const crdt::Status applied = format == UpdateFormat::v1 ? doc.apply(crdt::as_bytes(update))
                                                            : doc.apply_v2(crdt::as_bytes(update));
    crdt::Result<crdt::Bytes> bytes = crdt::write_container(crdt::as_bytes(update), format);
    // What no document takes is refused, for the same reason.
    REQUIRE(bytes.ok() == applied.ok());
    if (!applied.ok()) {
        CHECK(bytes.error() == applied.error());
        return;
    }
    ++seen.containers;
    const crdt::ViewSource source(*bytes);
    const crdt::Container container = crdt::Container::open(source).value();
    INFO(base64);
    CHECK(container.verify().ok());
    CHECK(support::difference(container, update, format) == "");
}

// "v1" and "v2" are updates wherever they stand.
void check_all(const support::Json& json, Seen& seen) {
    if (json.is_array()) {
        for (const support::Json& element : json.array()) check_all(element, seen);
    } else if (json.is_object()) {
        for (const auto& [name, value] : json.object()) {
            if (value.is_string() && (name == "v1" || name == "v2")) {
                check(value.string(), name == "v1" ? UpdateFormat::v1 : UpdateFormat::v2, seen);
            } else {
                check_all(value, seen);
            }
        }
    }
}

TEST_CASE("golden fixtures: each update comes out of a container as it went in") {
    Seen seen;
    for (const auto& file : conformance::list_fixtures(kFixtures)) {
        for (const support::Json& one : conformance::load_fixtures(file).cases) {
            check_all(one, seen);
        }
    }
    CHECK(seen.containers > 10'000);
}

}  // namespace
