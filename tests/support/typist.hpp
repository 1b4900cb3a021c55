// Updates of people who type letters, each at the end of a text of his own, made without a
// document; and what of them a stored file gives back.
#pragma once

#include <crdt/codec/writer.hpp>
#include <crdt/storage.hpp>
#include <cstdint>
#include <string>

#include "document.hpp"

namespace support {

inline char letter(std::uint64_t clock) { return static_cast<char>('a' + clock * 7 % 26); }

// The update that inserts letter number `clock` of a client behind the one before.
inline crdt::Bytes typed(std::uint64_t client, std::uint64_t clock) {
    crdt::Bytes bytes;
    crdt::detail::Writer writer(bytes);
    writer.var_uint(1);
    writer.var_uint(1);
    writer.var_uint(client);
    writer.var_uint(clock);
    if (clock == 0) {
        writer.byte(4);  // a string, whose parent is named
        writer.byte(1);
        writer.var_string("t" + std::to_string(client));
    } else {
        writer.byte(0x84);  // a string behind its origin
        writer.var_uint(client);
        writer.var_uint(clock - 1);
    }
    const char one = letter(clock);
    writer.var_string(std::string_view(&one, 1));
    writer.var_uint(0);
    return bytes;
}

inline std::string typed_text(std::uint64_t letters) {
    std::string text;
    for (std::uint64_t i = 0; i < letters; ++i) text += letter(i);
    return text;
}

// The document that a file holds.
inline crdt::Doc read_file(const crdt::DocumentFile& file) {
    crdt::Doc doc = document(0xffff);
    const crdt::Status read =
        file.for_each([&](crdt::ByteView update) { return doc.apply(update); });
    if (!read) throw std::runtime_error("reading: " + read.error().message());
    return doc;
}
inline std::string text_of_client(crdt::Doc& doc, std::uint64_t client) {
    const std::string name = "t" + std::to_string(client);
    return doc.text(name).to_string();
}

}  // namespace support
