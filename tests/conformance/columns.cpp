#include "columns.hpp"

#include <crdt/codec/columns_v2.hpp>

#include <stdexcept>

#include "support/base64.hpp"
#include "support/unicode.hpp"

namespace conformance {
namespace {

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}

// Numbers and bytes.
template <class Writer, class Reader, class Value>
Json number_column(const Json& args) {
    Writer writer;
    std::vector<Value> values;
    for (const Json& value : args["values"].array()) {
        values.push_back(static_cast<Value>(to_number(value)));
        writer.write(values.back());
    }
    require(writer.finish(), "out of memory");
    Reader reader(writer.bytes());
    for (const Value value : values) {
        Value read{};
        require(reader.read(read) && read == value, "a column reads as something else");
    }
    return support::to_base64(crdt::as_text(writer.bytes()));
}

Json string_column(const Json& args) {
    crdt::detail::StringColumnWriter writer;
    std::vector<std::u16string> texts;
    for (const Json& value : args["values"].array()) {
        texts.push_back(support::to_utf16(value.string()));
        writer.write(texts.back().data(), texts.back().size());
    }
    require(writer.finish(), "out of memory");
    crdt::Bytes bytes;
    crdt::detail::Writer out(bytes);
    out.var_bytes(writer.text());
    out.raw(writer.lengths());
    crdt::detail::StringColumnReader reader;
    require(reader.open(bytes).code == crdt::ErrorCode::ok, "a column cannot be read");
    for (const std::u16string& text : texts) {
        crdt::detail::ColumnText read;
        require(reader.read(read) && read.units == text.size(), "a text has another length");
    }
    return support::to_base64(crdt::as_text(bytes));
}

}  // namespace

Json (*column_named(const std::string& name))(const Json& args) {
    using namespace crdt::detail;
    if (name == "uintOptRle") {
        return number_column<UintOptRleWriter, UintOptRleReader, std::uint64_t>;
    }
    if (name == "intDiffOptRle") {
        return number_column<IntDiffOptRleWriter, IntDiffOptRleReader, std::uint64_t>;
    }
    if (name == "rleUint8") return number_column<RleWriter, RleReader, std::uint8_t>;
    if (name == "stringColumn") return string_column;
    return nullptr;
}

}  // namespace conformance
