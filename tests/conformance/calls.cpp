// Calls: cases that are one pure function (README, section 4).

#include <cmath>

#include "columns.hpp"
#include "decoded_update.hpp"
#include "positions.hpp"
#include "protocols.hpp"
#include "run_case.hpp"
#include "snapshot_steps.hpp"
#include "state.hpp"
#include "support/base64.hpp"
#include "support/unicode.hpp"
#include "update_calls.hpp"

namespace conformance {
namespace {

// An input that our function refuses.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What a call gives; that it refuses is an answer as well.
template <class T>
T accepted(crdt::Result<T> result) {
    if (!result.ok()) throw Refused(result.error().message());
    return *std::move(result);
}

template <class Write>
Json written(Write&& write) {
    crdt::Bytes bytes;
    crdt::detail::Writer writer(bytes);
    write(writer);
    return support::to_base64(crdt::as_text(bytes));
}

Json write_var_uint(const Json& args) {
    const auto value = static_cast<std::uint64_t>(to_number(args["value"]));
    return written([&](auto& writer) { writer.var_uint(value); });
}

Json write_var_int(const Json& args) {
    const double value = to_number(args["value"]);
    const auto magnitude = static_cast<std::uint64_t>(std::fabs(value));
    return written([&](auto& writer) { writer.var_int(magnitude, std::signbit(value)); });
}

Json write_var_string(const Json& args) {
    const std::u16string units = support::to_utf16(args["value"].string());
    std::string utf8(crdt::detail::utf8_length(units.data(), units.size()), '\0');
    crdt::detail::utf16_to_utf8(units.data(), units.size(),
                                reinterpret_cast<std::uint8_t*>(utf8.data()));
    return written([&](auto& writer) { writer.var_string(utf8); });
}

Json write_any(const Json& args) {
    const crdt::Any value = to_any(args["value"]);
    if (!value.valid()) throw Refused("not a valid value");
    return support::to_base64(crdt::as_text(value.view().encoded()));
}

Json read_any(const Json& args) {
    return from_any(accepted(crdt::Any::decode(view(blob(args["bytes"])))));
}

Json encode_state_vector(const Json& args) {
    crdt::StateVector vector;
    for (const Json& entry : args["sv"].array()) {
        if (!vector.set(to_client(entry[0]), crdt::Clock{to_u32(entry[1])})) {
            throw Refused("out of memory");
        }
    }
    return support::to_base64(crdt::as_text(accepted(vector.encode())));
}

Json decode_state_vector(const Json& args) {
    return from_state_vector(accepted(crdt::StateVector::decode(view(blob(args["bytes"])))));
}

Json decode_update_in(crdt::UpdateFormat format, const Json& args) {
    crdt::detail::DecodedUpdate decoded;
    const Blob bytes = blob(args["update"]);
    const crdt::Error error = crdt::detail::decode_update(format, view(bytes), {}, decoded);
    if (error.code != crdt::ErrorCode::ok) throw Refused(error.message());
    return from_decoded(decoded);
}

Json decode_update(const Json& args) { return decode_update_in(crdt::UpdateFormat::v1, args); }
Json decode_update_v2(const Json& args) { return decode_update_in(crdt::UpdateFormat::v2, args); }
Json decode_snapshot(const Json& args) {
    try {
        return from_snapshot_bytes(blob(args["bytes"]), args.text_or("format", "v1") == "v2");
    } catch (const std::runtime_error& error) {
        throw Refused(error.what());
    }
}

using Function = Json (*)(const Json& args);

// Functions of other files throw std::runtime_error where they refuse their input.
template <Function kFunction>
Json refusing(const Json& args) {
    try {
        return kFunction(args);
    } catch (const std::runtime_error& refusal) {
        throw Refused(refusal.what());
    }
}

Function function_named(const std::string& name) {
    if (name == "writeVarUint") return write_var_uint;
    if (name == "writeVarInt") return write_var_int;
    if (name == "writeVarString") return write_var_string;
    if (name == "writeAny") return write_any;
    if (name == "readAny") return read_any;
    if (name == "encodeStateVector") return encode_state_vector;
    if (name == "decodeStateVector") return decode_state_vector;
    if (name == "decodeUpdate") return decode_update;
    if (name == "authDenied") return refusing<auth_denied>;
    if (name == "readAuth") return refusing<read_auth>;
    if (name == "decodeRelativePosition") return refusing<decode_relative_position>;
    if (name == "relativePositionFromJSON") return refusing<relative_position_from_json>;
    if (name == "decodeUpdateV2") return decode_update_v2;
    if (const auto column = column_named(name)) return column;
    if (name == "decodeSnapshot") return decode_snapshot;
    throw std::runtime_error("unknown function " + name);
}

void report(const std::vector<Difference>& found, Outcome& outcome) {
    for (const Difference& one : found) {
        outcome.lines.push_back("result" + one.where + ": expected " + one.expected + ", got " +
                                one.got);
    }
}

void apply_to_empty(const Json& args, const Json& expect, Outcome& outcome) {
    const bool collect = !args.has("gc") || args.flag("gc");
    const auto format =
        args.text_or("format", "v1") == "v2" ? crdt::UpdateFormat::v2 : crdt::UpdateFormat::v1;
    Replica replica(crdt::ClientId{999}, collect);
    for (const auto& [root, type] : args["roots"].object()) replica.define(root, type.string());
    for (const Json& update : args["updates"].array()) {
        const crdt::Status status = replica.apply(format, blob(update));
        if (!status.ok()) throw Refused(status.error().message());
    }
    std::vector<Difference> found;
    compare_state("", expect["result"], replica, true, nullptr, found);
    report(found, outcome);
}

// Merge, diff and the like: those have no errors among the cases.
bool is_update_call(const Json& test, const Json& result, Outcome& outcome) {
    std::vector<Difference> found;
    try {
        if (!run_update_call(test["fn"].string(), test["args"], result, found)) return false;
    } catch (const std::runtime_error& refusal) {
        throw Refused(refusal.what());
    }
    report(found, outcome);
    return true;
}

// What is left to a stricter reader: Yjs reads zeros past the end of the input, and a position of
// an unknown kind as one that names nothing and at which it throws later.
bool may_refuse(const std::string& name, const Json& args) {
    if (name == "decodeRelativePosition") return args["bytes"].string() == "BwA=";
    return name == "readAny" && args["bytes"].string() == "fQ==";
}

}  // namespace

void run_call(const Json& test, Outcome& outcome) {
    const std::string& name = test["fn"].string();
    const Json& expect = test["expect"];
    try {
        if (name == "applyToEmpty") {
            apply_to_empty(test["args"], expect, outcome);
        } else if (const Json* update = expect.find("result");
                   update != nullptr && is_update_call(test, *update, outcome)) {
            return;
        } else {
            const Json got = function_named(name)(test["args"]);
            if (const Json* result = expect.find("result")) {
                if (auto found = compare(*result, got)) report({*found}, outcome);
            }
        }
        if (expect.flag("error")) outcome.lines.emplace_back("expected an error, got none");
    } catch (const Refused& refusal) {
        if (expect.flag("error")) return;
        if (may_refuse(name, test["args"])) {
            outcome.deviations.push_back(name);
        } else {
            outcome.lines.push_back(std::string("expected a result, got: ") + refusal.what());
        }
    }
}

}  // namespace conformance
